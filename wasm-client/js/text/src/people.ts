import { personOf, type Person } from './person.js'
import type { SharedText } from './shared-text.js'

/** The part of an awareness that a binding needs; that of y-protocols has it. */
export interface AwarenessLike {
  readonly clientID: number
  getLocalState: () => Record<string, unknown> | null
  setLocalStateField: (field: string, value: any) => void
  getStates: () => Map<number, Record<string, any>>
  on: (name: any, listener: (...details: any[]) => void) => void
  off: (name: any, listener: (...details: any[]) => void) => void
}

/** Where a person is, in positions of the text. */
export interface Place { clientId: number, person: Person, anchor: number, head: number }

/** More carets than that tell nobody anything, and cost everybody. */
const PLACES_MAX = 50

/**
 * Tells others where one's own selection is in a text, and knows where theirs are. The field is that
 * of y-codemirror.next and y-quill: `cursor: {anchor, head}`.
 */
export class People {
  readonly #awareness: AwarenessLike
  readonly #text: SharedText
  readonly #changed: () => void
  #told: string | null = null
  #isDue = false
  #isDestroyed = false

  /** `changed` is called after others have moved, come or gone: once for all that happens at a time. */
  constructor (awareness: AwarenessLike, text: SharedText, changed: () => void) {
    this.#awareness = awareness
    this.#text = text
    this.#changed = changed
    awareness.on('change', this.#notice)
  }

  /** Where one's own selection is; `null` while the editor has no focus. */
  tell (selection: { anchor: number, head: number } | null): void {
    const state = this.#awareness.getLocalState()
    if (state === null) return
    const cursor = selection === null
      ? null
      : { anchor: this.#text.anchor(selection.anchor), head: this.#text.anchor(selection.head) }
    const told = JSON.stringify(cursor)
    const known = JSON.stringify(state.cursor ?? null)
    // Another editor of the page may have said where its caret is: that is not ours to take back.
    if (told === known || (cursor === null && this.#told !== known)) return
    this.#told = told
    this.#awareness.setLocalStateField('cursor', cursor)
  }

  places (): Place[] {
    const places: Place[] = []
    for (const [clientId, state] of this.#awareness.getStates()) {
      if (places.length >= PLACES_MAX) break
      if (clientId === this.#awareness.clientID) continue
      const { anchor, head } = (state.cursor ?? {}) as { anchor?: unknown, head?: unknown }
      const [from, to] = [this.#text.indexOf(anchor), this.#text.indexOf(head)]
      if (from === null || to === null) continue
      places.push({ clientId, person: personOf(state, clientId), anchor: from, head: to })
    }
    return places
  }

  destroy (): void {
    this.#isDestroyed = true
    this.#awareness.off('change', this.#notice)
    this.tell(null)
  }

  readonly #notice = (): void => {
    if (this.#isDue) return
    this.#isDue = true
    queueMicrotask(() => {
      this.#isDue = false
      if (!this.#isDestroyed) this.#changed()
    })
  }
}
