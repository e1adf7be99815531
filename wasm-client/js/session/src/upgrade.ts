import { now } from './clock.js'
import { rememberWay } from './http-way.js'
import type { WebSocketClass, WebSocketLike } from './web-socket.js'

/** When it is first looked whether a WebSocket gets through after all; each failure doubles it. */
const LOOK_MIN_MS = 60_000
const LOOK_MAX_MS = 30 * 60_000
/** A server gives a sign of life within fifteen seconds: that proves that more than the opening gets through. */
const PROOF_MAX_MS = 20_000

/** Looks for a WebSocket while something else carries the frames. */
export class Upgrade {
  readonly #url: string
  readonly #WebSocket: WebSocketClass
  readonly #came: (socket: WebSocketLike) => void
  #isWanted = false
  #timer: ReturnType<typeof setTimeout> | null = null
  #pauseMs = LOOK_MIN_MS
  #probe: WebSocketLike | null = null

  /** `came` gets a WebSocket that is open and alive. */
  constructor (url: string, WebSocket: WebSocketClass, came: (socket: WebSocketLike) => void) {
    this.#url = url
    this.#WebSocket = WebSocket
    this.#came = came
  }

  /** Looks from now on, until one came or {@link stop}. */
  wanted (): void {
    this.#isWanted = true
    if (this.#probe === null) this.#lookIn(this.#pauseMs)
  }

  stop (): void {
    this.#isWanted = false
    this.#forget()
  }

  /** What was learnt of the network may not be true any more. */
  otherNetwork (): void {
    rememberWay(new URL(this.#url).host, 'websocket', now())
    this.#pauseMs = LOOK_MIN_MS
    if (this.#isWanted && this.#probe === null) this.#look()
  }

  #lookIn (ms: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#look(), ms)
  }

  #look (): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    const probe = this.#probe = new this.#WebSocket(this.#url)
    probe.binaryType = 'arraybuffer'
    probe.onmessage = () => this.#found(probe)
    probe.onclose = () => this.#failed()
    probe.onerror = () => {}
    this.#timer = setTimeout(() => this.#failed(), PROOF_MAX_MS)
  }

  #found (probe: WebSocketLike): void {
    this.#probe = null
    this.#pauseMs = LOOK_MIN_MS
    this.stop()
    probe.onmessage = probe.onclose = null
    this.#came(probe)
  }

  #failed (): void {
    this.#forget()
    this.#pauseMs = Math.min(this.#pauseMs * 2, LOOK_MAX_MS)
    if (this.#isWanted) this.#lookIn(this.#pauseMs)
  }

  #forget (): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const probe = this.#probe
    this.#probe = null
    if (probe === null) return
    probe.onmessage = probe.onclose = null
    probe.close()
  }
}
