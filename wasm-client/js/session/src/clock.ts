let last = 0

/**
 * Milliseconds that count while the machine sleeps, which `performance.now()` does not everywhere,
 * and that never go back.
 */
export const now = (): number => {
  last = Math.max(last, Date.now())
  return last
}

/** One alarm at a time, at a moment of {@link now}. */
export class Alarm {
  #timer: ReturnType<typeof setTimeout> | undefined
  #at: number | null = null
  readonly #ring: () => void

  constructor (ring: () => void) { this.#ring = ring }

  set (at: number | null): void {
    if (at === this.#at) return
    clearTimeout(this.#timer)
    this.#at = at
    if (at === null) return
    this.#timer = setTimeout(() => {
      this.#at = null
      this.#ring()
    }, Math.min(Math.max(0, at - now()), 2 ** 31 - 1))
  }
}
