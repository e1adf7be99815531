import type { Anchor } from './anchor.js'
import type { SharedText, SharedUndo, StepMemory } from './shared-text.js'

/** A selection that survives the edits of others: ranges, the main one first. */
export type AnchoredSelection = Array<{ anchor: Anchor, head: Anchor }>

export interface Range { anchor: number, head: number }

export interface EditorUndoOptions {
  origin: object
  groupMs?: number | undefined
  /** The selection in positions of the text, the main range first. */
  selection: () => Range[]
  /** Selects again; the editor shows the text as it is now. */
  select: (ranges: Range[]) => void
}

const GROUP_MS = 500
const SELECTION = 'unissonSelection'

/** Undo for one editor: its own edits only, and with each step the selection it was made with. */
export class EditorUndo {
  readonly #text: SharedText
  readonly #undo: SharedUndo
  readonly #options: EditorUndoOptions
  #before: AnchoredSelection = []

  constructor (text: SharedText, options: EditorUndoOptions) {
    this.#text = text
    this.#options = options
    this.#undo = text.undo({
      origin: options.origin,
      groupMs: options.groupMs ?? GROUP_MS,
      added: (memory) => { memory.set(SELECTION, this.#before) },
      taken: (memory) => this.#restore(memory)
    })
  }

  get canUndo (): boolean { return this.#undo.canUndo }
  get canRedo (): boolean { return this.#undo.canRedo }

  /** Says where the selection was before the edit that is about to be written. */
  before (ranges: Range[]): void { this.#before = this.#anchored(ranges) }

  undo (): boolean {
    if (!this.canUndo) return false
    this.before(this.#options.selection())
    this.#undo.undo()
    return true
  }

  redo (): boolean {
    if (!this.canRedo) return false
    this.before(this.#options.selection())
    this.#undo.redo()
    return true
  }

  closeGroup (): void { this.#undo.closeGroup() }
  destroy (): void { this.#undo.destroy() }

  /** A caret holds to what is before it, a selection to what is selected. */
  #anchored (ranges: Range[]): AnchoredSelection {
    const anchorAt = (index: number, other: number): Anchor =>
      this.#text.anchor(Math.min(index, this.#text.length), index < other ? 0 : -1)
    return ranges.map(({ anchor, head }) => ({ anchor: anchorAt(anchor, head), head: anchorAt(head, anchor) }))
  }

  #restore (memory: StepMemory): void {
    const selection = (memory.get(SELECTION) ?? []) as AnchoredSelection
    const ranges = selection.flatMap(({ anchor, head }) => {
      const [from, to] = [this.#text.indexOf(anchor), this.#text.indexOf(head)]
      return from === null || to === null ? [] : [{ anchor: from, head: to }]
    })
    if (ranges.length > 0) this.#options.select(ranges)
  }
}
