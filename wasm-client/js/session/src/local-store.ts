import type { Change, Content, Engine } from './engine.js'
import { LocalCopy, type LocalCopyState } from './local-copy.js'
import { Tabs, type TabMessage } from './tabs.js'

/** What a session is told about its local copy. */
export interface LocalStoreEvents {
  changed: (state: LocalCopyState) => void
  /** Edits that nobody else will send to the server. */
  adopt: (content: Content) => void
  signedOut: () => void
  /** Whether this tab's edits reach the server now. */
  sends: () => boolean
}

/** After a hole in what another tab told, it is asked for all that is missing; not more often. */
const ASK_AGAIN_MS = 1_000

/** The document on this device: its copy in the database, and the other tabs that have it open. */
export class LocalStore {
  readonly loaded: Promise<void>
  readonly #engine: Engine
  readonly #events: LocalStoreEvents
  readonly #copy: LocalCopy
  readonly #tabs: Tabs
  /** The origins of the transactions that bring in what is on the device. */
  readonly #stored = { from: 'the local copy' }
  readonly #told = { from: 'another tab' }
  #asked: ReturnType<typeof setTimeout> | null = null

  constructor (name: string, engine: Engine, events: LocalStoreEvents) {
    this.#engine = engine
    this.#events = events
    this.#copy = new LocalCopy(name, () => engine.diff(Uint8Array.of(0)), events.changed)
    this.#tabs = new Tabs(name, (message) => this.#received(message))
    this.loaded = this.#load()
  }

  get state (): LocalCopyState { return this.#copy.state }

  isOrigin (origin: unknown): boolean { return origin === this.#stored || origin === this.#told }

  /** Keeps a change that did not come from the device, and tells the other tabs what was made here. */
  changed (change: Change, unsaved: Content, keep: boolean, tell: boolean): void {
    if (!keep) return
    this.#copy.append(change.update)
    if (tell) {
      this.#copy.keepUnsaved(this.#engine.clientId, unsaved)
      this.#tabs.tell({ tell: 'update', update: change.update, sends: this.#events.sends() })
    }
    void this.#copy.compact((updates) => this.#merge(updates)).catch((error: unknown) => {
      console.warn('unisson: the local copy could not be made smaller', error)
    })
  }

  /** The server has acknowledged everything. */
  allSaved (unsaved: Content): void { this.#copy.keepUnsaved(this.#engine.clientId, unsaved) }

  async wipe (): Promise<void> {
    this.#tabs.tell({ tell: 'signed-out' })
    await this.#copy.wipe()
  }

  async close (): Promise<void> {
    this.#tabs.close()
    if (this.#asked !== null) clearTimeout(this.#asked)
    await this.#copy.close()
  }

  async #load (): Promise<void> {
    const { updates, unsaved } = await this.#copy.load()
    for (const update of updates) this.#take(update, this.#stored)
    if (!unsaved.isEmpty) this.#events.adopt(unsaved)
    this.#ask()
  }

  #take (update: Uint8Array, origin: unknown): 'integrated' | 'hole' {
    try {
      return this.#engine.apply(update, origin)
    } catch (error) {
      // One bad record must not keep the others, nor the server, from being read.
      console.warn('unisson: an update on this device cannot be read', error)
      return 'integrated'
    }
  }

  /** All that is in the log, other tabs' part included, as one update. */
  #merge (updates: Uint8Array[]): Uint8Array | null {
    for (const update of updates) this.#engine.apply(update, this.#stored)
    return this.#engine.hasGap ? null : this.#engine.diff(Uint8Array.of(0))
  }

  #received (message: TabMessage): void {
    switch (message.tell) {
      case 'update': return this.#receivedUpdate(message.update, message.sends)
      case 'wanted': {
        const update = this.#engine.diff(message.stateVector)
        return this.#tabs.tell({ tell: 'update', update, sends: this.#events.sends() })
      }
      case 'signed-out':
        void this.#copy.wipe()
        return this.#events.signedOut()
    }
  }

  #receivedUpdate (update: Uint8Array, sends: boolean): void {
    if (this.#take(update, this.#told) === 'hole') return this.#ask()
    // Its author has no connection now: this tab sends it too, for it may be closed before.
    if (!sends && this.#events.sends()) this.#events.adopt(this.#engine.content(update))
  }

  #ask (): void {
    if (this.#asked !== null) return
    this.#tabs.tell({ tell: 'wanted', stateVector: this.#engine.stateVector() })
    this.#asked = setTimeout(() => { this.#asked = null }, ASK_AGAIN_MS)
  }
}
