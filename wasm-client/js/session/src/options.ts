import type { WebSocketClass } from './connection.js'
import type { Dialect } from './frames.js'
import type { Token } from './token.js'

/** What a session is made from. */
export interface SessionOptions {
  /** `ws:` or `wss:`; of Unisson `/hocuspocus` or `/ws`. */
  url: string
  /** The document's name. */
  document: string
  /** Hocuspocus unless the address ends in `/ws`. */
  dialect?: Dialect
  /** What the server knows this client by, or what fetches it. */
  token?: Token
  /** What others see of this person. */
  user?: { name: string, color?: string, [field: string]: unknown }
  /** `indexeddb` keeps a copy on the device, for work without a network; `none` unless given. */
  persistence?: 'indexeddb' | 'none'
  /** Keeps the local copies of people who share a device apart. */
  account?: string
  /** The class for sockets, where there is no `WebSocket`, as in Node 20. */
  WebSocket?: WebSocketClass
  /** `false` waits for `connect()`. */
  connect?: boolean
}

/** The options with every choice made. Throws a `TypeError` for those that cannot work. */
export interface Settings {
  url: string
  document: string
  dialect: Dialect
  token: Token | undefined
  user: SessionOptions['user']
  persistent: boolean
  /** Names the local copy, and the channel between tabs. */
  copy: string
  WebSocket: WebSocketClass
  connects: boolean
}

export const settingsFrom = (options: SessionOptions): Settings => {
  const url = new URL(options.url)
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new TypeError(`the address of a session begins with ws: or wss:, not ${url.protocol}`)
  }
  if (options.document.trim() === '') throw new TypeError('a document needs a name')
  const WebSocket = options.WebSocket ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket
  if (WebSocket === undefined) throw new TypeError('there is no WebSocket here: give the session one')
  const { dialect = url.pathname.replace(/\/+$/, '').endsWith('/ws') ? 'y-websocket' : 'hocuspocus' } = options
  return {
    url: options.url,
    document: options.document,
    dialect,
    token: options.token,
    user: options.user,
    persistent: options.persistence === 'indexeddb',
    // The dialect is of no matter: both lead to one document.
    copy: JSON.stringify([url.host, options.account ?? '', options.document]),
    WebSocket,
    connects: options.connect ?? true
  }
}
