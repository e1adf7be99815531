import { applyPresence, encodePresence, forgetOthers, type AwarenessLike, type PresenceChange } from './presence.js'

/** Cursors move with every key: this is the shortest pause between two frames. */
const PAUSE_MS = 50

/** Carries an awareness over the connection: tells the own presence, takes in that of others. */
export class PresenceLink {
  readonly #awareness: AwarenessLike
  readonly #send: (presence: Uint8Array) => void
  readonly #changed: () => void
  #pause: ReturnType<typeof setTimeout> | null = null
  #due = false

  constructor (awareness: AwarenessLike, send: (presence: Uint8Array) => void, changed: () => void) {
    this.#awareness = awareness
    this.#send = send
    this.#changed = changed
    awareness.on('update', this.#noticeOwn)
    awareness.on('change', this.#changed)
  }

  /** The connection is open: tells the own presence, newer than what peers saw leave. */
  opened (): void {
    const state = this.#awareness.getLocalState()
    if (state !== null) this.#awareness.setLocalState(state)
  }

  /** Garbage is dropped: presence is no reason to lose a connection. */
  received (presence: Uint8Array): void {
    try {
      applyPresence(this.#awareness, presence, this)
    } catch (error) {
      console.warn('unisson: presence that cannot be read was left out', error)
    }
  }

  wanted (): void { this.#send(encodePresence(this.#awareness, [this.#awareness.clientID])) }

  closed (): void { forgetOthers(this.#awareness, this) }

  /** Tells that this client leaves, without changing what it shows of itself. */
  leave (): void {
    const { clientID, meta, states } = this.#awareness
    const own = meta.get(clientID)
    if (own === undefined || !states.has(clientID)) return
    meta.set(clientID, { ...own, clock: own.clock + 1 })
    this.#send(encodePresence({ meta, states: new Map() }, [clientID]))
  }

  destroy (): void {
    if (this.#pause !== null) clearTimeout(this.#pause)
    this.#awareness.off('update', this.#noticeOwn)
    this.#awareness.off('change', this.#changed)
  }

  readonly #noticeOwn = ({ added, updated, removed }: PresenceChange): void => {
    const { clientID } = this.#awareness
    if (![added, updated, removed].some((clients) => clients.includes(clientID))) return
    if (this.#pause !== null) { this.#due = true; return }
    this.#tell()
  }

  #tell (): void {
    this.#due = false
    this.wanted()
    this.#pause = setTimeout(() => {
      this.#pause = null
      if (this.#due) this.#tell()
    }, PAUSE_MS)
  }
}
