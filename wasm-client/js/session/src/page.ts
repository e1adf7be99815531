/** What is known of a page; a worker or Node has less, or nothing, of it. */
const page = globalThis as Partial<Window & typeof globalThis>

const listen = (target: EventTarget | undefined, names: string[], listener: () => void): (() => void) => {
  if (typeof target?.addEventListener !== 'function') return () => {}
  names.forEach((name) => target.addEventListener(name, listener))
  return () => names.forEach((name) => target.removeEventListener(name, listener))
}

/**
 * Calls `listener` when sockets may have died unnoticed, or could be opened again: the network or
 * the page comes back, or the network goes. Returns what ends it.
 */
export const onDoubt = (listener: () => void): (() => void) => {
  const ends = [
    listen(page as EventTarget, ['online', 'offline', 'pageshow'], listener),
    listen(page.document, ['resume'], listener),
    listen(page.document, ['visibilitychange'], () => { if (page.document?.visibilityState === 'visible') listener() })
  ]
  return () => ends.forEach((end) => end())
}

/** Calls `listener` when another network may be there: what was blocked may get through. */
export const onOtherNetwork = (listener: () => void): (() => void) => {
  const { connection } = page.navigator as { connection?: EventTarget } | undefined ?? {}
  const ends = [listen(page as EventTarget, ['online'], listener), listen(connection, ['change'], listener)]
  return () => ends.forEach((end) => end())
}

/** Calls `listener` when the page goes, perhaps to come back. */
export const onLeave = (listener: () => void): (() => void) => listen(page as EventTarget, ['pagehide'], listener)

/** Calls `listener` when a page that went comes back as it was. */
export const onReturn = (listener: () => void): (() => void) => listen(page as EventTarget, ['pageshow'], listener)

/**
 * Has the browser ask before it closes the page, while `hold(true)`. The listener is there only then,
 * since it keeps pages out of the back/forward cache.
 */
export class LeaveGuard {
  #held = false
  readonly #ask = (event: Event): void => { event.preventDefault() }

  hold (held: boolean): void {
    if (held === this.#held || typeof page.addEventListener !== 'function') return
    this.#held = held
    if (held) page.addEventListener('beforeunload', this.#ask)
    else page.removeEventListener?.('beforeunload', this.#ask)
  }
}
