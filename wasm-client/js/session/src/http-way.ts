/** How the client hears the server without a WebSocket: a stream of events, or one question after another. */
export type Listening = 'stream' | 'poll'

/** What gets through to a server from here. */
export type Way = 'websocket' | Listening

/** How long a blocked network is remembered. A change of networks forgets it at once. */
const REMEMBERED_MS = 24 * 3_600_000
/** A doubt is no knowledge: it is tried again soon. */
const DOUBTED_MS = 60_000
const KEY = 'unisson-ways'
/** Servers that a page remembers. */
const HOSTS_MAX = 20

type Known = Record<string, { way: Listening, until: number }>

/** For places without storage: workers, Node, frames whose storage is blocked. */
let inMemory: Known = {}

const read = (): Known => {
  try {
    const text = globalThis.localStorage?.getItem(KEY)
    if (typeof text !== 'string') return inMemory
    const known: unknown = JSON.parse(text)
    return typeof known === 'object' && known !== null ? known as Known : {}
  } catch {
    return inMemory
  }
}

const write = (known: Known): void => {
  inMemory = known
  try {
    globalThis.localStorage?.setItem(KEY, JSON.stringify(known))
  } catch {
    // What is in memory serves until the page is left.
  }
}

/** How to begin with this server: by a WebSocket, unless none got through lately. */
export const wayTo = (host: string, now: number): Way => {
  const known = read()[host]
  if (known === undefined || typeof known.until !== 'number' || known.until <= now || known.until > now + REMEMBERED_MS) return 'websocket'
  return known.way === 'poll' ? 'poll' : 'stream'
}

/** This got through, and before it nothing better did; `doubt` where that is only suspected. */
export const rememberWay = (host: string, way: Way, now: number, doubt = false): void => {
  const { [host]: before, ...others } = read()
  if (way === 'websocket') {
    if (before !== undefined) write(others)
    return
  }
  const kept = Object.entries(others).filter(([, { until }]) => until > now).slice(1 - HOSTS_MAX)
  write({ ...Object.fromEntries(kept), [host]: { way, until: now + (doubt ? DOUBTED_MS : REMEMBERED_MS) } })
}
