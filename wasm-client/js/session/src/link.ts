import { Content, MalformedUpdateError, type Change, type Engine } from './engine.js'
import { encode, type Dialect, type Incoming, type Outgoing } from './frames.js'
import type { Comeback } from './close-codes.js'
import { Ledger } from './ledger.js'
import { lowered } from './state-vector.js'
import type { Status } from './status.js'

/** Wait before asking again after an answer that itself had a hole. */
const RESYNC_MS = 1_000
/** The update that says nothing. */
const NOTHING = Uint8Array.of(0, 0)

/** What the shell has to do, in this order. */
export type Order =
  | { order: 'send', frame: Uint8Array }
  /** Close the socket and start anew: this document cannot go on here. */
  | { order: 'reconnect' }
  /** Ask the application for a token, then call {@link Link.tokenCame}. */
  | { order: 'token', reason: 'expiring' | 'refused' }
  | { order: 'synced' }
  | { order: 'refused', reason: string }
  | { order: 'presence', presence: Uint8Array }
  | { order: 'presence-wanted' }
  | { order: 'stateless', text: string }

/** What the socket is doing. */
export type LineState = 'down' | 'opening' | 'open'

/**
 * One document's conversation with a server, on whatever socket there is. It takes facts, with the
 * time they happened, and returns orders: no clock, no socket, no timer.
 */
export class Link {
  readonly ledger: Ledger
  readonly #dialect: Dialect
  readonly #name: string
  readonly #engine: Engine
  readonly #origin: unknown
  #line: LineState = 'down'
  #readOnly = false
  #refusal: string | null = null
  #failure: number | null = null
  /** The application was asked for another token, and none was accepted since. */
  #tokenAsked = false
  /** A refusal waits for the token that may undo it. */
  #denial: string | null = null
  /** The server's state vector was answered, on this connection. */
  #told = false
  /** The server answered ours, on this connection. */
  #heard = false
  /** Our state vector is on its way, and will be answered by what is missing. */
  #asked = false
  /** How many questions of the server answer ours: only our answers to those are acknowledged. */
  #handshakes = 0
  /** The next answer proves which unsaved edits a y-websocket server has. */
  #proofDue = false
  #resyncAt: number | null = null
  /** Edits wait for room, or for the right to write. */
  #held = false
  /** The server refused an edit, and has taken none since. */
  #editRefused = false
  #orders: Order[] = []

  /** `origin` is that of the transactions in which the server's updates are applied. */
  constructor (dialect: Dialect, name: string, engine: Engine, origin: unknown) {
    this.#dialect = dialect
    this.#name = name
    this.#engine = engine
    this.#origin = origin
    this.ledger = new Ledger(dialect)
  }

  get readOnly (): boolean { return this.#readOnly }
  get refusal (): string | null { return this.#refusal }
  get failure (): number | null { return this.#failure }
  get inSync (): boolean { return this.#line === 'open' && this.#told && this.#heard }

  get status (): Status {
    if (this.#failure !== null) return 'failed'
    if (this.#refusal !== null) return 'refused'
    if (this.#line === 'down') return 'offline'
    if (this.#line === 'opening') return 'connecting'
    if (!this.inSync) return 'syncing'
    if (this.#readOnly) return 'read-only'
    if (this.#editRefused && !this.ledger.unsaved.isEmpty) return 'refused'
    const all = this.ledger.isClear && this.#resyncAt === null && !this.#engine.hasGap
    return all ? 'saved' : 'saving'
  }

  /** Another attempt by hand: what was final is tried again. */
  start (): void {
    this.#failure = null
    this.#refusal = null
    this.#denial = null
    this.#tokenAsked = false
  }

  lineIs (state: LineState): void { this.#line = state }

  /** The socket is open and belongs to this document, or carries it from now on. */
  opened (token: string): Order[] {
    this.#line = 'open'
    this.#forgetConnection()
    // Only Hocuspocus says at each start whether edits are taken.
    if (this.#dialect === 'y-websocket') this.#readOnly = false
    this.#say({ say: 'token', token })
    this.#ask()
    return this.#settle()
  }

  received (now: number, message: Incoming): Order[] {
    if (this.#line !== 'open') return []
    try {
      this.#receive(now, message)
    } catch (error) {
      if (!(error instanceof MalformedUpdateError)) throw error
      this.#orders.push({ order: 'reconnect' })
    }
    return this.#settle()
  }

  /** The socket is closed, or could not be opened. */
  closed (comeback: Comeback, code: number, reason: string): Order[] {
    this.#line = 'down'
    this.#forgetConnection()
    if (comeback === 'never') this.#failure = code
    if (comeback === 'credentials' && this.#refusal === null) this.#deny(reason || 'unauthorized')
    return this.#settle()
  }

  /** The application's answer to a wanted token; `null` where it has none. */
  tokenCame (token: string | null): Order[] {
    const denial = this.#denial
    this.#denial = null
    if (token === null) {
      if (denial !== null) this.#refuse(denial)
    } else if (this.#line === 'open' && denial === null) {
      this.#say({ say: 'token', token })
    } else if (this.#line === 'open') {
      this.#forgetConnection()
      this.#say({ say: 'token', token })
      this.#ask()
    }
    return this.#settle()
  }

  /** A change of the document that did not come from the server. */
  changed (change: Change): Order[] {
    this.ledger.edited(change.content)
    // Before the server's state vector is answered, the answer will carry the edit.
    if (!this.#told) return this.#settle()
    if (this.#readOnly || !this.ledger.hasRoom) {
      this.#held = true
    } else {
      this.ledger.sent(change.content)
      this.#say({ say: 'update', update: change.update })
    }
    return this.#settle()
  }

  /** Edits of the document that nobody else sends: from the device, or from a tab without a connection. */
  adopted (content: Content): Order[] {
    this.ledger.edited(content)
    this.#held = this.#told
    this.#sendHeld()
    return this.#settle()
  }

  /** Time passed: due at {@link nextWakeup}, harmless earlier. */
  tick (now: number): Order[] {
    if (this.#resyncAt !== null && now >= this.#resyncAt) {
      this.#resyncAt = null
      this.#ask()
    }
    return this.#settle()
  }

  get nextWakeup (): number | null { return this.#line === 'open' ? this.#resyncAt : null }

  /** A question that every server answers: proves that the socket is alive. */
  probe (): Order[] {
    this.#asked = false
    this.#ask()
    return this.#settle()
  }

  say (message: Outgoing): Order[] {
    if (this.#line === 'open') this.#say(message)
    return this.#settle()
  }

  #receive (now: number, message: Incoming): void {
    switch (message.said) {
      case 'step1': return this.#tell(message.stateVector)
      case 'step2': return this.#hear(now, message.update)
      case 'update': return this.#integrate(message.update)
      case 'access': return this.#allow(message.readOnly)
      case 'accepted':
        this.ledger.accepted()
        this.#editRefused = false
        return this.#sendHeld()
      case 'refused': return this.#refuseEdit(message.reason)
      case 'denied': return this.#deny(message.reason)
      case 'token-wanted': this.#orders.push({ order: 'token', reason: 'expiring' }); return
      // The answer to our own leaving is no news.
      case 'detached': if (message.reason !== 'provider_initiated') this.#orders.push({ order: 'reconnect' }); return
      case 'presence': this.#orders.push({ order: 'presence', presence: message.presence }); return
      case 'presence-wanted': this.#orders.push({ order: 'presence-wanted' }); return
      case 'stateless': this.#orders.push({ order: 'stateless', text: message.text }); return
      case 'nothing':
    }
  }

  /** Answers the server's state vector. */
  #tell (stateVector: Uint8Array): void {
    const counted = this.#handshakes > 0 || this.#dialect === 'y-websocket'
    if (this.#handshakes > 0) this.#handshakes -= 1
    const unsaved = this.ledger.unsaved.clone()
    const mayWrite = !this.#readOnly
    const from = this.#lowered(stateVector, unsaved)
    const update = mayWrite ? this.#engine.diff(from) : NOTHING
    if (counted) this.ledger.sent(mayWrite ? unsaved : new Content())
    this.#say({ say: 'step2', update })
    this.#told = true
    this.#held = !mayWrite && !unsaved.isEmpty
    if (this.#dialect === 'y-websocket' && mayWrite && !unsaved.isEmpty) this.#repeat(unsaved)
  }

  /**
   * A y-websocket server returns an `Update`, but need not return an answer. One that returns only
   * what is new to it says by its next answer that it has the rest.
   */
  #repeat (unsaved: Content): void {
    const from = this.#lowered(this.#engine.stateVector(), unsaved)
    this.#say({ say: 'update', update: this.#engine.diff(from) })
    this.#say({ say: 'step1', stateVector: from })
    this.#proofDue = true
  }

  #lowered (stateVector: Uint8Array, unsaved: Content): Uint8Array {
    try {
      return lowered(stateVector, unsaved.inserts)
    } catch (cause) {
      throw new MalformedUpdateError('the state vector cannot be read', { cause })
    }
  }

  /** The server's answer to our state vector. */
  #hear (now: number, update: Uint8Array): void {
    this.#asked = false
    const outcome = this.#engine.apply(update, this.#origin)
    if (outcome === 'hole' || this.#engine.hasGap) {
      this.#resyncAt = now + RESYNC_MS
      if (outcome === 'hole') return
    }
    this.#tokenAsked = false
    const first = !this.#heard
    this.#heard = true
    // The first answer was asked for before the unsaved edits were sent on this connection.
    if (!first && this.#proofDue && !this.ledger.unsaved.isEmpty) {
      this.#proofDue = false
      const proven = this.#engine.content(update)
      if (this.ledger.unsaved.inserts.intersects(proven.inserts)) this.ledger.returned(proven)
    }
    if (first) this.#orders.push({ order: 'synced' })
  }

  #integrate (update: Uint8Array): void {
    if (this.#engine.apply(update, this.#origin) === 'hole') this.#ask()
    // What came back acknowledges, even where the document has a hole elsewhere.
    if (this.#dialect === 'y-websocket' && !this.ledger.unsaved.isEmpty &&
      this.ledger.returned(this.#engine.content(update))) {
      this.#editRefused = false
      this.#readOnly = false
    }
  }

  #allow (readOnly: boolean): void {
    this.#readOnly = readOnly
    this.#tokenAsked = false
    this.#denial = null
    if (!readOnly) {
      if (this.#told && this.ledger.hasUnsent) this.#held = true
      this.#sendHeld()
    }
  }

  /** Sends the edits that waited, merged. */
  #sendHeld (): void {
    if (!this.#held || this.#readOnly || !this.#told || !this.ledger.hasRoom) return
    this.#held = false
    const unsaved = this.ledger.unsaved.clone()
    if (unsaved.isEmpty) return
    this.ledger.sent(unsaved)
    this.#say({ say: 'update', update: this.#engine.diff(lowered(this.#engine.stateVector(), unsaved.inserts)) })
  }

  #refuseEdit (reason: string): void {
    // Before anything was sent, this is the farewell of a server that lets nobody in: its code follows.
    if (!this.#told) return
    const readOnly = reason === '' || reason === 'read-only'
    const lost = this.#dialect === 'hocuspocus' ? this.ledger.refused() : !this.ledger.unsaved.isEmpty
    if (this.#dialect === 'y-websocket' && readOnly) this.#readOnly = true
    if (!lost) return
    this.#editRefused = true
    this.#orders.push({ order: 'refused', reason: reason === '' ? 'the server refused an edit' : reason })
  }

  #deny (reason: string): void {
    this.#told = false
    this.#heard = false
    if (this.#tokenAsked) return this.#refuse(reason)
    this.#tokenAsked = true
    this.#denial = reason
    this.#orders.push({ order: 'token', reason: 'refused' })
  }

  #refuse (reason: string): void {
    this.#refusal = reason
    this.#orders.push({ order: 'refused', reason })
  }

  /** Asks for what is missing, once until the answer is there. */
  #ask (): void {
    if (this.#asked) return
    this.#asked = true
    if (this.#dialect === 'hocuspocus') this.#handshakes += 1
    this.#say({ say: 'step1', stateVector: this.#engine.stateVector() })
  }

  #forgetConnection (): void {
    this.#told = false
    this.#heard = false
    this.#asked = false
    this.#handshakes = 0
    this.#proofDue = false
    this.#resyncAt = null
    this.#held = false
    this.#editRefused = false
    this.ledger.disconnected()
  }

  #say (message: Outgoing): void {
    const frame = encode(this.#dialect, this.#name, message)
    if (frame !== null) this.#orders.push({ order: 'send', frame })
  }

  #settle (): Order[] {
    const orders = this.#orders
    this.#orders = []
    return orders
  }
}
