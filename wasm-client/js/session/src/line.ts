import type { Backoff } from './backoff.js'
import type { Comeback } from './close-codes.js'
import type { LineState } from './link.js'

/** A server that said nothing for so long is taken for dead. */
const SILENCE_MAX_MS = 30_000
/** After this much silence the server is asked something. */
const PROBE_AFTER_MS = 20_000
/** How long the answer to a question may take where there is doubt: after a sleep, or a lost network. */
const DOUBT_MS = 5_000
/** A socket that takes longer to open is given up. */
const OPENING_MAX_MS = 15_000
/** A connection that was in sync for so long resets the backoff. */
const STABLE_MS = 10_000
/** A timer that rings so late says that the page was frozen or the machine asleep. */
const LATE_MS = 5_000

/** `open` a socket, `close` the socket there is, or have the server asked something. */
export type LineOrder = 'open' | 'close' | 'probe'

/**
 * When to open a socket, and when to believe that it is dead. It takes facts, with the time they
 * happened, and returns orders.
 */
export class Line {
  readonly #backoff: Backoff
  #state: LineState = 'down'
  /** When to open a socket, while there is none. */
  #connectAt: number | null = null
  #openingSince = 0
  #receivedAt = 0
  #deadAt = Infinity
  #probed = false
  #inSyncSince: number | null = null

  constructor (backoff: Backoff) { this.#backoff = backoff }

  get state (): LineState { return this.#state }

  /** Somebody wants a connection now. */
  start (now: number): LineOrder[] {
    if (this.#state !== 'down') return []
    this.#state = 'opening'
    this.#connectAt = null
    this.#openingSince = now
    return ['open']
  }

  /** Nobody wants a connection any more. */
  stop (): LineOrder[] {
    this.#connectAt = null
    return this.#state === 'down' ? [] : ['close']
  }

  opened (now: number): void {
    this.#state = 'open'
    this.#alive(now)
  }

  received (now: number): void { this.#alive(now) }

  /** A document has exchanged everything with the server. */
  inSync (now: number): void { this.#inSyncSince ??= now }

  /** The socket is closed or could not be opened; unless `wanted`, it stays so. */
  closed (now: number, comeback: Comeback, wanted: boolean): void {
    if (this.#inSyncSince !== null && now - this.#inSyncSince >= STABLE_MS) this.#backoff.reset()
    this.#inSyncSince = null
    this.#state = 'down'
    const comesBack = wanted && (comeback === 'soon' || comeback === 'later')
    this.#connectAt = comesBack ? now + this.#backoff.nextMs(comeback === 'later') : null
  }

  /** The network or the page is back, or either went: what was believed may be wrong. */
  doubted (now: number): LineOrder[] {
    if (this.#state === 'down') return this.#connectAt === null ? [] : this.start(now)
    if (this.#state === 'opening' || now - this.#receivedAt < DOUBT_MS) return []
    this.#deadAt = Math.min(this.#deadAt, now + DOUBT_MS)
    this.#probed = true
    return ['probe']
  }

  /** Time passed: due at {@link nextWakeup}, harmless earlier. */
  tick (now: number): LineOrder[] {
    switch (this.#state) {
      case 'down': return this.#connectAt !== null && now >= this.#connectAt ? this.start(now) : []
      case 'opening': return now - this.#openingSince >= OPENING_MAX_MS ? ['close'] : []
      case 'open': return this.#tickOpen(now)
    }
  }

  get nextWakeup (): number | null {
    switch (this.#state) {
      case 'down': return this.#connectAt
      case 'opening': return this.#openingSince + OPENING_MAX_MS
      case 'open': return Math.min(this.#deadAt, this.#probed ? Infinity : this.#receivedAt + PROBE_AFTER_MS)
    }
  }

  #tickOpen (now: number): LineOrder[] {
    if (now >= this.#deadAt + LATE_MS) {
      // What came in while the page slept may be waiting behind this timer.
      this.#deadAt = now + DOUBT_MS
      this.#probed = true
      return ['probe']
    }
    if (now >= this.#deadAt) return ['close']
    if (!this.#probed && now - this.#receivedAt >= PROBE_AFTER_MS) {
      this.#probed = true
      return ['probe']
    }
    return []
  }

  #alive (now: number): void {
    this.#receivedAt = now
    this.#deadAt = now + SILENCE_MAX_MS
    this.#probed = false
  }
}
