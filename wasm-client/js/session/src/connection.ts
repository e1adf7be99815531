import { Backoff } from './backoff.js'
import { Alarm, now } from './clock.js'
import { afterClose, type Comeback } from './close-codes.js'
import { decode, isPing, PONG, type Dialect, type Incoming } from './frames.js'
import { Line, type LineOrder } from './line.js'
import type { LineState } from './link.js'
import { onDoubt, onOtherNetwork } from './page.js'
import { OpeningSocket, type Transport, type Transports } from './opening-socket.js'
import { Upgrade } from './upgrade.js'
import { ABNORMAL, OPEN, type WebSocketLike } from './web-socket.js'

/** One document on a connection. */
export interface Member {
  readonly name: string
  /** The token to begin with. A rejection counts as a connection that could not be opened. */
  firstToken: () => Promise<string>
  lineIs: (state: LineState) => void
  opened: (token: string) => void
  received: (message: Incoming) => void
  closed: (comeback: Comeback, code: number, reason: string) => void
  probe: () => void
}

/** A token that takes longer is given up, and asked for again with the next attempt. */
const TOKEN_MAX_MS = 30_000

const pool = new Map<string, Connection>()

/** One socket, and who is on it: one document with y-websocket, any number with Hocuspocus. */
export class Connection {
  readonly #dialect: Dialect
  readonly #url: string
  readonly #transports: Transports
  readonly #upgrade: Upgrade | null
  readonly #members = new Map<string, Member>()
  readonly #line: Line
  readonly #alarm = new Alarm(() => this.#carryOut(this.#line.tick(now())))
  readonly #ends: Array<() => void>
  #socket: OpeningSocket | null = null
  #sockets = 0

  /** Puts a member on the socket to `url` that is there, or on a new one. */
  static join (dialect: Dialect, url: string, transports: Transports, member: Member): Connection {
    const shared = dialect === 'hocuspocus' ? pool.get(url) : undefined
    const fits = shared !== undefined && isSame(shared.#transports, transports) && !shared.#members.has(member.name)
    const connection = fits ? shared : new Connection(dialect, url, transports)
    if (dialect === 'hocuspocus' && !pool.has(url)) pool.set(url, connection)
    connection.#join(member)
    return connection
  }

  private constructor (dialect: Dialect, url: string, transports: Transports) {
    this.#dialect = dialect
    this.#url = url
    this.#transports = transports
    this.#line = new Line(new Backoff(Math.random))
    const { WebSocket, allowed } = transports
    this.#upgrade = WebSocket !== undefined && allowed.length > 1 ? new Upgrade(url, WebSocket, (socket) => { void this.#change(socket) }) : null
    this.#ends = [
      onDoubt(() => this.#carryOut(this.#line.doubted(now()))),
      onOtherNetwork(() => this.#upgrade?.otherNetwork())
    ]
  }

  /** What carries the frames now. */
  get transport (): Transport | null { return this.#socket?.transport ?? null }

  /** Takes a member off; without members the socket closes, after what was sent. */
  leave (member: Member): void {
    if (this.#members.get(member.name) !== member) return
    this.#members.delete(member.name)
    if (this.#members.size > 0) return
    if (pool.get(this.#url) === this) pool.delete(this.#url)
    this.#ends.forEach((end) => end())
    this.#line.stop()
    this.#end(1000, 'soon', '')
  }

  send (frame: Uint8Array): void {
    if (this.#socket?.readyState === OPEN) this.#socket.send(frame as Uint8Array<ArrayBuffer>)
  }

  /** A document has exchanged everything with the server. */
  inSync (): void { this.#line.inSync(now()) }

  /** Tries now, where nothing is tried by itself: after a refusal, or for the impatient. */
  start (): void { this.#carryOut(this.#line.start(now())) }

  /** Starts anew: something went wrong on this socket. */
  reset (): void { this.#end(4205, 'soon', '') }

  #join (member: Member): void {
    this.#members.set(member.name, member)
    if (this.#line.state === 'open') return this.#welcome(member)
    member.lineIs(this.#line.state)
    // An attempt that is due anyway is not hurried: who opens documents in a loop spins no server.
    if (this.#line.nextWakeup === null) this.start()
  }

  /** A member that comes to an open socket. */
  #welcome (member: Member): void {
    const socket = this.#sockets
    member.lineIs('opening')
    withinTime(member.firstToken()).then((token) => {
      if (socket === this.#sockets && this.#line.state === 'open' && this.#has(member)) member.opened(token)
    }, () => { if (socket === this.#sockets && this.#has(member)) this.reset() })
  }

  #has (member: Member): boolean { return this.#members.get(member.name) === member }

  #carryOut (orders: LineOrder[]): void {
    for (const order of orders) {
      if (order === 'open') this.#open()
      else if (order === 'close') this.#end(ABNORMAL, 'soon', '')
      else this.#members.forEach((member) => member.probe())
    }
    this.#alarm.set(this.#line.nextWakeup)
  }

  #open (): void {
    const socket = ++this.#sockets
    const members = [...this.#members.values()]
    members.forEach((member) => member.lineIs('opening'))
    Promise.all(members.map((member) => withinTime(member.firstToken()))).then((tokens) => {
      if (socket !== this.#sockets) return
      this.#openSocket(new Map(members.map((member, index) => [member, tokens[index] ?? ''])))
    }).catch(() => { if (socket === this.#sockets) this.#end(ABNORMAL, 'soon', '') })
  }

  #openSocket (tokens: Map<Member, string>): void {
    const [first] = tokens
    const url = this.#dialect === 'y-websocket' && first !== undefined ? addressOf(this.#url, ...first) : this.#url
    const socket = OpeningSocket.open(url, this.#transports)
    this.#hear(socket)
    socket.onopen = () => {
      this.#line.opened(now())
      this.#greet(tokens)
      if (socket.transport === 'http') this.#upgrade?.wanted()
    }
  }

  #hear (socket: OpeningSocket): void {
    this.#socket = socket
    socket.onmessage = (event: { data: unknown }) => this.#received(event.data)
    socket.onclose = (event: { code: number, reason: string }) =>
      this.#end(event.code, afterClose(this.#dialect, event.code), event.reason)
  }

  #greet (tokens: Map<Member, string>): void {
    for (const member of this.#members.values()) {
      const token = tokens.get(member)
      if (token === undefined) this.#welcome(member)
      else member.opened(token)
    }
    this.#alarm.set(this.#line.nextWakeup)
  }

  /** A WebSocket gets through again: it takes over, and nobody notices. */
  async #change (to: WebSocketLike): Promise<void> {
    const [sockets, members] = [this.#sockets, [...this.#members.values()]]
    const tokens = await Promise.all(members.map((member) => withinTime(member.firstToken()))).catch(() => null)
    const isAsBefore = sockets === this.#sockets && this.#line.state === 'open' && this.#socket?.transport === 'http'
    if (tokens === null || !isAsBefore || to.readyState !== OPEN) {
      to.close(1000)
      if (this.transport === 'http') this.#upgrade?.wanted()
      return
    }
    const before = this.#socket
    this.#sockets += 1
    this.#hear(OpeningSocket.of(this.#url, to))
    silence(before)
    this.#greet(new Map(members.map((member, index) => [member, tokens[index] ?? ''])))
  }

  #received (data: unknown): void {
    this.#line.received(now())
    this.#alarm.set(this.#line.nextWakeup)
    if (!(data instanceof ArrayBuffer)) return this.reset()
    const frame = new Uint8Array(data)
    if (isPing(this.#dialect, frame)) return this.send(PONG)
    let addressed
    try {
      addressed = decode(this.#dialect, frame)
    } catch {
      return this.reset()
    }
    const { address, message } = addressed
    const receivers = address === null ? [...this.#members.values()] : [this.#members.get(address)]
    receivers.forEach((member) => member?.received(message))
  }

  /** The socket is gone, or is given up without waiting for the other side. */
  #end (code: number, comeback: Comeback, reason: string): void {
    const socket = this.#socket
    this.#socket = null
    this.#sockets += 1
    silence(socket, code === 1000 || code >= 4000 ? code : 1000)
    this.#upgrade?.stop()
    this.#line.closed(now(), comeback, this.#members.size > 0)
    for (const member of this.#members.values()) member.closed(comeback, code, reason)
    this.#alarm.set(this.#line.nextWakeup)
  }
}

/** Ends a socket of which nothing more is to be heard. */
const silence = (socket: OpeningSocket | null, code = 1000): void => {
  if (socket === null) return
  socket.onopen = socket.onmessage = socket.onclose = null
  socket.close(code)
}

const isSame = (one: Transports, other: Transports): boolean =>
  one.WebSocket === other.WebSocket && one.allowed.join() === other.allowed.join()

/** A y-websocket server has the document and the token in the address. */
const addressOf = (url: string, member: Member, token: string): string => {
  const address = new URL(url)
  address.pathname = `${address.pathname.replace(/\/+$/, '')}/${member.name.split('/').map(encodeURIComponent).join('/')}`
  if (token !== '') address.searchParams.set('token', token)
  return address.href
}

const withinTime = (token: Promise<string>): Promise<string> => {
  let timer: ReturnType<typeof setTimeout>
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the token did not come in time')), TOKEN_MAX_MS)
  })
  return Promise.race([token, late]).finally(() => clearTimeout(timer))
}
