import { readAnchor, type Anchor, type Operation, type SharedText, type SharedUndo, type UndoOptions } from '@unisson/text'
import * as Y from 'yjs'

interface StepEvent { stackItem: { meta: Map<unknown, unknown> } }

/** A `Y.Text` for the bindings of this project. It must be part of a document. */
export const sharedText = (text: Y.Text): SharedText => new YjsText(text)

class YjsText implements SharedText {
  readonly #text: Y.Text
  readonly #doc: Y.Doc

  constructor (text: Y.Text) {
    if (text.doc === null) throw new Error('the text belongs to no document yet')
    this.#text = text
    this.#doc = text.doc
  }

  get length (): number { return this.#text.length }
  toDelta (): Operation[] { return (this.#text.toDelta() as Operation[]).map(plain) }

  applyDelta (delta: Operation[], origin: object): void {
    // Yjs writes line ends where a format reaches past the end, and stops midway where a deletion does.
    const end = delta.reduce((sum, { retain = 0, delete: deleted = 0 }) => sum + retain + deleted, 0)
    if (end > this.length) throw new RangeError(`the change ends at ${end}, the text at ${this.length}`)
    this.#doc.transact(() => this.#text.applyDelta(delta), origin)
  }

  observe (listener: (delta: Operation[], origin: unknown) => void): () => void {
    const observer = ({ delta }: Y.YTextEvent, { origin }: Y.Transaction): void => {
      if (delta.length > 0) listener((delta as Operation[]).map(plain), origin)
    }
    this.#text.observe(observer)
    return () => this.#text.unobserve(observer)
  }

  anchor (index: number, assoc = 0): Anchor {
    const { type, tname, item, assoc: held } = Y.createRelativePositionFromTypeIndex(this.#text, index, assoc)
    return { type, tname, item, assoc: held }
  }

  indexOf (json: unknown): number | null {
    const anchor = readAnchor(json)
    if (anchor === null) return null
    // Yjs would make a root type of any name that somebody sends.
    if (anchor.item === null && !this.#isPlaceOf(anchor)) return null
    try {
      const position = Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(anchor), this.#doc)
      return position?.type === this.#text ? position.index : null
    } catch {
      return null
    }
  }

  undo ({ origin, groupMs, added, taken }: UndoOptions): SharedUndo {
    const undo = new Y.UndoManager(this.#text, { trackedOrigins: new Set([origin]), captureTimeout: groupMs })
    undo.on('stack-item-added', ({ stackItem }: StepEvent) => added(stackItem.meta as Map<string, unknown>))
    undo.on('stack-item-popped', ({ stackItem }: StepEvent) => taken(stackItem.meta as Map<string, unknown>))
    return {
      get canUndo () { return undo.canUndo() },
      get canRedo () { return undo.canRedo() },
      undo: () => { undo.undo() },
      redo: () => { undo.redo() },
      closeGroup: () => undo.stopCapturing(),
      destroy: () => undo.destroy()
    }
  }

  #isPlaceOf ({ type, tname }: Anchor): boolean {
    const own = this.anchor(this.length)
    return own.tname === tname && own.type?.client === type?.client && own.type?.clock === type?.clock
  }
}

/** Shared types inside a text come out as `null`: only their own kind of editor can make them. */
const plain = (operation: Operation): Operation =>
  operation.insert instanceof Y.AbstractType ? { ...operation, insert: null } : operation
