import type { Node } from 'prosemirror-model'
import { PluginKey, type Transaction } from 'prosemirror-state'
import type { EditorView } from 'prosemirror-view'
import type * as Y from 'yjs'
import { anchorAt, positionOf, type Anchor } from './positions.js'
import { Renderer, type Branch } from './render.js'
import { showInstead } from './steps.js'
import { Plan } from './write.js'
import type { SharedType } from './shared-type.js'

/** Marks the transactions that show what the shared document holds. */
export const shownKey = new PluginKey('unissonShown')

/** A selection that survives the edits of others. */
export interface AnchoredSelection { anchor: Anchor, head: Anchor }

/** Joins one view to one shared fragment. */
export class Binding {
  readonly fragment: Y.XmlFragment
  readonly #view: EditorView
  readonly #renderer: Renderer
  readonly #writable: () => boolean
  readonly #listeners = new Set<() => void>()
  #root: Branch
  #isWriting = false
  #selectionBefore: AnchoredSelection | null = null

  constructor (view: EditorView, fragment: Y.XmlFragment, writable: () => boolean) {
    if (fragment.doc === null) throw new Error('the fragment belongs to no document yet')
    this.fragment = fragment
    this.#view = view
    this.#writable = writable
    this.#renderer = new Renderer(view.state.schema)
    this.#root = this.#renderer.root(fragment)
    fragment.observeDeep(this.#observe)
    this.#show()
  }

  destroy (): void {
    this.fragment.unobserveDeep(this.#observe)
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

  positionOf (anchor: Anchor): number | null { return positionOf(this.#root, anchor) }

  /** Whether `node` is what the document shows now. */
  shows (node: Node): boolean { return this.#root.node === node }

  /** The selection before the last edit of this view. */
  get selectionBefore (): AnchoredSelection | null { return this.#selectionBefore }

  /** Writes what was edited in the view. `changedFrom` is where the edit began. */
  edited (changedFrom: number, before: { anchor: number, head: number }): void {
    const after = this.#view.state.doc
    if (this.#root.node === after) return
    if (this.#root.node.eq(after)) return this.#renderer.adopt(this.#root, after)
    this.#selectionBefore = this.anchorsOf(before)
    if (this.#writable()) this.#write(after, changedFrom)
    this.#show()
  }

  #write (after: Node, changedFrom: number): void {
    const plan = new Plan(this.#renderer)
    plan.branch(this.#root, after, changedFrom)
    this.#isWriting = true
    try {
      this.fragment.doc!.transact(() => plan.run(), this)
    } finally {
      this.#isWriting = false
    }
    for (const type of plan.touched) this.#renderer.forget(type)
  }

  readonly #observe = (_events: unknown, transaction: Y.Transaction): void => {
    for (const type of transaction.changedParentTypes.keys()) this.#renderer.forget(type as SharedType)
    if (!this.#isWriting) this.#show()
  }

  #show (): void {
    this.#root = this.#renderer.root(this.fragment)
    const { state } = this.#view
    if (!state.doc.eq(this.#root.node)) {
      const tr = state.tr.setMeta(shownKey, true).setMeta('addToHistory', false)
      showInstead(tr, this.#root.node, this.#renderer.origins)
      this.#renderer.adopt(this.#root, tr.doc)
      this.#view.dispatch(tr)
    } else this.#renderer.adopt(this.#root, state.doc)
    for (const listener of this.#listeners) listener()
  }
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
