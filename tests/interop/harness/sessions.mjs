//! The project's own client, on both of its engines, with one face for the suites.

import * as Y from 'yjs'
import WebSocket from 'ws'
import { Session as WasmSession, load } from '../../../wasm-client/js/client/dist/index.js'
import { Session as YjsSession } from '../../../wasm-client/js/yjs/dist/index.js'
import { until } from './wait.mjs'

/** Engine by name: what opens a session on it. */
export const engines = {
  yjs: (options) => new YjsSession(options),
  wasm: (options) => new WasmSession(options)
}

await load()

export const engineNames = Object.keys(engines)
export const dialects = ['hocuspocus', 'y-websocket']

const PATH = { hocuspocus: '/hocuspocus', 'y-websocket': '/ws' }

/** A session, and what it announced. */
class Joined {
  constructor (engine, dialect, address, name, options) {
    this.kind = `${engine} over ${dialect}`
    this.announced = []
    this.refusals = []
    this.stateless = []
    this.session = engines[engine]({ url: address + PATH[dialect], document: name, WebSocket, token: 'any', ...options })
    this.session.on('status', (status) => this.announced.push(status))
    this.session.on('refused', ({ reason }) => this.refusals.push(reason))
    this.session.on('stateless', (text) => this.stateless.push(text))
  }

  get text () { return this.session.doc.getText('text') }
  get value () { return this.text.toString() }
  get awareness () { return this.session.awareness }
  get status () { return this.session.status }

  whenStatus (status, timeoutMs) {
    return until(() => this.status === status, () => `${this.kind} is ${status} (now ${this.status})`, timeoutMs)
  }
}

/** Opens document `name` at a server or a proxy. */
export const openSession = (engine, dialect, { webSocketUrl }, name, options) =>
  new Joined(engine, dialect, webSocketUrl, name, options)

/** Opens sessions, and ends them when `body` has ended. */
export const withSessions = async (opens, body) => {
  const joined = opens.map((open) => open())
  try {
    return await body(...joined)
  } finally {
    joined.forEach(({ session }) => session.destroy())
  }
}

/** Waits until all of these read alike. */
export const agree = async (clients, timeoutMs) => {
  const texts = () => clients.map(({ text }) => text.toString())
  await until(() => new Set(texts()).size === 1, () => `all read alike: ${JSON.stringify(texts())}`, timeoutMs)
}

/** What the server holds, seen by a bare Yjs client that has nothing. */
export const textAt = async (server, name, dialect = 'hocuspocus') => {
  const reader = openSession('yjs', dialect, server, name, { doc: undefined })
  try {
    await reader.session.whenSynced()
    return reader.value
  } finally {
    reader.session.destroy()
  }
}

export { Y }
