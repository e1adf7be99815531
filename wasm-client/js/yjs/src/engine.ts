import { Content, MalformedUpdateError, reportLater, type Change, type Engine } from '@unisson/session'
import * as Y from 'yjs'

/** A `Y.Doc` as the engine of a session. */
export class YjsEngine implements Engine {
  readonly doc: Y.Doc

  constructor (doc: Y.Doc) { this.doc = doc }

  get clientId (): number { return this.doc.clientID }

  get hasGap (): boolean { return this.doc.store.pendingStructs !== null || this.doc.store.pendingDs !== null }

  onChange (listener: (change: Change) => void): () => void {
    const notice = (update: Uint8Array, origin: unknown, _doc: Y.Doc, transaction: Y.Transaction): void =>
      listener({ update, origin, content: contentOf(transaction) })
    this.doc.on('update', notice)
    return () => this.doc.off('update', notice)
  }

  stateVector (): Uint8Array { return Y.encodeStateVector(this.doc) }

  diff (stateVector: Uint8Array): Uint8Array { return Y.encodeStateAsUpdate(this.doc, stateVector) }

  apply (update: Uint8Array, origin: unknown): 'integrated' | 'hole' {
    const before = this.doc.store.pendingStructs
    try {
      Y.applyUpdate(this.doc, update, origin)
    } catch (error) {
      // Yjs lets errors of the application's observers through as well: those are not the update's.
      if (!isReadable(update)) throw new MalformedUpdateError('the update cannot be read', { cause: error })
      reportLater(error)
    }
    const after = this.doc.store.pendingStructs
    return after !== null && after !== before ? 'hole' : 'integrated'
  }

  content (update: Uint8Array): Content {
    let decoded
    try {
      decoded = Y.decodeUpdate(update)
    } catch (cause) {
      throw new MalformedUpdateError('the update cannot be read', { cause })
    }
    const content = new Content()
    for (const struct of decoded.structs) {
      if (struct instanceof Y.Skip) continue
      content.inserts.add(struct.id.client, struct.id.clock, struct.id.clock + struct.length)
    }
    addDeletes(content, decoded.ds.clients)
    return content
  }
}

/** What a transaction inserted and deleted, without reading the update again. */
const contentOf = (transaction: Y.Transaction): Content => {
  const content = new Content()
  for (const [client, end] of transaction.afterState) {
    content.inserts.add(client, transaction.beforeState.get(client) ?? 0, end)
  }
  addDeletes(content, transaction.deleteSet.clients)
  return content
}

const addDeletes = (content: Content, clients: Map<number, Array<{ clock: number, len: number }>>): void => {
  for (const [client, items] of clients) {
    for (const { clock, len } of items) content.deletes.add(client, clock, clock + len)
  }
}

const isReadable = (update: Uint8Array): boolean => {
  try {
    Y.decodeUpdate(update)
    return true
  } catch {
    return false
  }
}
