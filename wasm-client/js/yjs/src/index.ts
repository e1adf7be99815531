import { SessionCore, type SessionOptions } from '@unisson/session'
import type { SharedText } from '@unisson/text'
import { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { YjsEngine } from './engine.js'
import { sharedText } from './shared-text.js'

export { sharedText } from './shared-text.js'
export type { Anchor, Operation, SharedText } from '@unisson/text'

export {
  forgetLocalCopies, SessionError,
  type Dialect, type LocalCopyState, type PresenceFields, type SessionEvents, type SessionOptions, type Status,
  type Token, type TokenReason, type WebSocketClass
} from '@unisson/session'

/** {@link SessionOptions}, and the document to share. */
export interface YjsSessionOptions extends SessionOptions {
  /** A new one unless given. What it holds already is sent as an edit. */
  doc?: Y.Doc
}

/**
 * A `Y.Doc` shared over a server. Any editor binding for Yjs takes {@link Session.doc} and
 * {@link Session.awareness}, or the session itself where it wants a provider.
 */
export class Session extends SessionCore<Awareness> {
  readonly doc: Y.Doc
  readonly #ownsDoc: boolean

  constructor (options: YjsSessionOptions) {
    const doc = options.doc ?? new Y.Doc()
    super(options, new YjsEngine(doc), new Awareness(doc))
    this.doc = doc
    this.#ownsDoc = options.doc === undefined
    doc.once('destroy', () => this.destroy())
  }

  /** A text of the document, for `@unisson/codemirror`, `@unisson/quill` and `@unisson/textarea`. */
  text (name: string): SharedText { return sharedText(this.doc.getText(name)) }

  override destroy (): void {
    super.destroy()
    this.awareness.destroy()
    if (this.#ownsDoc && !this.doc.isDestroyed) this.doc.destroy()
  }
}
