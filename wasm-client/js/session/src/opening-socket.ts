import { now } from './clock.js'
import { HttpSocket } from './http-socket.js'
import { rememberWay, wayTo, type Listening } from './http-way.js'
import { ABNORMAL, type WebSocketClass, type WebSocketLike } from './web-socket.js'

/** What carries a document's frames. */
export type Transport = 'websocket' | 'http'

/** A WebSocket that has not opened by then may never; HTTP is tried beside it. */
const BUDGET_MS = 2_500
/** The last part of the addresses that have the fallback beside them. */
const SOCKETS = /\/hocuspocus\/?$/

/** Where sockets are opened without WebSocket, of a server whose WebSockets are at `url`; `null` where nowhere. */
export const httpAddress = (url: string): string | null => {
  const address = new URL(url)
  if (!SOCKETS.test(address.pathname)) return null
  address.protocol = address.protocol === 'ws:' ? 'http:' : 'https:'
  address.pathname = address.pathname.replace(SOCKETS, '/fallback')
  address.search = ''
  return address.href
}

interface Candidate { transport: Transport, socket: WebSocketLike }

/** What may carry the frames, and the class for one of these. */
export interface Transports {
  allowed: readonly Transport[]
  WebSocket: WebSocketClass | undefined
}

/**
 * The first socket that opens: a WebSocket, or where that is blocked or late, one over HTTP. What got
 * through is remembered, so that a blocked network costs the wait once.
 */
export class OpeningSocket {
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number, reason: string }) => void) | null = null
  readonly #host: string
  /** What is not tried yet. */
  readonly #ways: Array<() => Candidate>
  #candidates: Candidate[] = []
  #winner: Candidate | null = null
  #late: ReturnType<typeof setTimeout> | null = null
  #wasHeard = false
  readonly #mayChoose: boolean

  private constructor (url: string, ways: Array<() => Candidate>, mayChoose: boolean) {
    this.#host = new URL(url).host
    this.#ways = ways
    this.#mayChoose = mayChoose
  }

  static open (url: string, { allowed, WebSocket }: Transports): OpeningSocket {
    const known = wayTo(new URL(url).host, now())
    const listening: Listening = known === 'websocket' ? 'stream' : known
    const sockets: Record<Transport, () => WebSocketLike> = {
      websocket: () => new WebSocket!(url),
      http: () => new HttpSocket(httpAddress(url)!, listening)
    }
    const first: Transport = known === 'websocket' ? 'websocket' : 'http'
    const order = [...allowed].sort((one, other) => Number(other === first) - Number(one === first))
    const ways = order.map((transport) => () => ({ transport, socket: sockets[transport]() }))
    const opening = new OpeningSocket(url, ways, allowed.length > 1)
    opening.#tryNext()
    return opening
  }

  /** A WebSocket that is open already. */
  static of (url: string, socket: WebSocketLike): OpeningSocket {
    const opened = new OpeningSocket(url, [], true)
    const candidate: Candidate = { transport: 'websocket', socket }
    opened.#candidates = [candidate]
    opened.#winner = candidate
    opened.#listen(candidate)
    return opened
  }

  get transport (): Transport | null { return this.#winner?.transport ?? null }
  get readyState (): number { return this.#winner?.socket.readyState ?? 0 }

  send (data: Uint8Array<ArrayBuffer>): void { this.#winner?.socket.send(data) }

  close (code = 1000): void {
    this.#ways.length = 0
    this.#hurry()
    for (const { socket } of this.#candidates.splice(0)) quiet(socket).close(code)
  }

  #tryNext (): void {
    const candidate = this.#ways.shift()?.()
    if (candidate === undefined) return
    this.#candidates.push(candidate)
    candidate.socket.onopen = () => this.#won(candidate)
    this.#listen(candidate)
    if (this.#ways.length > 0) this.#late = setTimeout(() => this.#tryNext(), BUDGET_MS)
  }

  #listen (candidate: Candidate): void {
    const { socket } = candidate
    socket.binaryType = 'arraybuffer'
    socket.onmessage = (event: { data: unknown }) => {
      if (!this.#wasHeard) this.#remember(candidate)
      this.onmessage?.(event)
    }
    socket.onclose = (event: { code: number, reason: string }) => this.#lost(candidate, event)
    // `close` follows; without a listener, `ws` would end the process.
    socket.onerror = () => {}
  }

  #won (candidate: Candidate): void {
    this.#ways.length = 0
    this.#hurry()
    this.#winner = candidate
    for (const other of this.#candidates) if (other !== candidate) quiet(other.socket).close()
    this.#candidates = [candidate]
    this.onopen?.()
  }

  #lost (candidate: Candidate, { code, reason }: { code: number, reason: string }): void {
    this.#candidates = this.#candidates.filter((other) => other !== candidate)
    if (candidate === this.#winner) {
      // Some networks let a WebSocket open, and nothing through it.
      const isDeaf = candidate.transport === 'websocket' && !this.#wasHeard && code === ABNORMAL
      if (isDeaf && this.#mayChoose) rememberWay(this.#host, 'stream', now(), true)
      return this.onclose?.({ code, reason })
    }
    this.#hurry()
    if (this.#ways.length > 0) this.#tryNext()
    else if (this.#candidates.length === 0) this.onclose?.({ code, reason })
  }

  /** What gets answers is what to begin with the next time. */
  #remember ({ socket }: Candidate): void {
    this.#wasHeard = true
    if (this.#mayChoose) rememberWay(this.#host, socket instanceof HttpSocket ? socket.way : 'websocket', now())
  }

  #hurry (): void {
    if (this.#late !== null) clearTimeout(this.#late)
    this.#late = null
  }
}

/** Nothing more is heard of it. `ws` would end the process over an error that nobody listens to. */
const quiet = (socket: WebSocketLike): WebSocketLike => {
  socket.onopen = socket.onmessage = socket.onclose = null
  socket.onerror = () => {}
  return socket
}
