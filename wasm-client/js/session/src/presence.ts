import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

/** What somebody tells about themselves: name, colour, cursor. */
export type PresenceFields = Record<string, unknown>

/** The changes that an awareness announces: client ids. */
export interface PresenceChange { added: number[], updated: number[], removed: number[] }

/** The part of `Awareness` of y-protocols that a session needs. */
export interface AwarenessLike {
  clientID: number
  states: Map<number, PresenceFields>
  meta: Map<number, { clock: number, lastUpdated: number }>
  getLocalState: () => PresenceFields | null
  setLocalState: (state: PresenceFields | null) => void
  setLocalStateField: (field: string, value: unknown) => void
  getStates: () => Map<number, PresenceFields>
  on: (name: 'change' | 'update', listener: (change: PresenceChange, origin: unknown) => void) => void
  off: (name: 'change' | 'update', listener: (change: PresenceChange, origin: unknown) => void) => void
  emit: (name: 'change' | 'update', details: [PresenceChange, unknown]) => void
  destroy: () => void
}

/** Presence entries in one frame, and clients remembered, at most. */
const ENTRIES_MAX = 10_000

/** The own state is said again after this time, with a higher clock. */
export const RENEW_MS = 15_000
/** Who was not heard of for this time is gone. */
const EXPIRE_MS = 30_000

/** The presence of these clients for the wire. */
export const encodePresence = (awareness: Pick<AwarenessLike, 'meta' | 'states'>, clients: readonly number[]): Uint8Array => {
  const known = clients.filter((client) => awareness.meta.has(client))
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, known.length)
  for (const client of known) {
    encoding.writeVarUint(encoder, client)
    encoding.writeVarUint(encoder, awareness.meta.get(client)?.clock ?? 0)
    encoding.writeVarString(encoder, JSON.stringify(awareness.states.get(client) ?? null))
  }
  return encoding.toUint8Array(encoder)
}

interface Entry { client: number, clock: number, state: PresenceFields | null }

const decodePresence = (bytes: Uint8Array): Entry[] => {
  const decoder = decoding.createDecoder(bytes)
  const entries: Entry[] = []
  const count = decoding.readVarUint(decoder)
  if (count > ENTRIES_MAX) throw new Error(`${count} presence entries in one frame`)
  for (let left = count; left > 0; left -= 1) {
    const client = decoding.readVarUint(decoder)
    const clock = decoding.readVarUint(decoder)
    const state = JSON.parse(decoding.readVarString(decoder)) as unknown
    const fields = typeof state === 'object' && !Array.isArray(state) ? state as PresenceFields | null : null
    entries.push({ client, clock, state: fields })
  }
  return entries
}

/**
 * Takes in what others told, by the clock rules of y-protocols. Throws where it cannot be read, with
 * nothing taken in.
 */
export const applyPresence = (awareness: AwarenessLike, bytes: Uint8Array, origin: unknown): void => {
  const change: PresenceChange = { added: [], updated: [], removed: [] }
  const changed: number[] = []
  const now = Date.now()
  for (const entry of decodePresence(bytes)) applyEntry(awareness, entry, now, change, changed)
  const { added, updated, removed } = change
  if (added.length + changed.length + removed.length > 0) {
    awareness.emit('change', [{ added, updated: changed, removed }, origin])
  }
  if (added.length + updated.length + removed.length > 0) awareness.emit('update', [change, origin])
}

const applyEntry = (
  awareness: AwarenessLike, { client, clock, state }: Entry, now: number, change: PresenceChange, changed: number[]
): void => {
  const known = awareness.meta.get(client)
  const before = awareness.states.get(client)
  const knownClock = known?.clock ?? 0
  const leaves = clock === knownClock && state === null && before !== undefined
  if (clock <= knownClock && !leaves) return
  if (known === undefined && awareness.meta.size >= ENTRIES_MAX) return
  // Somebody said that this client has left: it says again, with a higher clock, that it is here.
  const own = client === awareness.clientID && state === null && awareness.getLocalState() !== null
  if (own) clock += 1
  else if (state === null) awareness.states.delete(client)
  else awareness.states.set(client, state)
  awareness.meta.set(client, { clock, lastUpdated: now })
  if (own || state !== null) {
    if (before === undefined) change.added.push(client)
    else change.updated.push(client)
    if (!own && before !== undefined && JSON.stringify(before) !== JSON.stringify(state)) changed.push(client)
  } else if (before !== undefined) {
    change.removed.push(client)
  }
}

/**
 * Nobody is known to be there any more, since the connection is gone. Their clocks are forgotten as
 * well: after a reconnection the server tells the same ones again.
 */
export const forgetOthers = (awareness: AwarenessLike, origin: unknown): void => {
  const removed = [...awareness.states.keys()].filter((client) => client !== awareness.clientID)
  for (const client of [...awareness.meta.keys()]) if (client !== awareness.clientID) awareness.meta.delete(client)
  remove(awareness, removed, origin)
}

/** Those who have fallen silent are gone; their clocks are remembered, lest a late echo revive them. */
export const forgetSilent = (awareness: AwarenessLike, origin: unknown): void => {
  const now = Date.now()
  remove(awareness, [...awareness.states.keys()].filter((client) =>
    client !== awareness.clientID && now - (awareness.meta.get(client)?.lastUpdated ?? 0) >= EXPIRE_MS), origin)
}

const remove = (awareness: AwarenessLike, removed: number[], origin: unknown): void => {
  removed.forEach((client) => awareness.states.delete(client))
  if (removed.length === 0) return
  const change = { added: [], updated: [], removed }
  awareness.emit('change', [change, origin])
  awareness.emit('update', [change, origin])
}
