import type { Listening } from './http-way.js'

/** A request that is not answered in time is given up, and made again. A long body has more time. */
const REQUEST_MAX_MS = 20_000
const BYTES_PER_MS = 8
/** The first event comes at once, or something between here and the server holds events back. */
const FIRST_EVENT_MAX_MS = 3_000
/** Server and client wait for a poll; this is when the answer must have come. */
const POLL_MAX_MS = 30_000
/** What a page that is being left may still send: browsers take 64 KiB at a time. */
const KEEPALIVE_BYTES_MAX = 32 << 10

/** The server has no such socket, or not any more: there is no point in asking again. */
export class GoneError extends Error {
  override readonly name = 'GoneError'
}

/** The server cannot have another socket now. */
export class LaterError extends Error {
  override readonly name = 'LaterError'
}

/** Events are held back on the way. */
export class HeldBackError extends Error {
  override readonly name = 'HeldBackError'
}

/**
 * Bytes without a type, and no headers: browsers send such a request to another origin without asking
 * first. Cookies come along as with a WebSocket.
 */
const post = async (url: string, body: Uint8Array<ArrayBuffer>, signal: AbortSignal, keepalive = false): Promise<Response> => {
  const response = await fetch(url, { method: 'POST', body, signal, keepalive, credentials: 'include', cache: 'no-store' })
  if (response.ok) return response
  void response.body?.cancel().catch(() => {})
  const { status } = response
  if (status === 503 || status === 429) throw new LaterError(`the server answered ${status}`)
  if (status >= 400 && status < 500 && status !== 408) throw new GoneError(`the server answered ${status}`)
  throw new Error(`the server answered ${status}`)
}

const withLine = (line: string, bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  const head = new TextEncoder().encode(`${line}\n`)
  const body = new Uint8Array(head.length + bytes.length)
  body.set(head)
  body.set(bytes, head.length)
  return body
}

const within = (ms: number, signal?: AbortSignal): { signal: AbortSignal, end: () => void } => {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  const timer = setTimeout(abort, ms)
  signal?.addEventListener('abort', abort)
  if (signal?.aborted === true) abort()
  return { signal: controller.signal, end: () => { clearTimeout(timer); signal?.removeEventListener('abort', abort) } }
}

/** One socket's requests. */
export class HttpRequests {
  readonly #url: string
  #key = ''
  #socket = ''

  /** `url` is where sockets are opened: `https://…/fallback`. */
  constructor (url: string) { this.#url = url }

  async open (signal: AbortSignal): Promise<void> {
    const limit = within(REQUEST_MAX_MS, signal)
    try {
      const response = await post(this.#url, new Uint8Array(), limit.signal)
      const { socket, key } = await response.json() as { socket?: unknown, key?: unknown }
      if (typeof socket !== 'string' || typeof key !== 'string') throw new GoneError('this is no server of Unisson')
      this.#socket = socket
      this.#key = key
    } finally {
      limit.end()
    }
  }

  /** Says `bytes`, the first of which is number `position`; returns how many the server has. */
  async up (position: number, confirmed: number, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<number> {
    const limit = within(REQUEST_MAX_MS + bytes.length / BYTES_PER_MS, signal)
    try {
      const body = withLine(`${this.#key} ${position} ${confirmed}`, bytes)
      const keepalive = body.length <= KEEPALIVE_BYTES_MAX && globalThis.document?.visibilityState === 'hidden'
      const response = await post(`${this.#url}/${this.#socket}/up`, body, limit.signal, keepalive)
      const { received } = await response.json() as { received?: unknown }
      if (typeof received !== 'number') throw new Error('the answer cannot be read')
      return received
    } finally {
      limit.end()
    }
  }

  /** Hears what comes from `position` on: `heard` is called with each piece. */
  async down (way: Listening, position: number, heard: (bytes: Uint8Array) => void, signal: AbortSignal): Promise<void> {
    if (way === 'poll') await this.#poll(position, heard, signal)
    else await this.#stream(position, heard, signal)
  }

  async #poll (position: number, heard: (bytes: Uint8Array) => void, signal: AbortSignal): Promise<void> {
    const limit = within(POLL_MAX_MS, signal)
    try {
      const response = await this.#ask(position, 'poll', limit.signal)
      const bytes = new Uint8Array(await response.arrayBuffer())
      if (bytes.length > 0) heard(bytes)
    } finally {
      limit.end()
    }
  }

  async #stream (position: number, heard: (bytes: Uint8Array) => void, signal: AbortSignal): Promise<void> {
    const limit = within(FIRST_EVENT_MAX_MS, signal)
    let begun = false
    try {
      const response = await this.#ask(position, 'stream', limit.signal)
      if (response.body === null) throw new HeldBackError('there is no stream')
      for await (const { data, id } of eventsOf(response.body)) {
        if (!begun) {
          begun = true
          limit.end()
          // From here on only the socket's own end ends it.
          signal.addEventListener('abort', () => { void response.body?.cancel().catch(() => {}) }, { once: true })
        }
        if (data === '') continue
        const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0))
        position += bytes.length
        if (Number(id) !== position) throw new Error('an event is missing')
        heard(bytes)
      }
    } catch (error) {
      if (!begun && limit.signal.aborted && !signal.aborted) throw new HeldBackError('no event has come')
      throw error
    } finally {
      limit.end()
    }
  }

  async #ask (position: number, way: Listening, signal: AbortSignal): Promise<Response> {
    const body = new TextEncoder().encode(`${this.#key} ${position} ${way}`)
    return await post(`${this.#url}/${this.#socket}/down`, body as Uint8Array<ArrayBuffer>, signal)
  }
}

/** The events of a stream, as far as this server writes them: `id`, `data`, and comments. */
async function * eventsOf (body: ReadableStream<Uint8Array>): AsyncGenerator<{ data: string, id: string }> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      text += decoder.decode(value, { stream: true })
      const events = text.split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) {
        const lines = event.split('\n')
        const field = (name: string): string | undefined => lines.find((line) => line.startsWith(name))?.slice(name.length).trim()
        const data = field('data:')
        if (data !== undefined) yield { data, id: field('id:') ?? '' }
      }
    }
  } finally {
    reader.releaseLock()
    void body.cancel().catch(() => {})
  }
}
