import type { Quota } from '../types/index.js'

const STATES: ReadonlySet<unknown> = new Set(['fine', 'near', 'full'])
const isSize = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0

/** What a message of the server says of the room that is left; `null` for any other message. */
export const quotaIn = (message: string): Quota | null => {
  try {
    const said = JSON.parse(message) as { type?: unknown, state?: unknown, used_bytes?: unknown, bytes_max?: unknown } | null
    if (said === null || typeof said !== 'object' || said.type !== 'quota' || !STATES.has(said.state)) return null
    if (!isSize(said.used_bytes) || !isSize(said.bytes_max)) return null
    return { state: said.state as Quota['state'], usedBytes: said.used_bytes, bytesMax: said.bytes_max }
  } catch {
    // Applications send messages of their own, in forms of their own.
    return null
  }
}

/** How much of the room is used, as people say it. */
export const percentOf = ({ usedBytes, bytesMax }: Quota): number => bytesMax === 0 ? 100 : Math.min(100, Math.floor(usedBytes * 100 / bytesMax))
