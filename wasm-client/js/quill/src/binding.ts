import { EditorUndo, Gate, type BindingOptions, type Operation, type Range, type SharedText } from '@unisson/text'
import Quill, { Delta } from 'quill'
import { Carets } from './carets.js'
import { registerUnsupported, toShown, toText } from './embeds.js'
import { withLastLine, withoutLastLine } from './last-line.js'
import { takeUndoKeys } from './undo-keys.js'

export type QuillBindingOptions = BindingOptions

/** An editor that is joined to a text. */
export interface QuillBinding {
  readonly canUndo: boolean
  readonly canRedo: boolean
  /** Takes back the last edit of this editor. */
  undo: () => boolean
  redo: () => boolean
  /** What follows is undone apart from what was before. */
  closeUndoGroup: () => void
  /** Asks `writable` again. */
  refresh: () => void
  destroy: () => void
}

/**
 * Keeps a Quill and a shared text equal, shows who else is there, and undoes only what was done in this
 * editor. The editor shows the text: what it held before is not kept.
 */
export const bind = (quill: Quill, options: QuillBindingOptions): QuillBinding => new Binding(quill, options)

interface Selected { index: number, length: number }

class Binding implements QuillBinding {
  readonly #quill: Quill
  readonly #text: SharedText
  readonly #gate: Gate
  readonly #undo: EditorUndo
  readonly #carets: Carets | null
  readonly #ends: Array<() => void>
  readonly #wasEnabled: boolean
  /** From what is shown to the text and its last line. */
  #behind: Delta
  /** What was shown before the change that this binding makes now. */
  #changing: Delta | null = null
  #selected: Selected | null = null
  #isDestroyed = false

  constructor (quill: Quill, options: QuillBindingOptions) {
    registerUnsupported(quill)
    this.#quill = quill
    this.#text = options.text
    this.#wasEnabled = quill.isEnabled()
    this.#gate = new Gate(options, () => this.refresh())
    this.#undo = new EditorUndo(this.#text, {
      origin: this,
      groupMs: options.undoGroupMs,
      selection: () => this.#ranges(),
      select: ([range]) => this.#select(range)
    })
    this.#behind = this.#difference()
    quill.on('editor-change', this.#notice)
    quill.on('composition-end', this.#showSoon)
    const awareness = options.awareness ?? options.session?.awareness
    this.#carets = awareness === undefined ? null : new Carets(quill, awareness, this.#text, (index) => this.#toShown(index))
    this.#ends = [
      this.#text.observe(this.#observe),
      takeUndoKeys(quill, this),
      () => { quill.off('editor-change', this.#notice) },
      () => { quill.off('composition-end', this.#showSoon) }
    ]
    this.#show()
    this.refresh()
  }

  get canUndo (): boolean { return this.#undo.canUndo }
  get canRedo (): boolean { return this.#undo.canRedo }
  undo (): boolean { return this.#gate.isOpen && this.#quill.isEnabled() && this.#undo.undo() }
  redo (): boolean { return this.#gate.isOpen && this.#quill.isEnabled() && this.#undo.redo() }
  closeUndoGroup (): void { this.#undo.closeGroup() }

  refresh (): void {
    const enabled = this.#wasEnabled && this.#gate.isOpen
    if (!this.#isDestroyed && this.#quill.isEnabled() !== enabled) this.#quill.enable(enabled)
  }

  destroy (): void {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    this.#ends.forEach((end) => end())
    this.#carets?.destroy()
    this.#gate.destroy()
    this.#undo.destroy()
    if (this.#quill.isEnabled() !== this.#wasEnabled) this.#quill.enable(this.#wasEnabled)
  }

  readonly #observe = (delta: Operation[], origin: unknown): void => {
    if (origin === this) return
    this.#behind = this.#behind.compose(toShown(this.#quill, delta))
    this.#show()
  }

  readonly #notice = (kind: string, ...[now, before]: unknown[]): void => {
    if (kind === 'selection-change') {
      this.#selected = now as Selected | null
      this.#tell()
      return
    }
    const isOwn = before === this.#changing
    if (isOwn) this.#changing = null
    else this.#edited(now as Delta, before as Delta)
    this.#selected = moved(this.#selected, now as Delta)
    this.#tell()
  }

  #edited (change: Delta, before: Delta): void {
    if (!this.#gate.isOpen) {
      this.#behind = change.invert(before).compose(this.#behind)
      return this.#showSoon()
    }
    this.#undo.before(this.#ranges())
    const shownBefore = this.#behind
    const { delta, lacksLineAt } = withoutLastLine(
      shownBefore.transform(change, true), this.#text.length, () => before.compose(shownBefore))
    this.#behind = change.transform(shownBefore, false)
    if (lacksLineAt !== null) this.#behind = this.#behind.compose(new Delta().retain(lacksLineAt).insert('\n'))
    const { delta: operations, refused } = toText(delta.ops)
    this.#behind = this.#behind.compose(refused)
    this.#write(operations)
    if (this.#behind.ops.length > 0) this.#showSoon()
  }

  #write (operations: Operation[]): void {
    if (operations.length === 0) return
    try {
      this.#text.applyDelta(operations, this)
    } catch (error) {
      // Nothing was written: the editor goes back to what the text holds.
      console.error('unisson: an edit could not be written', error)
      this.#behind = this.#difference()
    }
  }

  readonly #showSoon = (): void => queueMicrotask(() => this.#show())

  #show (): void {
    // A composition ends when the editor's own content changes.
    if (this.#isDestroyed || this.#behind.ops.length === 0 || this.#quill.composition.isComposing) return
    // What was typed just now, and Quill has not looked at yet, comes before: it is an edit of its own.
    this.#quill.update('user')
    const change = this.#behind
    this.#behind = new Delta()
    this.#changing = this.#quill.editor.delta
    const made = this.#quill.updateContents(change, 'api')
    this.#changing = null
    // Quill changes what it cannot show as it is, such as a picture within a line. Positions must fit all the same.
    if (JSON.stringify(made.ops) !== JSON.stringify(change.ops)) this.#settle()
    this.#carets?.draw()
  }

  /** Asks once more for what Quill has made otherwise; what it makes otherwise again it does not have. */
  #settle (): void {
    const change = this.#difference()
    if (change.ops.length > 0) {
      this.#changing = this.#quill.editor.delta
      this.#quill.updateContents(change, 'api')
      this.#changing = null
    }
    this.#behind = placesOnly(this.#difference())
  }

  #difference (): Delta {
    return this.#quill.editor.delta.diff(withLastLine(toShown(this.#quill, this.#text.toDelta())))
  }

  #ranges (): Range[] {
    if (this.#selected === null) return []
    const { index, length } = this.#selected
    return [{ anchor: this.#toText(index), head: this.#toText(index + length) }]
  }

  #select (range: Range | undefined): void {
    if (range === undefined) return
    const [anchor, head] = [this.#toShown(range.anchor), this.#toShown(range.head)]
    this.#quill.setSelection(Math.min(anchor, head), Math.abs(head - anchor), 'api')
  }

  #tell (): void {
    const [range] = this.#ranges()
    this.#carets?.tell(this.#quill.hasFocus() && range !== undefined ? range : null)
  }

  #toText (index: number): number {
    return Math.min(this.#behind.transformPosition(index, true), this.#text.length)
  }

  #toShown (index: number): number {
    const { delta } = this.#quill.editor
    const shown = this.#behind.ops.length === 0 ? index : this.#behind.invert(delta).transformPosition(index, true)
    return Math.min(shown, delta.length() - 1)
  }
}

/** Where a selection is after a change. */
const moved = (selected: Selected | null, change: Delta): Selected | null => {
  if (selected === null) return null
  const index = change.transformPosition(selected.index)
  return { index, length: Math.max(change.transformPosition(selected.index + selected.length) - index, 0) }
}

/** A change without the formats of what is kept: those that Quill does not show stay in the text. */
const placesOnly = (change: Delta): Delta => change
  .reduce((places, op) => places.push(op.retain === undefined ? op : { retain: op.retain }), new Delta())
  .chop()
