/** The first delay's upper bound. */
const BASE_MS = 500
/** The upper bound of every delay. */
const CAP_MS = 30_000
/** The least delay, so that no client spins. */
const FLOOR_MS = 50
/** The least delay where the server asked for patience. */
const LATER_MS = 2_000

/** Delays that grow with each failure. Full jitter spreads the clients of a restarted server. */
export class Backoff {
  #failures = 0
  readonly #random: () => number

  /** `random` returns numbers from 0 up to, but without, 1. */
  constructor (random: () => number) { this.#random = random }

  /** The connection proved to be stable: short delays again. */
  reset (): void { this.#failures = 0 }

  /** The delay after one more failure. */
  nextMs (later: boolean): number {
    const bound = Math.min(BASE_MS * 2 ** Math.min(this.#failures, 10), CAP_MS)
    this.#failures += 1
    return (later ? LATER_MS : FLOOR_MS) + Math.floor(this.#random() * bound)
  }
}
