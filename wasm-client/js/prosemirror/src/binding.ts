import type { Node } from 'prosemirror-model'
import { PluginKey, TextSelection, type Selection, type Transaction } from 'prosemirror-state'
import { Transform } from 'prosemirror-transform'
import type { EditorView } from 'prosemirror-view'
import type * as Y from 'yjs'
import { selectionIn } from './browser-selection.js'
import { editBetween, Held, stepped, touches } from './held.js'
import { anchorAt, positionOf, type Anchor } from './positions.js'
import { Renderer, type Branch } from './render.js'
import { showInstead } from './steps.js'
import { Plan } from './write.js'
import { Rescue, writeAgain } from './rescue.js'
import type { SharedType } from './shared-type.js'

/** Marks the transactions that show what the shared document holds. */
export const shownKey = new PluginKey('unissonShown')

/** ProseMirror reads the last letters of a composition this long after its end. */
const COMPOSED_AFTER_MS = 25

/** A selection that survives the edits of others. */
export interface AnchoredSelection { anchor: Anchor, head: Anchor }

/** Joins one view to one shared fragment. */
export class Binding {
  readonly fragment: Y.XmlFragment
  readonly #view: EditorView
  readonly #renderer: Renderer
  readonly #writable: () => boolean
  readonly #listeners = new Set<() => void>()
  readonly #held = new Held()
  readonly #rescue = new Rescue()
  /** Whose edits are those that plugins append to edits of others. */
  readonly #appended = {}
  #root: Branch
  #isWriting = false
  #release: ReturnType<typeof setTimeout> | null = null
  #selectionBefore: AnchoredSelection | null = null

  constructor (view: EditorView, fragment: Y.XmlFragment, writable: () => boolean) {
    if (fragment.doc === null) throw new Error('the fragment belongs to no document yet')
    this.fragment = fragment
    this.#view = view
    this.#writable = writable
    this.#renderer = new Renderer(view.state.schema)
    this.#root = this.#renderer.root(fragment)
    fragment.observeDeep(this.#observe)
    view.dom.addEventListener('compositionend', this.#composed)
    this.#show()
  }

  destroy (): void {
    this.fragment.unobserveDeep(this.#observe)
    this.#view.dom.removeEventListener('compositionend', this.#composed)
    if (this.#release !== null) clearTimeout(this.#release)
    this.#listeners.clear()
  }

  /** Calls `listener` after the view shows a new state of the document. */
  onShown (listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  anchorsOf ({ anchor, head }: { anchor: number, head: number }): AnchoredSelection {
    return { anchor: anchorAt(this.#root, anchor), head: anchorAt(this.#root, head) }
  }

  /** The ends of a part of the text: they stay with its first and its last letter. */
  rangeOf ({ from, to }: { from: number, to: number }): { start: Anchor, end: Anchor } {
    return { start: anchorAt(this.#root, from), end: anchorAt(this.#root, to, 'before') }
  }

  positionOf (anchor: Anchor): number | null { return positionOf(this.#root, anchor) }

  /** Whether `node` is what the document shows now. */
  shows (node: Node): boolean { return this.#root.node === node }

  /** The selection before the last edit of this view. */
  get selectionBefore (): AnchoredSelection | null { return this.#selectionBefore }

  /** Writes what was edited in the view since `before`. `changedFrom` is where the edit began; what is by hand can be undone. */
  edited (changedFrom: number, before: { doc: Node, selection: { anchor: number, head: number } }, isByHand = true): void {
    const after = this.#view.state.doc
    if (!this.#held.isEmpty) return this.#editedMeanwhile(before.doc, after)
    if (this.#root.node === after) return
    if (this.#root.node.eq(after)) return this.#renderer.adopt(this.#root, after)
    this.#selectionBefore = this.anchorsOf(before.selection)
    if (this.#writable()) this.#write(after, changedFrom, isByHand)
    this.#show()
  }

  /** Writes an edit of a view that does not show everything. */
  #editedMeanwhile (before: Node, after: Node): void {
    const edit = editBetween(before, after)
    const moved = edit === null ? null : this.#held.rebase(edit)
    // Where its place is gone, what was written is gone with it.
    const whole = moved === null ? null : stepped(this.#root.node, moved)
    if (whole !== null && this.#writable()) {
      this.#write(whole, (moved as { from?: number }).from ?? Infinity)
      this.#hold(whole)
    }
    if (edit !== null && whole === null) this.#showHeld()
  }

  #write (after: Node, changedFrom: number, isByHand = true): void {
    const plan = new Plan(this.#renderer)
    plan.branch(this.#root, after, changedFrom)
    this.#isWriting = true
    try {
      this.fragment.doc!.transact(() => plan.run(), isByHand ? this : this.#appended)
    } finally {
      this.#isWriting = false
    }
    for (const type of plan.touched) this.#renderer.forget(type)
  }

  readonly #observe = (events: Array<Y.YEvent<any>>, transaction: Y.Transaction): void => {
    for (const type of transaction.changedParentTypes.keys()) this.#renderer.forget(type as SharedType)
    if (this.#isWriting) return
    if (!transaction.local) this.#writeMissing(events, transaction)
    this.#show()
  }

  /** Before what somebody else wrote is shown: the caret then stays where it was. */
  #writeMissing (events: Array<Y.YEvent<any>>, transaction: Y.Transaction): void {
    const missing = this.#rescue.missing(events, transaction)
    if (missing.length === 0 || !this.#writable()) return
    this.fragment.doc!.transact(() => writeAgain(missing), this)
    for (const { text } of missing) this.#renderer.forget(text)
  }

  #show (): void {
    if (!this.#held.isEmpty) return this.#hold(this.#root.node)
    this.#root = this.#renderer.root(this.fragment)
    const { state } = this.#view
    if (!state.doc.eq(this.#root.node)) {
      const tr = state.tr
      showInstead(tr, this.#root.node, this.#renderer.origins)
      this.#renderer.adopt(this.#root, tr.doc)
      if (this.#wouldEndComposition(tr)) return this.#held.add(tr.steps)
      this.#dispatch(tr)
    } else this.#renderer.adopt(this.#root, state.doc)
    for (const listener of this.#listeners) listener()
  }

  #dispatch (tr: Transaction): void {
    keepSelection(tr, selectionIn(this.#view))
    this.#view.dispatch(tr.setMeta(shownKey, true).setMeta('addToHistory', false))
  }

  /** Notes what is to be shown later, beside what waits already. `from` is what the document held before. */
  #hold (from: Node): void {
    this.#root = this.#renderer.root(this.fragment)
    const transform = new Transform(from)
    showInstead(transform, this.#root.node, this.#renderer.origins)
    this.#renderer.adopt(this.#root, transform.doc)
    this.#held.add(transform.steps)
    if (!this.#view.composing) this.#showHeld()
  }

  #showHeld (): void {
    if (this.#held.isEmpty) return
    const tr = this.#view.state.tr
    this.#held.release(tr)
    showInstead(tr, this.#root.node, this.#renderer.origins)
    this.#renderer.adopt(this.#root, tr.doc)
    this.#dispatch(tr)
    for (const listener of this.#listeners) listener()
  }

  /** A browser gives a composition up when the text around it is drawn anew. */
  #wouldEndComposition (tr: Transaction): boolean {
    if (!this.#view.composing) return false
    const { $head } = this.#view.state.selection
    return $head.parent.inlineContent && touches(tr.steps, $head.start(), $head.end())
  }

  readonly #composed = (): void => {
    if (this.#release !== null) clearTimeout(this.#release)
    this.#release = setTimeout(() => {
      this.#release = null
      if (!this.#view.composing) this.#showHeld()
    }, COMPOSED_AFTER_MS)
  }
}

/** A caret stays behind the letter that it was behind: what others write there comes after it. */
const keepSelection = (tr: Transaction, before: Selection): void => {
  if (!(before instanceof TextSelection) || !tr.docChanged) return
  const at = (position: number, side: number): number => tr.mapping.map(position, side)
  const [anchor, head] = before.empty
    ? [at(before.head, -1), at(before.head, -1)]
    : before.anchor < before.head ? [at(before.anchor, 1), at(before.head, -1)] : [at(before.anchor, -1), at(before.head, 1)]
  const [$anchor, $head] = [tr.doc.resolve(anchor), tr.doc.resolve(head)]
  // Where its paragraph is gone, ProseMirror finds the nearest place.
  if ($anchor.parent.inlineContent && $head.parent.inlineContent) tr.setSelection(TextSelection.create(tr.doc, anchor, head))
}

/** Where a transaction began to change the document, in its new positions. */
export const changedFrom = (tr: Transaction): number => {
  let first = Infinity
  tr.mapping.maps.forEach((map, index) => {
    map.forEach((_oldStart, _oldEnd, newStart) => {
      first = Math.min(first, tr.mapping.slice(index + 1).map(newStart, -1))
    })
  })
  return first
}
