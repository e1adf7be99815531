import { MalformedUpdateError, type Change, type Content, type Engine } from '@unisson/session'
import { contentFrom } from './content.js'
import type { Doc } from './doc.js'
import { content } from './wasm/unisson_client.js'

/** A {@link Doc} as the engine of a session. What comes behind a hole is left out, and asked for again. */
export class WasmEngine implements Engine {
  readonly hasGap = false
  readonly doc: Doc

  constructor (doc: Doc) { this.doc = doc }

  get clientId (): number { return this.doc.clientID }

  onChange (listener: (change: Change) => void): () => void { return this.doc.onChange(listener) }
  stateVector (): Uint8Array { return this.doc.stateVector() }
  diff (stateVector: Uint8Array): Uint8Array { return this.doc.encodeUpdate(stateVector) }
  apply (update: Uint8Array, origin: unknown): 'integrated' | 'hole' { return this.doc.applyUpdate(update, origin) }

  content (update: Uint8Array): Content {
    try {
      return contentFrom(content(update))
    } catch (cause) {
      throw new MalformedUpdateError('the update cannot be read', { cause })
    }
  }
}
