import { Alarm, now } from './clock.js'
import type { Comeback } from './close-codes.js'
import { Connection, type Member } from './connection.js'
import { Emitter, reportLater } from './emitter.js'
import type { Change, Engine } from './engine.js'
import type { Incoming } from './frames.js'
import { Link, type LineState, type Order } from './link.js'
import { LocalStore } from './local-store.js'
import type { LocalCopyState } from './local-copy.js'
import { LeaveGuard, onLeave, onReturn } from './page.js'
import type { Transport } from './opening-socket.js'
import { settingsFrom, type SessionOptions, type Settings } from './options.js'
import type { AwarenessLike, PresenceFields } from './presence.js'
import { PresenceLink } from './presence-link.js'
import type { Status } from './status.js'
import { renewalOf, TokenSource, type Token } from './token.js'

/** What a session announces, and with what. */
export interface SessionEvents extends Record<string, unknown> {
  'status': Status
  /** Client and server have, or no longer have, exchanged everything since the connection opened. */
  'synced': boolean
  /** Everything that was unsaved is durable now. */
  'saved': undefined
  'presence': ReadonlyMap<number, PresenceFields>
  /** The server refused this client or an edit of it. */
  'refused': { reason: string }
  'read-only': boolean
  /** A message of the application. */
  'stateless': string
  /** The state of the copy on the device. */
  'local-copy': LocalCopyState
  'destroyed': undefined
}

/** Why a session cannot do what was awaited. */
export class SessionError extends Error {
  override readonly name = 'SessionError'
}

/** One document, shared over a server. See {@link Status} for what it promises. */
export class SessionCore<Awareness extends AwarenessLike> {
  readonly awareness: Awareness
  readonly #settings: Settings
  readonly #engine: Engine
  readonly #events = new Emitter<SessionEvents>()
  readonly #tokens: TokenSource
  readonly #link: Link
  readonly #presence: PresenceLink
  readonly #local: LocalStore | null
  readonly #guard = new LeaveGuard()
  readonly #alarm = new Alarm(() => this.#carryOut(this.#link.tick(now())))
  readonly #renewal = new Alarm(() => { void this.#renewToken() })
  readonly #ends: Array<() => void>
  readonly #member: Member
  #connection: Connection | null = null
  #wantsConnection = false
  #destroyed = false
  #reported = { status: 'offline' as Status, synced: false, readOnly: false, unsaved: false }
  readonly #waiting = new Set<() => void>()

  protected constructor (options: SessionOptions, engine: Engine, awareness: Awareness) {
    this.#settings = settingsFrom(options)
    const { dialect, document, user, persistent, copy } = this.#settings
    this.#engine = engine
    this.awareness = awareness
    this.#tokens = new TokenSource(this.#settings.token)
    this.#link = new Link(dialect, document, engine, this)
    this.#member = this.#makeMember()
    this.#presence = new PresenceLink(awareness,
      (presence) => this.#carryOut(this.#link.say({ say: 'presence', presence })),
      () => this.#events.emit('presence', awareness.getStates()))
    this.#local = persistent ? new LocalStore(copy, engine, this.#localEvents()) : null
    if (user !== undefined) awareness.setLocalStateField('user', user)
    this.#ends = [
      engine.onChange((change) => this.#changed(change)),
      onLeave(() => this.#presence.leave()),
      onReturn(() => this.#presence.opened())
    ]
    this.#adoptExisting()
    if (this.#settings.connects) this.connect()
  }

  get status (): Status { return this.#link.status }
  get synced (): boolean { return this.#link.inSync }
  /** Whether the server has not acknowledged some edit, connected or not. */
  get unsaved (): boolean { return !this.#link.ledger.unsaved.isEmpty }
  /** Whether edits are not taken now. An editor has to follow it. */
  get readOnly (): boolean { return this.#link.readOnly }
  get destroyed (): boolean { return this.#destroyed }
  get document (): string { return this.#settings.document }
  /** What carries the document now: for statistics and support, there is nothing to do about it. */
  get transport (): Transport | null { return this.#connection?.transport ?? null }
  get localCopy (): LocalCopyState { return this.#local?.state ?? 'none' }

  on<Name extends keyof SessionEvents & string> (name: Name, listener: (detail: SessionEvents[Name]) => void): this {
    this.#events.on(name, listener)
    return this
  }

  off<Name extends keyof SessionEvents & string> (name: Name, listener: (detail: SessionEvents[Name]) => void): this {
    this.#events.off(name, listener)
    return this
  }

  /** Resolves when the copy on the device, if there is one, is part of the document. */
  async whenLoaded (): Promise<void> { await this.#local?.loaded }

  /** Resolves in sync; rejects where that cannot come by itself. Waits while offline. */
  async whenSynced (): Promise<void> { await this.#when(() => this.synced) }

  /** Resolves when the server has said that every edit made so far is durable. Waits while offline. */
  async whenSaved (): Promise<void> { await this.#when(() => this.synced && !this.unsaved) }

  /** Connects, or tries again at once what is waiting, was refused or has failed. */
  connect (): void {
    if (this.#destroyed) throw new SessionError('the session was destroyed')
    this.#wantsConnection = true
    this.#link.start()
    // What is on the device comes first: the server need not send it again.
    void this.whenLoaded().then(() => {
      if (!this.#wantsConnection) return
      if (this.#connection !== null) return this.#connection.start()
      const { dialect, url, transports } = this.#settings
      this.#connection = Connection.join(dialect, url, transports, this.#member)
      this.#report()
    })
  }

  /** Goes offline until `connect()`. */
  disconnect (): void {
    this.#wantsConnection = false
    if (this.#connection === null) return
    this.#presence.leave()
    this.#carryOut(this.#link.say({ say: 'leave' }))
    this.#leaveConnection()
  }

  /** Another token, or another way to get one. It is used at once. */
  setToken (token: Token): void {
    this.#tokens.replace(token)
    const final = this.#link.refusal !== null || this.#link.failure !== null
    if (final) return this.connect()
    if (this.#connection !== null && this.#link.inSync) void this.#renewToken()
  }

  /** Sends a message of the application to the other clients. Says whether it could be sent. */
  sendStateless (text: string): boolean {
    if (this.#settings.dialect !== 'hocuspocus' || !this.#link.inSync) return false
    this.#carryOut(this.#link.say({ say: 'stateless', text }))
    return true
  }

  /**
   * Disconnects, and removes the document from this device, in all tabs. Rejects while an edit is
   * unsaved, unless `discardUnsaved`: what is removed cannot be saved later.
   */
  async signOut ({ discardUnsaved = false } = {}): Promise<void> {
    if (this.unsaved && !discardUnsaved) throw new SessionError('an edit is not saved yet')
    this.disconnect()
    this.#tokens.replace('')
    this.#guard.hold(false)
    await this.#local?.wipe()
  }

  /** Ends the session. What is unsaved stays on the device, where there is a copy. */
  destroy (): void {
    if (this.#destroyed) return
    this.disconnect()
    this.#destroyed = true
    this.#ends.forEach((end) => end())
    this.#alarm.set(null)
    this.#renewal.set(null)
    this.#guard.hold(false)
    this.#presence.destroy()
    void this.#local?.close()
    this.#report()
    this.#events.emit('destroyed', undefined)
    this.#events.clear()
  }

  #makeMember (): Member {
    return {
      name: this.#settings.document,
      firstToken: async () => {
        const token = await this.#tokens.first()
        this.#renewal.set(renewalOf(token, now()))
        return token
      },
      lineIs: (state: LineState) => {
        this.#link.lineIs(state)
        this.#report()
      },
      opened: (token: string) => {
        this.#carryOut(this.#link.opened(token))
        this.#presence.opened()
      },
      received: (message: Incoming) => this.#carryOut(this.#link.received(now(), message)),
      closed: (comeback: Comeback, code: number, reason: string) => {
        this.#carryOut(this.#link.closed(comeback, code, reason))
        this.#presence.closed()
      },
      probe: () => this.#carryOut(this.#link.probe())
    }
  }

  #localEvents (): ConstructorParameters<typeof LocalStore>[2] {
    return {
      changed: (state) => { this.#events.emit('local-copy', state); this.#report() },
      adopt: (content) => this.#carryOut(this.#link.adopted(content)),
      signedOut: () => {
        this.disconnect()
        this.#events.emit('refused', { reason: 'signed out in another tab' })
      },
      sends: () => this.#link.inSync
    }
  }

  /** What was in the document before the session is an edit like any other. */
  #adoptExisting (): void {
    const update = this.#engine.diff(Uint8Array.of(0))
    const content = this.#engine.content(update)
    if (!content.isEmpty) this.#changed({ update, content, origin: null })
  }

  #changed (change: Change): void {
    const fromServer = change.origin === this
    const fromHere = !fromServer && this.#local?.isOrigin(change.origin) !== true
    if (fromHere) this.#carryOut(this.#link.changed(change))
    this.#local?.changed(change, this.#link.ledger.unsaved, fromServer || fromHere, fromHere)
    this.#report()
  }

  #carryOut (orders: Order[]): void {
    for (const order of orders) this.#carryOutOne(order)
    this.#alarm.set(this.#link.nextWakeup)
    this.#report()
  }

  #carryOutOne (order: Order): void {
    switch (order.order) {
      case 'send': this.#connection?.send(order.frame); return
      case 'reconnect': this.#connection?.reset(); return
      case 'token': void this.#askToken(order.reason); return
      case 'synced': this.#connection?.inSync(); return
      case 'refused': this.#events.emit('refused', { reason: order.reason }); return
      case 'presence': this.#presence.received(order.presence); return
      case 'presence-wanted': this.#presence.wanted(); return
      case 'stateless': this.#events.emit('stateless', order.text)
    }
  }

  async #renewToken (): Promise<void> { await this.#askToken('expiring') }

  async #askToken (reason: 'expiring' | 'refused'): Promise<void> {
    let token: string | null = null
    try {
      token = await this.#tokens.another(reason)
    } catch (error) {
      // The application cannot say now: what it has is used until it is refused.
      reportLater(error)
    }
    if (this.#destroyed) return
    if (token !== null) this.#renewal.set(renewalOf(token, now()))
    this.#carryOut(this.#link.tokenCame(token))
    if (token !== null && reason === 'refused') this.#connection?.start()
  }

  #leaveConnection (): void {
    this.#connection?.leave(this.#member)
    this.#connection = null
    this.#link.closed('soon', 1000, '')
    this.#presence.closed()
    this.#alarm.set(null)
    this.#renewal.set(null)
    this.#report()
  }

  /** Announces what is different from what was announced last. */
  #report (): void {
    // A refused document is off the socket, which may serve others.
    const final = this.#link.refusal !== null || this.#link.failure !== null
    if (final && this.#connection !== null) return this.#leaveConnection()
    const before = this.#reported
    const after = { status: this.status, synced: this.synced, readOnly: this.readOnly, unsaved: this.unsaved }
    this.#reported = after
    this.#guard.hold(after.unsaved && this.localCopy !== 'kept')
    if (before.readOnly !== after.readOnly) this.#events.emit('read-only', after.readOnly)
    if (before.synced !== after.synced) this.#events.emit('synced', after.synced)
    if (before.status !== after.status) this.#events.emit('status', after.status)
    if (before.unsaved && !after.unsaved) {
      this.#local?.allSaved(this.#link.ledger.unsaved)
      this.#events.emit('saved', undefined)
    }
    this.#settleWaiting()
  }

  #settleWaiting (): void { [...this.#waiting].forEach((settle) => settle()) }

  async #when (condition: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const settle = (): void => {
        const reason = this.#destroyed ? 'the session was destroyed' : this.#finalReason()
        if (!condition() && reason === null) return
        this.#waiting.delete(settle)
        if (condition()) resolve()
        else reject(new SessionError(reason ?? ''))
      }
      this.#waiting.add(settle)
      settle()
    })
  }

  #finalReason (): string | null {
    if (this.#link.failure !== null) return `the connection was closed for good, with code ${this.#link.failure}`
    return this.status === 'refused' ? this.#link.refusal ?? 'the server refused an edit' : null
  }
}
