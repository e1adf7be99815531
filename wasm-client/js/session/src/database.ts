/** The IndexedDB database of all local copies of an origin. */
const NAME = 'unisson'
const VERSION = 1
/** Updates of all documents, in the order in which they came; the index `document` finds those of one. */
export const UPDATES = 'updates'
/** What is not yet acknowledged, per document and the client that made it. */
export const UNSAVED = 'unsaved'
export const BY_DOCUMENT = 'document'

/** Whether there is a place for local copies here. */
export const hasDatabase = (): boolean => typeof indexedDB === 'object' && indexedDB !== null

export const openDatabase = async (): Promise<IDBDatabase> => {
  const request = indexedDB.open(NAME, VERSION)
  request.onupgradeneeded = () => {
    const database = request.result
    database.createObjectStore(UPDATES, { autoIncrement: true }).createIndex(BY_DOCUMENT, 'document')
    database.createObjectStore(UNSAVED, { keyPath: ['document', 'client'] }).createIndex(BY_DOCUMENT, 'document')
  }
  const database = await result(request)
  // A tab that signs out deletes the database: no other one may stand in its way.
  database.onversionchange = () => database.close()
  return database
}

/** Deletes every local copy of this origin: for the sign-out of a portal. */
export const forgetLocalCopies = async (): Promise<void> => {
  if (!hasDatabase()) return
  await result(indexedDB.deleteDatabase(NAME))
}

export const result = <T> (request: IDBRequest<T>): Promise<T> => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result)
  request.onerror = () => reject(request.error ?? new Error('the local database failed'))
})

/** Runs `body` in a transaction; resolves when everything is written, rejects when nothing is. */
export const transact = async <T> (
  database: IDBDatabase, stores: string[], mode: IDBTransactionMode, body: (transaction: IDBTransaction) => Promise<T>
): Promise<T> => {
  const transaction = database.transaction(stores, mode)
  const done = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? new Error('the local database failed'))
  })
  const [value] = await Promise.all([body(transaction), done])
  return value
}
