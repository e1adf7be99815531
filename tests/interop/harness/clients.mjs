//! One face for the six published clients.

import * as Y from 'yjs'
import WebSocket from 'ws'
import * as decoding from 'lib0/decoding'
import * as hocuspocus2 from 'hocuspocus-provider-2'
import * as hocuspocus3 from 'hocuspocus-provider-3'
import * as hocuspocus4 from 'hocuspocus-provider-4'
import { WebsocketProvider as YWebsocket1 } from 'y-websocket-1'
import { WebsocketProvider as YWebsocket2 } from 'y-websocket-2'
import { WebsocketProvider as YWebsocket3 } from 'y-websocket-3'
import { Awareness } from 'y-protocols/awareness'
import { until } from './wait.mjs'

const HOCUSPOCUS = { 'hocuspocus 2': hocuspocus2, 'hocuspocus 3': hocuspocus3, 'hocuspocus 4': hocuspocus4 }
const Y_WEBSOCKET = { 'y-websocket 1': YWebsocket1, 'y-websocket 2': YWebsocket2, 'y-websocket 3': YWebsocket3 }

// Each y-websocket client listens for the end of the process.
process.setMaxListeners(0)

export const hocuspocusKinds = Object.keys(HOCUSPOCUS)
export const yWebsocketKinds = Object.keys(Y_WEBSOCKET)
export const kinds = [...yWebsocketKinds, ...hocuspocusKinds]

/** A WebSocket class that reports what its sockets see to `observe`; `options` are those of `ws`. */
const observedSocket = (observe, options = {}) => class extends WebSocket {
  constructor (address, protocols) {
    super(address, protocols, options)
    observe.opened?.(this)
    this.on('message', (data) => observe.message?.(data))
    this.on('close', (code, reason) => observe.closed?.(code, reason.toString()))
    // Refused connections are what some suites ask for; the clients hear of them as well.
    this.on('error', () => {})
  }
}

/** The part that all clients share: the document, presence, and what the socket saw. */
class Client {
  constructor (kind, { doc, awareness }) {
    this.kind = kind
    this.doc = doc ?? new Y.Doc()
    this.awareness = awareness === null ? null : new Awareness(this.doc)
    this.closes = []
    this.opened = 0
    this.observe = {
      opened: (socket) => { this.opened += 1; this.socket = socket },
      closed: (code, reason) => this.closes.push({ code, reason })
    }
  }

  get text () { return this.doc.getText('text') }
  get saved () { return this.unsaved() === 0 }

  whenSynced (timeoutMs) {
    return until(() => this.provider.synced, `${this.kind} is synced`, timeoutMs).then(() => this)
  }

  /** Resolves when the server has said that every edit made so far is safe. */
  whenSaved (timeoutMs) {
    return until(() => this.saved, () => `${this.kind} is saved (${this.unsaved()} left)`, timeoutMs)
  }

  whenClosed (code, timeoutMs) {
    const seen = () => `${this.kind} is closed with ${code} (saw ${JSON.stringify(this.closes)})`
    return until(() => this.closes.some((close) => close.code === code), seen, timeoutMs)
  }

  disconnect () { this.transport.disconnect() }
  connect () { this.transport.connect() }

  destroy () {
    this.provider.destroy()
    this.transport.destroy()
    this.awareness?.destroy()
    this.doc.destroy()
    // What a client sent before is enough: nobody waits for its closing handshake.
    this.socket?.terminate()
  }
}

class HocuspocusClient extends Client {
  constructor (kind, url, name, options) {
    super(kind, options)
    const { HocuspocusProvider, HocuspocusProviderWebsocket } = HOCUSPOCUS[kind]
    this.stateless = []
    this.refusals = []
    this.transport = options.transport ?? new HocuspocusProviderWebsocket({
      url: `${url}/hocuspocus`,
      WebSocketPolyfill: observedSocket(this.observe, options.socket),
      delay: 50,
      minDelay: 50,
      maxDelay: 500
    })
    this.provider = new HocuspocusProvider({
      websocketProvider: this.transport,
      name,
      document: this.doc,
      awareness: this.awareness,
      token: options.token ?? 'any',
      ...(options.sessionAwareness ? { sessionAwareness: true } : {}),
      onStateless: ({ payload }) => this.stateless.push(payload),
      onAuthenticationFailed: ({ reason }) => this.refusals.push(reason)
    })
    // Since version 3 a provider on a given socket waits to be attached.
    if (kind !== 'hocuspocus 2') this.provider.attach()
    if (options.transport) this.sharesTransport = true
  }

  unsaved () { return this.provider.unsyncedChanges }

  destroy () {
    if (!this.sharesTransport) return super.destroy()
    this.provider.destroy()
    this.awareness?.destroy()
  }
}

class YWebsocketClient extends Client {
  constructor (kind, url, name, options) {
    super(kind, options)
    this.savedClock = 0
    this.observe.message = (data) => this.noticeEcho(new Uint8Array(data))
    this.transport = this.provider = new Y_WEBSOCKET[kind](`${url}/ws`, name, this.doc, {
      WebSocketPolyfill: observedSocket(this.observe, options.socket),
      disableBc: true,
      // The option has a default, so a client without presence takes it away afterwards.
      ...(this.awareness ? { awareness: this.awareness } : {}),
      params: options.token === null ? {} : { token: options.token ?? 'any' },
      maxBackoffTime: 500
    })
    if (!this.awareness) this.provider.awareness.setLocalState(null)
  }

  /** The server returns a client's own update when it is durable: that is its acknowledgement. */
  noticeEcho (frame) {
    if (frame[0] !== 0 || frame[1] === 0) return
    const decoder = decoding.createDecoder(frame.subarray(2))
    for (const struct of Y.decodeUpdate(decoding.readVarUint8Array(decoder)).structs) {
      if (struct.id.client !== this.doc.clientID) continue
      this.savedClock = Math.max(this.savedClock, struct.id.clock + struct.length)
    }
  }

  unsaved () { return Y.getState(this.doc.store, this.doc.clientID) - this.savedClock }
}

/** Opens document `name` with a client of `kind`. */
export const open = (kind, server, name, options = {}) => {
  const Class = kind in HOCUSPOCUS ? HocuspocusClient : YWebsocketClient
  return new Class(kind, server.webSocketUrl, name, options)
}

/** A bare Hocuspocus socket for several documents. */
export const sharedTransport = (kind, server) => new HOCUSPOCUS[kind].HocuspocusProviderWebsocket({
  url: `${server.webSocketUrl}/hocuspocus`,
  WebSocketPolyfill: observedSocket({}),
  delay: 50,
  minDelay: 50
})

/** Opens one client of each kind on one document, all synced; `body` gets them; all are closed. */
export const withClients = async (server, name, chosen, body, options) => {
  const clients = chosen.map((kind) => open(kind, server, name, options))
  try {
    await Promise.all(clients.map((client) => client.whenSynced()))
    return await body(clients)
  } finally {
    clients.forEach((client) => client.destroy())
  }
}

/** Waits until all documents hold the same history, deletions included. */
export const converged = async (clients, timeoutMs) => {
  const settled = () => {
    const first = Y.snapshot(clients[0].doc)
    return clients.every(({ doc }) => Y.equalSnapshots(first, Y.snapshot(doc)))
  }
  const show = ({ kind, doc }) => `\n${kind}: ${JSON.stringify(doc.toJSON()).slice(0, 300)}`
  await until(settled, () => `all clients are equal; they hold ${clients.map(show)}`, timeoutMs, 20)
}
