import { Annotation, EditorSelection, Facet, StateEffect, Transaction, type ChangeSet, type EditorState, type SelectionRange } from '@codemirror/state'
import { ViewPlugin, type EditorView, type PluginValue, type ViewUpdate } from '@codemirror/view'
import { EditorUndo, Gate, type BindingOptions, type Operation, type Range, type SharedText } from '@unisson/text'
import { Behind } from './behind.js'
import { changesFrom, changesToShow, deltaFrom, withWholeLetters } from './deltas.js'

/** Marks transactions that show what the shared text holds. */
export const shown = Annotation.define<true>()

/** Says that edits may or may not be made from now on. */
export const writableIs = StateEffect.define<boolean>()

export const optionsOf = Facet.define<BindingOptions, BindingOptions | null>({ combine: (all) => all.at(-1) ?? null })

/** An end of a composition is followed by the editor's own work on it. */
const AFTER_COMPOSITION_MS = 80

/** Joins one view to one shared text. */
export class Binding implements PluginValue {
  readonly text: SharedText
  readonly gate: Gate
  readonly undo: EditorUndo
  readonly #view: EditorView
  readonly #stopObserving: () => void
  #behind: Behind
  #isUpdating = false
  #timer: ReturnType<typeof setTimeout> | null = null
  #isDestroyed = false

  constructor (view: EditorView) {
    const options = view.state.facet(optionsOf)
    if (options === null) throw new Error('the binding has no text')
    this.#view = view
    this.text = options.text
    this.gate = new Gate(options, () => this.#followGate())
    this.undo = new EditorUndo(this.text, {
      origin: this,
      groupMs: options.undoGroupMs,
      selection: () => this.#rangesOf(view.state),
      select: (ranges) => this.#select(ranges)
    })
    this.#behind = new Behind(changesToShow(view.state.doc, this.text))
    this.#stopObserving = this.text.observe(this.#observe)
    view.contentDOM.addEventListener('compositionend', this.#afterComposition)
    // A view cannot be changed while it is made.
    queueMicrotask(() => { this.#followGate(); this.#show() })
  }

  update (update: ViewUpdate): void {
    this.#isUpdating = true
    try {
      for (const transaction of update.transactions) {
        if (transaction.docChanged && transaction.annotation(shown) !== true) this.#write(transaction)
      }
    } finally {
      this.#isUpdating = false
    }
    if (!this.#behind.isNothing && !this.#view.composing) this.#showSoon(0)
  }

  destroy (): void {
    this.#isDestroyed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#view.contentDOM.removeEventListener('compositionend', this.#afterComposition)
    this.#stopObserving()
    this.gate.destroy()
    this.undo.destroy()
  }

  /** A position of the view as one of the text. */
  toText (position: number): number { return this.#behind.toText(position) }
  /** A position of the text as one of the view. */
  toShown (index: number): number {
    return Math.min(this.#behind.toShown(Math.min(index, this.#behind.length)), this.#view.state.doc.length)
  }

  readonly #observe = (delta: Operation[], origin: unknown): void => {
    if (origin === this) return
    this.#behind.add(changesFrom(delta, this.#behind.length))
    this.#show()
  }

  #write ({ changes, startState }: Transaction): void {
    this.undo.before(this.#rangesOf(startState))
    const written = this.#behind.edited(withWholeLetters(changes, startState.doc))
    try {
      this.text.applyDelta(deltaFrom(written), this)
    } catch (error) {
      // Nothing was written: the view goes back to what the text holds.
      console.error('unisson: an edit could not be written', error)
      this.#startAgain(changes.apply(startState.doc))
    }
  }

  #startAgain (doc: Parameters<typeof changesToShow>[0]): void {
    this.#behind = new Behind(changesToShow(doc, this.text))
    this.#showSoon(0)
  }

  #show (): void {
    if (this.#isDestroyed || this.#behind.isNothing) return
    if (this.#isUpdating) return this.#showSoon(0)
    const changes = this.#behind.take(this.#composedLine())
    if (changes.empty) return
    this.#dispatch(changes)
  }

  #dispatch (changes: ChangeSet): void {
    this.#view.dispatch({
      changes,
      annotations: [shown.of(true), Transaction.addToHistory.of(false), Transaction.remote.of(true)],
      // A filter of the application that held it back would part the view from the text.
      filter: false
    })
  }

  /** Where the editor must not be touched: a composition is in the line of the caret. */
  #composedLine (): { from: number, to: number } | null {
    const { composing, compositionStarted, state } = this.#view
    return composing || compositionStarted ? state.doc.lineAt(state.selection.main.head) : null
  }

  #showSoon (afterMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#show()
    }, afterMs)
  }

  readonly #afterComposition = (): void => this.#showSoon(AFTER_COMPOSITION_MS)

  #followGate (): void {
    if (this.#isDestroyed) return
    if (this.#isUpdating) return queueMicrotask(() => this.#followGate())
    this.#view.dispatch({ effects: writableIs.of(this.gate.isOpen) })
  }

  #rangesOf ({ selection }: EditorState): Range[] {
    const range = ({ anchor, head }: SelectionRange): Range => ({ anchor: this.toText(anchor), head: this.toText(head) })
    return [range(selection.main), ...selection.ranges.filter((other) => other !== selection.main).map(range)]
  }

  #select (ranges: Range[]): void {
    const [main, ...others] = ranges.map(({ anchor, head }) => EditorSelection.range(this.toShown(anchor), this.toShown(head)))
    if (main === undefined) return
    this.#view.dispatch({ selection: EditorSelection.create([main, ...others], 0), scrollIntoView: true, userEvent: 'select.undo' })
  }
}

export const bindingPlugin = ViewPlugin.fromClass(Binding)
