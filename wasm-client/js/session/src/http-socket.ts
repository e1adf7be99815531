import { GoneError, HeldBackError, HttpRequests, LaterError } from './http-requests.js'
import type { Listening } from './http-way.js'
import { closeFrame, messageFrame, pongFrame, StreamReader } from './stream-frames.js'
import { ABNORMAL, type WebSocketLike } from './web-socket.js'

/** So much may be heard before the server is told: it holds 256 KiB for us. */
const CONFIRM_BYTES = 64 << 10
/** A request that fails is made again, with growing pauses, for so long. */
const PATIENCE_MS = 12_000
const PAUSE_MIN_MS = 100
const PAUSE_MAX_MS = 2_000
/** The server answers what is said first; where no event brings that, events are held back. */
const ANSWER_MAX_MS = 4_000
/** The code of a server that asks for patience. */
const TRY_LATER = 1013

const [CONNECTING, OPEN, CLOSING, CLOSED] = [0, 1, 2, 3]

/**
 * A WebSocket for those who have none: its bytes go up by requests and come down by a stream of events, or
 * by polls where streams are held back. See docs/protocol/http-fallback.md.
 */
export class HttpSocket implements WebSocketLike {
  binaryType = 'arraybuffer'
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: never) => void) | null = null
  onclose: ((event: never) => void) | null = null
  onerror: ((event: never) => void) | null = null
  readonly #requests: HttpRequests
  readonly #ended = new AbortController()
  readonly #reader = new StreamReader()
  #state = CONNECTING
  #way: Listening
  /** Said and not yet confirmed; the first byte is number `#said`. */
  #waiting: Array<Uint8Array<ArrayBuffer>> = []
  #said = 0
  #isSaying = false
  #heard = 0
  #confirmed = 0
  #answerDue: ReturnType<typeof setTimeout> | null = null
  #listening: AbortController | null = null

  constructor (url: string, way: Listening) {
    this.#requests = new HttpRequests(url)
    this.#way = way
    void this.#open()
  }

  get readyState (): number { return this.#state }
  /** How it listens now. */
  get way (): Listening { return this.#way }

  send (data: Uint8Array<ArrayBuffer>): void {
    if (this.#state === OPEN) this.#say(messageFrame(data))
  }

  close (code = 1000): void {
    if (this.#state >= CLOSING) return
    const wasOpen = this.#state === OPEN
    this.#state = CLOSING
    if (wasOpen) this.#say(closeFrame(code))
    // Nobody waits for the other side: what was said before is said, then the rest ends.
    else this.#end(ABNORMAL, '')
  }

  async #open (): Promise<void> {
    try {
      await this.#requests.open(this.#ended.signal)
    } catch (error) {
      return this.#end(error instanceof LaterError ? TRY_LATER : ABNORMAL, '')
    }
    if (this.#state !== CONNECTING) return
    this.#state = OPEN
    this.onopen?.({} as never)
    void this.#listen()
  }

  async #listen (): Promise<void> {
    const patience = new Patience()
    while (this.#state < CLOSED) {
      const listening = this.#listening = new AbortController()
      const stop = (): void => listening.abort()
      this.#ended.signal.addEventListener('abort', stop)
      const [heard, since] = [this.#heard, Date.now()]
      try {
        await this.#requests.down(this.#way, this.#heard, (bytes) => { patience.reset(); this.#hear(bytes) }, listening.signal)
        // Something between here and the server ends every answer at once.
        if (this.#heard === heard && Date.now() - since < PAUSE_MAX_MS && !await patience.pause()) return this.#end(ABNORMAL, '')
      } catch (error) {
        if (error instanceof HeldBackError) this.#way = 'poll'
        else if (error instanceof GoneError) return this.#end(ABNORMAL, '')
        else if (!listening.signal.aborted && !await patience.pause()) return this.#end(ABNORMAL, '')
      } finally {
        this.#ended.signal.removeEventListener('abort', stop)
      }
    }
  }

  #hear (bytes: Uint8Array): void {
    if (this.#answerDue !== null) clearTimeout(this.#answerDue)
    this.#answerDue = null
    this.#heard += bytes.length
    let events
    try {
      events = this.#reader.push(bytes)
    } catch {
      return this.#end(ABNORMAL, '')
    }
    for (const event of events) {
      if (this.#state >= CLOSED) return
      if (event.said === 'message' && this.#state === OPEN) this.onmessage?.({ data: event.data.buffer } as never)
      if (event.said === 'ping') this.#say(pongFrame(event.data))
      if (event.said === 'close') {
        this.#state = CLOSING
        this.#say(closeFrame(event.code === 1005 ? 1000 : event.code))
        this.#end(event.code, event.reason, false)
      }
    }
    if (this.#heard - this.#confirmed >= CONFIRM_BYTES) void this.#sayAll(true)
  }

  #say (frame: Uint8Array<ArrayBuffer>): void {
    this.#waiting.push(frame)
    // What is said in one go goes in one request.
    queueMicrotask(() => { void this.#sayAll() })
  }

  async #sayAll (confirms = false): Promise<void> {
    if (this.#isSaying) return
    this.#isSaying = true
    const patience = new Patience()
    while (this.#waiting.length > 0 || confirms) {
      try {
        confirms = false
        const heard = this.#heard
        // The last words are said also after the end.
        const received = await this.#requests.up(this.#said, heard, joined(this.#waiting), this.#state < CLOSING ? this.#ended.signal : undefined)
        this.#confirmed = heard
        this.#forget(received)
        patience.reset()
        if (this.#heard === 0) this.#answerDue ??= setTimeout(() => this.#missAnswer(), ANSWER_MAX_MS)
        confirms = this.#heard - this.#confirmed >= CONFIRM_BYTES
      } catch (error) {
        if (this.#state >= CLOSING || error instanceof GoneError || !await patience.pause()) {
          this.#waiting = []
          this.#end(ABNORMAL, '')
        }
      }
    }
    this.#isSaying = false
    if (this.#state === CLOSING) this.#end(ABNORMAL, '')
  }

  /** Nothing of what was asked is answered: the stream is held back. */
  #missAnswer (): void {
    this.#answerDue = null
    if (this.#way !== 'stream' || this.#heard > 0) return
    this.#way = 'poll'
    this.#listening?.abort()
  }

  /** The server has everything before `received`. */
  #forget (received: number): void {
    if (received < this.#said) throw new GoneError('the server has forgotten what it had')
    let known = received - this.#said
    this.#said = received
    while (known > 0) {
      const first = this.#waiting.shift()
      if (first === undefined) throw new GoneError('the server has more than was said')
      if (first.length > known) this.#waiting.unshift(first.subarray(known))
      known -= Math.min(known, first.length)
    }
  }

  #end (code: number, reason: string, abandons = true): void {
    if (this.#state === CLOSED) return
    this.#state = CLOSED
    if (this.#answerDue !== null) clearTimeout(this.#answerDue)
    if (abandons) this.#waiting = []
    this.#ended.abort()
    this.onclose?.({ code, reason } as never)
  }
}

/** Pauses that grow, until it has been too long. */
class Patience {
  #since: number | null = null
  #pauseMs = PAUSE_MIN_MS

  reset (): void {
    this.#since = null
    this.#pauseMs = PAUSE_MIN_MS
  }

  /** Says whether it is worth another attempt. */
  async pause (): Promise<boolean> {
    this.#since ??= Date.now()
    if (Date.now() - this.#since > PATIENCE_MS) return false
    await new Promise((resolve) => setTimeout(resolve, this.#pauseMs))
    this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MAX_MS)
    return true
  }
}

const joined = (pieces: Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0))
  let at = 0
  for (const piece of pieces) { whole.set(piece, at); at += piece.length }
  return whole
}
