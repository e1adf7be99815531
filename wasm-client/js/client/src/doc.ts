import { MalformedUpdateError, reportLater, type Change } from '@unisson/session'
import { contentFrom } from './content.js'
import { readEvents, type Observer, type SharedEvent } from './events.js'
import { KIND, sharedOf, type KindName, type Shared, type SharedArray, type SharedMap, type Text, unwrap, whole, type XmlFragment } from './types.js'
import { decodeValue, type Wrapped } from './values.js'
import { merged, WasmDocument } from './wasm/unisson_client.js'

/** After so many changes the way back from a trap is shortened to one update. */
const JOURNAL_MAX = 500

/** A call that the engine could not carry out: nothing of it is in the document. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
}

export interface DocOptions {
  /** An integer below 2^53 that no other copy uses; random unless given. */
  clientId?: number
  /** Keeps what is deleted, at the price of memory, so that {@link Doc.at} can show earlier states. */
  keepsDeleted?: boolean
}

interface Observed { shared: Shared, observer: Observer, deep: boolean }

/** A document in the WASM engine. Call `load()` first. */
export class Doc {
  #clientId: number
  #engine: WasmDocument
  /** Everything that happened, for the way back from a trap. */
  #journal: Uint8Array[] = []
  readonly #changes = new Set<(change: Change) => void>()
  readonly #rebuilds = new Set<() => void>()
  readonly #settled = new Set<() => void>()
  readonly #observed = new Map<number, Observed>()
  #observers = 0
  /** Origins of the application by the text that the engine knows them by. */
  readonly #origins = new Map<string, unknown>()
  /** The kinds of the roots that were asked for: updates do not carry them. */
  readonly #roots = new Map<string, number>()
  #settling = false
  /** The engine may hold changes that are not announced. */
  #dirty = false
  #depth = 0
  #origin: unknown = null
  #readOnly = false
  #destroyed = false
  readonly #keepsDeleted: boolean

  constructor ({ clientId = randomClientId(), keepsDeleted = false }: DocOptions = {}) {
    this.#clientId = clientId
    this.#keepsDeleted = keepsDeleted
    this.#engine = new WasmDocument(clientId, keepsDeleted)
  }

  get clientID (): number { return this.#clientId }
  get destroyed (): boolean { return this.#destroyed }

  getText (name: string): Text { return this.#root('text', name) as Text }
  getMap (name: string): SharedMap { return this.#root('map', name) as SharedMap }
  getArray (name: string): SharedArray { return this.#root('array', name) as SharedArray }
  getXmlFragment (name: string): XmlFragment { return this.#root('xmlFragment', name) as XmlFragment }

  /**
   * Runs edits as one: one update, one call of each observer, one step of undo. Observers are called
   * after it; what they are told of several edits applies in that order.
   */
  transact<T> (edits: () => T, origin: unknown = null): T {
    const outer = this.#origin
    if (this.#depth === 0) {
      this.#origin = origin
      this.#engine.set_time(Date.now())
    }
    this.#depth += 1
    try {
      return edits()
    } finally {
      this.#depth -= 1
      if (this.#depth === 0) {
        this.#origin = outer
        this.#settle()
      }
    }
  }

  /** Edits throw while it is so: one that can never be sent would part this copy from all others. */
  setReadOnly (readOnly: boolean): void { this.#readOnly = readOnly }

  stateVector (): Uint8Array { return this.read((engine) => engine.state_vector()) }

  /** Everything that a copy with this state vector misses, by default everything. */
  encodeUpdate (stateVector: Uint8Array = Uint8Array.of(0), format: 'v1' | 'v2' = 'v1'): Uint8Array {
    return this.read((engine) => format === 'v1' ? engine.diff(stateVector) : engine.diff_v2(stateVector))
  }

  /** Takes an update in; `hole` says that something before it is missing, and nothing was taken in. */
  applyUpdate (update: Uint8Array, origin: unknown = null, format: 'v1' | 'v2' = 'v1'): 'integrated' | 'hole' {
    const name = this.originName(origin) ?? 'update'
    this.#dirty = true
    const whole = this.#guarded((engine) => {
      try {
        return format === 'v1' ? engine.apply(update, name) : engine.apply_v2(update, name)
      } catch (cause) {
        if (cause instanceof WebAssembly.RuntimeError) throw cause
        throw new MalformedUpdateError('the update cannot be read', { cause })
      }
    })
    if (this.#depth === 0) this.#settle()
    return whole ? 'integrated' : 'hole'
  }

  /** What the document holds now, in the bytes of Yjs (`Y.encodeSnapshot`): small, and to be shown later. */
  snapshot (): Uint8Array { return this.read((engine) => engine.snapshot()) }

  /** A document as this one was at a snapshot. Needs `keepsDeleted`, and all that the snapshot names. */
  at (snapshot: Uint8Array): Doc {
    const update = this.read((engine) => engine.state_at(snapshot))
    const then = new Doc()
    then.applyUpdate(update)
    return then
  }

  /** A position that stays with what it points at, in the bytes of Yjs. `assoc` as in Yjs. */
  relativePosition (shared: Shared, index: number, assoc = 0): Uint8Array {
    return this.read((engine) => engine.position(shared.id, whole(index), assoc >= 0))
  }

  /** Where a position is now; `null` where it is gone. */
  resolvePosition (position: Uint8Array): { type: Shared, index: number } | null {
    const bytes = this.read((engine) => engine.resolve_position(position))
    if (bytes === undefined) return null
    const [type, index] = decodeValue<[Wrapped, number]>(bytes)
    return { type: unwrap(this, type) as Shared, index }
  }

  /** Calls `listener` after each transaction. */
  onChange (listener: (change: Change) => void): () => void {
    this.#changes.add(listener)
    return () => this.#changes.delete(listener)
  }

  /** Calls `listener` when the engine trapped, and the document was built anew. */
  onRebuild (listener: () => void): () => void {
    this.#rebuilds.add(listener)
    return () => this.#rebuilds.delete(listener)
  }

  /** For the parts of this package: calls `listener` after observers have been told of a transaction. */
  onSettled (listener: () => void): () => void {
    this.#settled.add(listener)
    return () => this.#settled.delete(listener)
  }

  observe (shared: Shared, observer: Observer, deep: boolean): void {
    const number = this.#observers
    this.#observers += 1
    this.#observed.set(number, { shared, observer, deep })
    this.#guarded((engine) => engine.observe(shared.id, number))
  }

  unobserve (shared: Shared, observer: Observer): void {
    for (const [number, observed] of this.#observed) {
      if (observed.shared.id !== shared.id || observed.observer !== observer) continue
      this.#observed.delete(number)
      this.#guarded((engine) => engine.unobserve(shared.id, number))
    }
  }

  /** For the parts of this package: a call that changes nothing. */
  read<T> (call: (engine: WasmDocument) => T): T { return this.#guarded(call) }

  /** For the parts of this package: a call that may change something. */
  write<T> (call: (engine: WasmDocument, origin: string | undefined) => T): T {
    if (this.#readOnly) throw new EngineError('the document is read-only')
    return this.transact(() => {
      this.#dirty = true
      return this.#guarded((engine) => call(engine, this.originName(this.#origin)))
    }, this.#origin)
  }

  /** For the parts of this package: what the engine calls an origin. */
  originName (origin: unknown): string | undefined {
    if (origin === null || origin === undefined) return undefined
    for (const [name, known] of this.#origins) if (known === origin) return name
    const name = `origin ${this.#origins.size}`
    this.#origins.set(name, origin)
    return name
  }

  destroy (): void {
    if (this.#destroyed) return
    this.#destroyed = true
    this.#changes.clear()
    this.#settled.clear()
    this.#observed.clear()
    this.#engine.free()
  }

  #root (kind: KindName, name: string): Shared {
    const id = this.#guarded((engine) => engine.root(KIND[kind], name))
    this.#roots.set(name, KIND[kind])
    return sharedOf(this, KIND[kind], id, '')
  }

  /** A trap ends the engine's document: it is built anew, and the call that did it throws. */
  #guarded<T> (call: (engine: WasmDocument) => T): T {
    try {
      return call(this.#engine)
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error
      this.#rebuild()
      throw new EngineError('the engine failed, and has started again without this transaction', { cause: error })
    }
  }

  #rebuild (): void {
    // The clocks of the old id may be half used.
    this.#clientId = randomClientId()
    this.#engine = new WasmDocument(this.#clientId, this.#keepsDeleted)
    this.#journal.forEach((update) => this.#engine.apply(update, 'update'))
    this.#roots.forEach((kind, name) => this.#engine.root(kind, name))
    this.#engine.take_changes()
    for (const [number, { shared }] of this.#observed) {
      try {
        this.#engine.observe(shared.id, number)
      } catch (error) {
        reportLater(error)
      }
    }
    this.#rebuilds.forEach((listener) => listener())
  }

  /** Announces what has happened, now that nothing is open; what listeners do then comes after it. */
  #settle (): void {
    if (this.#settling) return
    this.#settling = true
    try {
      // Listeners may edit.
      while (this.#dirty) this.#settleOnce()
    } finally {
      this.#settling = false
    }
  }

  #settleOnce (): void {
    this.#dirty = false
    const changes = this.#engine.take_changes()
    const events = this.#observed.size === 0 ? [] : this.#engine.take_events()
    let last: Change | null = null
    for (const change of changes) {
      const name = change.origin()
      const read: Change = {
        update: change.update(),
        content: contentFrom(change.content()),
        origin: name === undefined ? null : this.#origins.get(name) ?? name
      }
      change.free()
      last = last !== null && last.origin === read.origin ? this.#joined(last, read) : this.#announce(last, read)
    }
    if (last !== null) this.#announce(last, null)
    this.#announceEvents(events, last?.origin ?? null)
    this.#settled.forEach((listener) => listener())
  }

  #joined (first: Change, second: Change): Change {
    first.content.add(second.content)
    return { update: merged(first.update, second.update), content: first.content, origin: first.origin }
  }

  #announce<T> (change: Change | null, next: T): T {
    if (change === null) return next
    this.#journal.push(change.update)
    if (this.#journal.length > JOURNAL_MAX) this.#journal = [this.#engine.diff(Uint8Array.of(0))]
    for (const listener of [...this.#changes]) {
      try {
        listener(change)
      } catch (error) {
        reportLater(error)
      }
    }
    return next
  }

  #announceEvents (events: ReturnType<WasmDocument['take_events']>, origin: unknown): void {
    const byObserver = new Map<number, SharedEvent[]>()
    for (const event of events) {
      const number = event.observer()
      const observed = this.#observed.get(number)
      const seen = observed === undefined ? [] : readEvents(this, event.bytes())
      event.free()
      const wanted = observed?.deep === false ? seen.filter(({ target }) => target.id === observed.shared.id) : seen
      byObserver.set(number, [...byObserver.get(number) ?? [], ...wanted])
    }
    for (const [number, seen] of byObserver) {
      if (seen.length === 0) continue
      try {
        this.#observed.get(number)?.observer(seen, origin)
      } catch (error) {
        reportLater(error)
      }
    }
  }
}

/** 53 random bits: no two clients may have the same. */
const randomClientId = (): number => {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2))
  return (high & 0x1F_FFFF) * 2 ** 32 + low
}
