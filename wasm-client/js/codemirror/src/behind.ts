import { ChangeSet, type Text } from '@codemirror/state'

/**
 * How the text differs from what an editor shows: while somebody composes a letter, an edit of others
 * in that line has to wait, and one's own edits go on meanwhile.
 */
export class Behind {
  /** From what is shown to the text. */
  #changes: ChangeSet

  constructor (changes: ChangeSet) { this.#changes = changes }

  get isNothing (): boolean { return this.#changes.empty }
  /** The length of the text. */
  get length (): number { return this.#changes.newLength }

  /** The text was changed by others. */
  add (changes: ChangeSet): void { this.#changes = this.#changes.compose(changes) }

  /** What is shown was edited: the same edit of the text. */
  edited (changes: ChangeSet): ChangeSet {
    const written = changes.map(this.#changes)
    this.#changes = this.#changes.map(changes, true)
    return written
  }

  /** What may be shown now: everything that does not touch `kept`. It counts as shown. */
  take (kept: { from: number, to: number } | null): ChangeSet {
    if (kept === null) {
      const all = this.#changes
      this.#changes = ChangeSet.empty(all.newLength)
      return all
    }
    const due: Part[] = []
    const held: Part[] = []
    this.#changes.iterChanges((from, to, _fromAfter, _toAfter, insert) => {
      const touches = from <= kept.to && to >= kept.from
      ;(touches ? held : due).push({ from, to, insert })
    })
    const taken = ChangeSet.of(due, this.#changes.length)
    this.#changes = ChangeSet.of(held, this.#changes.length).map(taken)
    return taken
  }

  toText (position: number, assoc = -1): number { return this.#changes.mapPos(position, assoc) }
  toShown (position: number): number { return this.#changes.invertedDesc.mapPos(position, -1) }
}

interface Part { from: number, to: number, insert: Text }
