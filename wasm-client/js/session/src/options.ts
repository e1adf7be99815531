import type { Dialect } from './frames.js'
import { httpAddress, type Transport, type Transports } from './opening-socket.js'
import type { Token } from './token.js'
import type { WebSocketClass } from './web-socket.js'

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
  /**
   * What may carry the document: `websocket` first, and `http` (a stream and plain requests) where a network
   * lets no WebSocket through. Both, unless given; `http` needs Unisson's own address `/hocuspocus`.
   */
  transports?: readonly Transport[]
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
  transports: Transports
  connects: boolean
}

export const settingsFrom = (options: SessionOptions): Settings => {
  const url = new URL(options.url)
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new TypeError(`the address of a session begins with ws: or wss:, not ${url.protocol}`)
  }
  if (options.document.trim() === '') throw new TypeError('a document needs a name')
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
    transports: transportsFrom(options, dialect),
    connects: options.connect ?? true
  }
}

const transportsFrom = ({ url, transports = ['websocket', 'http'], ...options }: SessionOptions, dialect: Dialect): Transports => {
  const WebSocket = options.WebSocket ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket
  const hasHttp = dialect === 'hocuspocus' && httpAddress(url) !== null
  const allowed = transports.filter((transport) => transport === 'http' ? hasHttp : WebSocket !== undefined)
  if (allowed.length > 0) return { allowed, WebSocket }
  throw new TypeError(transports.includes('websocket')
    ? 'there is no WebSocket here: give the session one'
    : 'the transport http needs an address that ends in /hocuspocus')
}
