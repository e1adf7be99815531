import { Presence, SessionCore, type SessionOptions } from '@unisson/session'
import type { SharedText } from '@unisson/text'
import { Doc } from './doc.js'
import { WasmEngine } from './engine.js'
import { sharedText } from './shared-text.js'

export { Doc, EngineError } from './doc.js'
export type { KeyChange, Observer, SharedEvent } from './events.js'
export { load } from './load.js'
export { Shared, SharedArray, SharedMap, Text, XmlElement, XmlFragment, XmlText, type Operation } from './types.js'
export { sharedText } from './shared-text.js'
export type { Anchor, SharedText } from '@unisson/text'
export { UndoManager, type UndoOptions, type UndoStep } from './undo.js'
export {
  forgetLocalCopies, Presence, SessionError,
  type Dialect, type LocalCopyState, type PresenceFields, type SessionEvents, type SessionOptions, type Status,
  type Token, type TokenReason, type WebSocketClass
} from '@unisson/session'

export interface ClientSessionOptions extends SessionOptions {
  /** A new one unless given. What it holds already is sent as an edit. */
  doc?: Doc
}

/** A document of the WASM engine shared over a server. `await load()` first. */
export class Session extends SessionCore<Presence> {
  readonly doc: Doc
  readonly #ownsDoc: boolean

  constructor (options: ClientSessionOptions) {
    const doc = options.doc ?? new Doc()
    super(options, new WasmEngine(doc), new Presence(doc.clientID))
    this.doc = doc
    this.#ownsDoc = options.doc === undefined
    this.on('read-only', (readOnly) => doc.setReadOnly(readOnly))
  }

  /** A text of the document, for `@unisson/codemirror`, `@unisson/quill` and `@unisson/textarea`. */
  text (name: string): SharedText { return sharedText(this.doc.getText(name)) }

  override destroy (): void {
    if (this.destroyed) return
    super.destroy()
    this.awareness.destroy()
    if (this.#ownsDoc) this.doc.destroy()
  }
}
