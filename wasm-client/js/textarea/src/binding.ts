import { Change, EditorUndo, Gate, People, plainText, type BindingOptions, type Operation, type Range, type SharedText } from '@unisson/text'
import { Carets } from './carets.js'
import { differenceAt } from './difference.js'
import { asShown, hasFocus, requireText, selectedIn, type Field, type Selected } from './field.js'
import { listenForUndo } from './undo-keys.js'

/** A field that is joined to a text. */
export interface TextareaBinding {
  readonly canUndo: boolean
  readonly canRedo: boolean
  /** Takes back the last edit of this field. */
  undo: () => boolean
  redo: () => boolean
  /** What follows is undone apart from what was before. */
  closeUndoGroup: () => void
  /** Asks `writable` again. */
  refresh: () => void
  destroy: () => void
}

/**
 * Keeps a `<textarea>` or a text `<input>` and a shared text equal, shows who else is there, and undoes
 * only what was done in this field. The field shows the text: what it held before is not kept.
 */
export const bind = (field: Field, options: BindingOptions): TextareaBinding => new Binding(field, options)

class Binding implements TextareaBinding {
  readonly #field: Field
  readonly #text: SharedText
  readonly #gate: Gate
  readonly #undo: EditorUndo
  readonly #people: People | null
  readonly #carets: Carets | null
  readonly #ends: Array<() => void>
  readonly #wasReadOnly: boolean
  /** The value that the field had when it was last looked at. */
  #value = ''
  #selected: Selected
  /** From that value to the text. */
  #behind = Change.none
  #isComposing = false
  #isDestroyed = false

  constructor (field: Field, options: BindingOptions) {
    requireText(field)
    this.#field = field
    this.#text = options.text
    this.#wasReadOnly = field.readOnly
    this.#selected = selectedIn(field)
    this.#gate = new Gate(options, () => this.refresh())
    this.#undo = new EditorUndo(this.#text, {
      origin: this,
      groupMs: options.undoGroupMs,
      selection: () => this.#ranges(),
      select: ([range]) => this.#select(range)
    })
    const awareness = options.awareness ?? options.session?.awareness
    this.#people = awareness === undefined ? null : new People(awareness, this.#text, () => this.#carets?.draw())
    this.#carets = this.#people === null ? null : new Carets(field, () => this.#places())
    this.#ends = [this.#text.observe(this.#observe), ...this.#listen(), listenForUndo(field, this)]
    // Browsers that bring back what was typed before a reload would bring it back into everybody's text.
    if (field instanceof field.ownerDocument.defaultView!.HTMLTextAreaElement) field.autocomplete ||= 'off'
    this.#showAll()
    this.refresh()
  }

  get canUndo (): boolean { return this.#undo.canUndo }
  get canRedo (): boolean { return this.#undo.canRedo }
  undo (): boolean { return this.#step('undo') }
  redo (): boolean { return this.#step('redo') }
  closeUndoGroup (): void { this.#undo.closeGroup() }

  refresh (): void {
    if (!this.#isDestroyed) this.#field.readOnly = this.#wasReadOnly || !this.#gate.isOpen
  }

  destroy (): void {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    this.#ends.forEach((end) => end())
    this.#people?.destroy()
    this.#carets?.destroy()
    this.#gate.destroy()
    this.#undo.destroy()
    this.#field.readOnly = this.#wasReadOnly
  }

  #listen (): Array<() => void> {
    const field = this.#field
    const page = field.ownerDocument
    const on = (target: EventTarget, name: string, listener: () => void): (() => void) => {
      target.addEventListener(name, listener)
      return () => target.removeEventListener(name, listener)
    }
    return [
      on(field, 'input', () => this.#notice()),
      on(field, 'compositionstart', () => { this.#isComposing = true }),
      on(field, 'compositionend', () => this.#composed()),
      // A composition ends where the field is left, with or without saying so.
      on(field, 'blur', () => { this.#composed(); this.#tell() }),
      on(field, 'focus', () => this.#tell()),
      on(field, 'select', () => this.#tell()),
      on(page, 'selectionchange', () => { if (hasFocus(field)) this.#tell() }),
      // A form that is reset would empty everybody's text.
      ...(field.form === null ? [] : [on(field.form, 'reset', () => queueMicrotask(() => this.#showAll()))])
    ]
  }

  readonly #observe = (delta: Operation[], origin: unknown): void => {
    if (origin === this) return
    this.#behind = this.#behind.then(Change.from(delta))
    this.#show()
  }

  /** Writes what was done in the field since it was last looked at. */
  #notice (): void {
    const value = this.#field.value
    if (value === this.#value) return
    const change = differenceAt(this.#value, value, this.#field.selectionEnd ?? value.length)
    if (!this.#gate.isOpen) return this.#showAll()
    this.#undo.before(this.#ranges())
    const written = change.after(this.#behind, false)
    this.#behind = this.#behind.after(change, true)
    this.#value = value
    this.#selected = selectedIn(this.#field)
    try {
      this.#text.applyDelta(written.toDelta(), this)
    } catch (error) {
      // Nothing was written: the field goes back to what the text holds.
      console.error('unisson: an edit could not be written', error)
      return this.#showAll()
    }
    this.#show()
    this.#tell()
    this.#carets?.draw()
  }

  #composed (): void {
    if (!this.#isComposing) return
    this.#isComposing = false
    // The last input of a composition comes after its end in some browsers.
    queueMicrotask(() => {
      if (this.#isDestroyed || this.#isComposing) return
      this.#notice()
      this.#show()
    })
  }

  #show (): void {
    if (this.#isDestroyed || this.#isComposing || this.#behind.isNothing) return
    // A program may have set the value without a word.
    if (this.#field.value !== this.#value) this.#notice()
    const change = this.#behind
    this.#behind = Change.none
    this.#showChange(change)
  }

  #showChange (change: Change): void {
    const field = this.#field
    const { start, end, direction } = selectedIn(field)
    const { scrollTop, scrollLeft } = field
    let at = 0
    for (const part of change.parts) {
      if ('keep' in part) at += part.keep
      else if ('delete' in part) field.setRangeText('', at, at + part.delete, 'preserve')
      else {
        field.setRangeText(asShown(field, part.insert), at, at, 'preserve')
        at += part.insert.length
      }
    }
    field.setSelectionRange(change.map(start), change.map(end), direction)
    Object.assign(field, { scrollTop, scrollLeft })
    this.#looked()
  }

  /** Shows the whole text anew; only what differs is touched. */
  #showAll (): void {
    if (this.#isDestroyed) return
    const text = asShown(this.#field, plainText(this.#text.toDelta()))
    this.#behind = Change.none
    this.#showChange(differenceAt(this.#field.value, text, text.length))
  }

  #looked (): void {
    this.#value = this.#field.value
    this.#selected = selectedIn(this.#field)
    this.#carets?.draw()
  }

  #step (direction: 'undo' | 'redo'): boolean {
    return this.#gate.isOpen && !this.#field.readOnly && this.#undo[direction]()
  }

  #ranges (): Range[] {
    const { start, end, direction } = this.#selected
    const [from, to] = [this.#behind.map(start), this.#behind.map(end)]
    return [direction === 'backward' ? { anchor: to, head: from } : { anchor: from, head: to }]
  }

  #select (range: Range | undefined): void {
    if (range === undefined) return
    const [anchor, head] = [this.#behind.unmap(range.anchor), this.#behind.unmap(range.head)]
    this.#field.setSelectionRange(Math.min(anchor, head), Math.max(anchor, head), head < anchor ? 'backward' : 'forward')
    this.#looked()
    this.#tell()
  }

  #tell (): void {
    if (this.#isDestroyed) return
    if (this.#field.value === this.#value) this.#selected = selectedIn(this.#field)
    this.#people?.tell(hasFocus(this.#field) ? this.#ranges()[0] ?? null : null)
  }

  #places (): ReturnType<People['places']> {
    const shown = (index: number): number => Math.min(this.#behind.unmap(index), this.#value.length)
    return this.#people?.places().map((place) => ({ ...place, anchor: shown(place.anchor), head: shown(place.head) })) ?? []
  }
}
