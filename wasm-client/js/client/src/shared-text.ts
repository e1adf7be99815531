import { decodeAnchor, encodeAnchor, readAnchor, type Anchor, type Operation, type SharedText, type SharedUndo, type UndoOptions } from '@unisson/text'
import type { SharedEvent } from './events.js'
import { Shared, type Text } from './types.js'
import { UndoManager } from './undo.js'

/** A text of the WASM engine for the bindings of this project. */
export const sharedText = (text: Text): SharedText => new WasmText(text)

class WasmText implements SharedText {
  readonly #text: Text

  constructor (text: Text) { this.#text = text }

  get length (): number { return this.#text.length }
  toDelta (): Operation[] { return this.#text.toDelta().map(plain) }

  applyDelta (delta: Operation[], origin: object): void {
    this.#text.doc.transact(() => this.#text.applyDelta(delta), origin)
  }

  observe (listener: (delta: Operation[], origin: unknown) => void): () => void {
    const observer = (events: SharedEvent[], origin: unknown): void => {
      for (const { delta } of events) if (delta.length > 0) listener(delta.map(plain), origin)
    }
    this.#text.observe(observer)
    return () => this.#text.unobserve(observer)
  }

  anchor (index: number, assoc = 0): Anchor {
    return decodeAnchor(this.#text.doc.relativePosition(this.#text, index, assoc))
  }

  indexOf (json: unknown): number | null {
    const anchor = readAnchor(json)
    if (anchor === null) return null
    try {
      const position = this.#text.doc.resolvePosition(encodeAnchor(anchor))
      return position?.type.id === this.#text.id ? position.index : null
    } catch {
      // Others' presence is whatever they sent.
      return null
    }
  }

  undo ({ origin, groupMs, added, taken }: UndoOptions): SharedUndo {
    const undo = new UndoManager(this.#text, {
      origins: [origin],
      captureMs: groupMs,
      added: ({ memory }) => added(memory),
      taken: ({ memory }) => taken(memory)
    })
    return {
      get canUndo () { return undo.canUndo },
      get canRedo () { return undo.canRedo },
      undo: () => { undo.undo() },
      redo: () => { undo.redo() },
      closeGroup: () => undo.stopCapturing(),
      destroy: () => undo.destroy()
    }
  }
}

/** Shared types inside a text come out as `null`: only their own kind of editor can make them. */
const plain = ({ insert, ...operation }: { insert?: unknown } & Omit<Operation, 'insert'>): Operation => {
  if (insert === undefined && ('retain' in operation || 'delete' in operation)) return operation
  return { ...operation, insert: insert instanceof Shared || insert === undefined ? null : insert as string | object }
}
