import type { AwarenessLike } from './people.js'
import type { SharedText } from './shared-text.js'

/** The part of a session that a binding needs; those of `@unisson/yjs` and `@unisson/client` have it. */
export interface SessionLike {
  readonly synced: boolean
  readonly readOnly: boolean
  readonly localCopy: string
  readonly awareness: AwarenessLike
  whenLoaded: () => Promise<void>
  on: (name: 'synced' | 'read-only', listener: (is: boolean) => void) => unknown
  off: (name: 'synced' | 'read-only', listener: (is: boolean) => void) => unknown
}

/** What each binding is made from. */
export interface BindingOptions {
  /** The text: `session.text(name)`. */
  text: SharedText
  /** Tells when edits may be made, and who else is there. */
  session?: SessionLike
  /** Who else is there, where it is not the session's. */
  awareness?: AwarenessLike
  /** Whether edits may be made now, beside what the session says. */
  writable?: () => boolean
  /** Edits that follow within this time are undone together: half a second unless given. */
  undoGroupMs?: number
}

/**
 * Whether edits may be made now: not before the document is known, which is how content gets doubled,
 * and not while only reading is allowed.
 */
export class Gate {
  readonly #session: SessionLike | undefined
  readonly #writable: () => boolean
  readonly #changed: () => void
  #isKnown: boolean
  #isDestroyed = false

  constructor ({ session, writable = () => true, text }: BindingOptions, changed: () => void) {
    this.#session = session
    this.#writable = writable
    this.#changed = changed
    this.#isKnown = session?.synced ?? true
    session?.on('synced', this.#notice)
    session?.on('read-only', this.#notice)
    if (session === undefined || this.#isKnown) return
    // What the device holds is known as well; an empty copy may only be one that has not come yet.
    session.whenLoaded().then(() => {
      if (this.#isDestroyed || session.localCopy === 'none' || text.length === 0) return
      this.#isKnown = true
      this.#changed()
    }, () => {
      // Without a copy on the device the server's is waited for; the session tells of it.
    })
  }

  get isOpen (): boolean {
    return this.#isKnown && this.#session?.readOnly !== true && this.#writable()
  }

  destroy (): void {
    this.#isDestroyed = true
    this.#session?.off('synced', this.#notice)
    this.#session?.off('read-only', this.#notice)
  }

  readonly #notice = (): void => {
    this.#isKnown ||= this.#session?.synced === true
    this.#changed()
  }
}
