import { IdSet, type PlainIdSet } from './id-set.js'

/** What an update inserts and what it deletes. */
export class Content {
  constructor (readonly inserts = new IdSet(), readonly deletes = new IdSet()) {}

  static from (plain: PlainContent): Content {
    return new Content(IdSet.from(plain.inserts), IdSet.from(plain.deletes))
  }

  get isEmpty (): boolean { return this.inserts.isEmpty && this.deletes.isEmpty }

  add (other: Content): void {
    this.inserts.addAll(other.inserts)
    this.deletes.addAll(other.deletes)
  }

  remove (other: Content): void {
    this.inserts.removeAll(other.inserts)
    this.deletes.removeAll(other.deletes)
  }

  clone (): Content { return new Content(this.inserts.clone(), this.deletes.clone()) }

  toPlain (): PlainContent { return { inserts: this.inserts.toPlain(), deletes: this.deletes.toPlain() } }
}

/** {@link Content} as structured clone carries it. */
export interface PlainContent { inserts: PlainIdSet, deletes: PlainIdSet }

/** Something that became part of the document in one transaction. */
export interface Change {
  readonly update: Uint8Array
  readonly content: Content
  readonly origin: unknown
}

/** The update cannot be read: nothing of it was taken in. */
export class MalformedUpdateError extends Error {
  override readonly name = 'MalformedUpdateError'
}

/**
 * A CRDT document as a session needs it. Updates and state vectors are those of Yjs, format v1.
 *
 * An engine must not call back into the session while a transaction is open: `onChange` comes after.
 */
export interface Engine {
  /** The client id of this copy; it may change when a copy of the document is loaded. */
  readonly clientId: number
  /** Calls `listener` after each transaction that changed the document; returns what ends it. */
  onChange: (listener: (change: Change) => void) => () => void
  stateVector: () => Uint8Array
  /** Everything that a copy with this state vector misses, and all deletions. */
  diff: (stateVector: Uint8Array) => Uint8Array
  /**
   * Takes an update in. `hole` says that something before it is missing: it waits, or was left out,
   * and the session asks again. Throws {@link MalformedUpdateError}.
   */
  apply: (update: Uint8Array, origin: unknown) => 'integrated' | 'hole'
  /** Whether updates wait for missing ones. */
  readonly hasGap: boolean
  /** What an update inserts and deletes. Throws {@link MalformedUpdateError}. */
  content: (update: Uint8Array) => Content
}
