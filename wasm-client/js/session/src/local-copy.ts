import { BY_DOCUMENT, hasDatabase, openDatabase, result, transact, UNSAVED, UPDATES } from './database.js'
import { Content, type PlainContent } from './engine.js'

/** After so many updates, or bytes of them, the log of a document is written anew as one. */
const COMPACT_UPDATES = 500
const COMPACT_BYTES = 1 << 20
/** So many updates wait for the disk at most; more are replaced by one of the whole document. */
const QUEUE_MAX = 1_000
/** A full disk is tried again after this time, and with the next edit. */
const RETRY_MS = 30_000

/**
 * - `none`: not wanted, or not possible here.
 * - `loading`, `kept`, `writing`: in order; only with `kept` everything is on the device.
 * - `full`: there is no room; what is in memory is not on the device.
 * - `failed`: the browser's database does not work.
 */
export type LocalCopyState = 'none' | 'loading' | 'kept' | 'writing' | 'full' | 'failed'

interface UpdateRecord { document: string, update: Uint8Array }
interface UnsavedRecord { document: string, client: number, content: PlainContent }

/** The record to write, or whose record to remove. */
type Unsaved = UnsavedRecord | { client: number, content: null }

/** What was on the device: updates to apply, and what of them was never acknowledged. */
export interface Kept { updates: Uint8Array[], unsaved: Content }

/** The document's copy in IndexedDB: a log of updates that any number of tabs append to. */
export class LocalCopy {
  readonly #document: string
  readonly #whole: () => Uint8Array
  readonly #changed: (state: LocalCopyState) => void
  #database: IDBDatabase | null = null
  #state: LocalCopyState = 'loading'
  #queue: Uint8Array[] = []
  /** The unsaved record to write with the next updates; `undefined`: it is as it should be. */
  #unsaved: Unsaved | undefined
  /** Records of clients that are gone, which this one has taken over. */
  #adopted: number[] = []
  #flushing: Promise<void> | null = null
  #retry: ReturnType<typeof setTimeout> | undefined
  #updates = 0
  #bytes = 0
  #closed = false

  /** `document` names the copy: the server, the account and the document; `whole` encodes all of it. */
  constructor (document: string, whole: () => Uint8Array, changed: (state: LocalCopyState) => void) {
    this.#document = document
    this.#whole = whole
    this.#changed = changed
  }

  get state (): LocalCopyState { return this.#state }

  /** Opens the copy. What fails here is a state, and no error: editing goes on without a copy. */
  async load (): Promise<Kept> {
    const nothing = { updates: [], unsaved: new Content() }
    if (!hasDatabase()) {
      this.#become('none')
      return nothing
    }
    try {
      this.#database = await openDatabase()
      const kept = await this.#read()
      this.#become('writing')
      this.#schedule()
      return kept
    } catch (error) {
      console.warn('unisson: no local copy', error)
      this.#become('failed')
      return nothing
    }
  }

  /** Keeps an update. */
  append (update: Uint8Array): void {
    if (this.#state === 'none' || this.#state === 'failed' || this.#closed) return
    if (this.#queue.length >= QUEUE_MAX) this.#queue = [this.#whole()]
    else this.#queue.push(update)
    this.#schedule()
  }

  /** Keeps what `client` has made and the server has not acknowledged. */
  keepUnsaved (client: number, content: Content): void {
    if (this.#state === 'none' || this.#state === 'failed' || this.#closed) return
    this.#unsaved = content.isEmpty
      ? { client, content: null }
      : { document: this.#document, client, content: content.toPlain() }
    this.#schedule()
  }

  /** Resolves when all that was appended is on the device, or cannot be put there. */
  async flushed (): Promise<void> {
    while (this.#flushing !== null) await this.#flushing
  }

  /** Writes the log anew as one update, where it has become long. `merge` may decline by `null`. */
  async compact (merge: (updates: Uint8Array[]) => Uint8Array | null): Promise<void> {
    if (this.#updates < COMPACT_UPDATES && this.#bytes < COMPACT_BYTES) return
    const compact = async (): Promise<void> => await this.#compact(merge)
    // Tabs that do this at once are no danger, since the transaction holds; only wasteful.
    if (navigator.locks === undefined) return await compact()
    await navigator.locks.request(`unisson ${this.#document}`, { ifAvailable: true }, async (lock) => {
      if (lock !== null) await compact()
    })
  }

  /** Removes everything that is kept of the document. */
  async wipe (): Promise<void> {
    this.#queue = []
    this.#unsaved = undefined
    await this.flushed()
    this.#closed = true
    const database = this.#database ?? (hasDatabase() ? await openDatabase() : null)
    if (database === null) return
    await transact(database, [UPDATES, UNSAVED], 'readwrite', async (transaction) => {
      for (const name of [UPDATES, UNSAVED]) {
        const store = transaction.objectStore(name)
        const keys = await result(store.index(BY_DOCUMENT).getAllKeys(this.#document))
        keys.forEach((key) => store.delete(key))
      }
    })
    database.close()
    this.#become('none')
  }

  /** Writes what is left and closes. */
  async close (): Promise<void> {
    await this.flushed()
    this.#closed = true
    clearTimeout(this.#retry)
    this.#database?.close()
  }

  async #read (): Promise<Kept> {
    const [updates, unsaved] = await this.#transact([UPDATES, UNSAVED], 'readonly', async (transaction) =>
      await Promise.all([
        result<UpdateRecord[]>(transaction.objectStore(UPDATES).index(BY_DOCUMENT).getAll(this.#document)),
        result<UnsavedRecord[]>(transaction.objectStore(UNSAVED).index(BY_DOCUMENT).getAll(this.#document))
      ]))
    const all = new Content()
    unsaved.forEach(({ content }) => all.add(Content.from(content)))
    this.#adopted = unsaved.map(({ client }) => client)
    this.#updates = updates.length
    return { updates: updates.map(({ update }) => update), unsaved: all }
  }

  async #transact<T> (
    stores: string[], mode: IDBTransactionMode, body: (transaction: IDBTransaction) => Promise<T>
  ): Promise<T> {
    if (this.#database === null) throw new Error('the local database is not open')
    return await transact(this.#database, stores, mode, body)
  }

  #schedule (): void {
    if (this.#state === 'loading' || this.#flushing !== null || this.#closed) return
    this.#become('writing')
    this.#flushing = this.#flush().finally(() => {
      this.#flushing = null
      if (this.#state === 'writing' && this.#hasWork) this.#schedule()
    })
  }

  get #hasWork (): boolean { return this.#queue.length > 0 || this.#unsaved !== undefined }

  /** One transaction for all that waits. */
  async #flush (): Promise<void> {
    await Promise.resolve()
    const queue = this.#queue
    const unsaved = this.#unsaved
    this.#queue = []
    this.#unsaved = undefined
    try {
      if (queue.length > 0 || unsaved !== undefined) await this.#write(queue, unsaved)
      this.#updates += queue.length
      this.#bytes += queue.reduce((sum, update) => sum + update.length, 0)
      if (!this.#hasWork) this.#become('kept')
    } catch (error) {
      this.#queue = [...queue, ...this.#queue]
      this.#unsaved ??= unsaved
      this.#failed(error)
    }
  }

  async #write (queue: Uint8Array[], unsaved: Unsaved | undefined): Promise<void> {
    await this.#transact([UPDATES, UNSAVED], 'readwrite', async (transaction) => {
      const updates = transaction.objectStore(UPDATES)
      queue.forEach((update) => updates.add({ document: this.#document, update } satisfies UpdateRecord))
      if (unsaved !== undefined) this.#writeUnsaved(transaction.objectStore(UNSAVED), unsaved)
    })
  }

  #writeUnsaved (store: IDBObjectStore, unsaved: Unsaved): void {
    if (unsaved.content !== null) {
      store.put(unsaved)
      return
    }
    store.delete([this.#document, unsaved.client])
    // Theirs is acknowledged as well.
    this.#adopted.forEach((client) => store.delete([this.#document, client]))
    this.#adopted = []
  }

  async #compact (merge: (updates: Uint8Array[]) => Uint8Array | null): Promise<void> {
    await this.#transact([UPDATES], 'readwrite', async (transaction) => {
      const store = transaction.objectStore(UPDATES)
      const index = store.index(BY_DOCUMENT)
      const keys = await result(index.getAllKeys(this.#document))
      const records = await result<UpdateRecord[]>(index.getAll(this.#document))
      const update = merge(records.map((record) => record.update))
      if (update === null) return
      keys.forEach((key) => store.delete(key))
      store.add({ document: this.#document, update } satisfies UpdateRecord)
    })
    this.#updates = 1
    this.#bytes = 0
  }

  #failed (error: unknown): void {
    if (this.#closed) return
    const full = error instanceof DOMException && error.name === 'QuotaExceededError'
    if (!full) console.warn('unisson: the local copy cannot be written', error)
    this.#become(full ? 'full' : 'failed')
    clearTimeout(this.#retry)
    if (full) this.#retry = setTimeout(() => this.#schedule(), RETRY_MS)
  }

  #become (state: LocalCopyState): void {
    if (state === this.#state) return
    this.#state = state
    this.#changed(state)
  }
}
