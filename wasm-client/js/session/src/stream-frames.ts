/** Frames of RFC 6455 in a stream of bytes: what a WebSocket's other half does where there is no WebSocket. */

const CONTINUATION = 0x0
const BINARY = 0x2
const CLOSE = 0x8
const PING = 0x9
const PONG = 0xa
/** FIN, and the mark of a mask, which a client's frames have. */
const FINAL = 0x80
const MASKED = 0x80
/** A mask of zeros changes nothing: there is no proxy here that could take the bytes for its own. */
const MASK_BYTES = 4
/** A server that announces more than this is none. */
const MESSAGE_BYTES_MAX = 1 << 30

/** What the server sent. */
export type StreamEvent =
  | { said: 'message', data: Uint8Array<ArrayBuffer> }
  | { said: 'ping', data: Uint8Array<ArrayBuffer> }
  | { said: 'close', code: number, reason: string }

const frame = (opcode: number, payload: Uint8Array): Uint8Array<ArrayBuffer> => {
  const lengthBytes = payload.length < 126 ? 0 : payload.length < 1 << 16 ? 2 : 8
  const bytes = new Uint8Array(2 + lengthBytes + MASK_BYTES + payload.length)
  const view = new DataView(bytes.buffer)
  bytes[0] = FINAL | opcode
  bytes[1] = MASKED | (lengthBytes === 0 ? payload.length : lengthBytes === 2 ? 126 : 127)
  if (lengthBytes === 2) view.setUint16(2, payload.length)
  if (lengthBytes === 8) view.setBigUint64(2, BigInt(payload.length))
  bytes.set(payload, bytes.length - payload.length)
  return bytes
}

export const messageFrame = (data: Uint8Array): Uint8Array<ArrayBuffer> => frame(BINARY, data)
export const pongFrame = (data: Uint8Array): Uint8Array<ArrayBuffer> => frame(PONG, data)
export const closeFrame = (code: number): Uint8Array<ArrayBuffer> => frame(CLOSE, Uint8Array.of(code >> 8, code & 0xff))

/** Takes bytes as they come, and gives whole frames. Throws where they are no frames of a server. */
export class StreamReader {
  #pieces: Uint8Array[] = []
  #bytes = 0
  /** How much has to be there before it is worth looking. */
  #needed = 2

  push (piece: Uint8Array): StreamEvent[] {
    this.#pieces.push(piece)
    this.#bytes += piece.length
    const events: StreamEvent[] = []
    if (this.#bytes < this.#needed) return events
    let rest = this.#joined()
    for (;;) {
      const taken = this.#take(rest)
      if (taken === null) break
      if (taken.event !== null) events.push(taken.event)
      rest = rest.subarray(taken.bytes)
    }
    this.#pieces = rest.length === 0 ? [] : [rest]
    this.#bytes = rest.length
    return events
  }

  #joined (): Uint8Array {
    if (this.#pieces.length === 1) return this.#pieces[0]!
    const joined = new Uint8Array(this.#bytes)
    let at = 0
    for (const piece of this.#pieces) { joined.set(piece, at); at += piece.length }
    return joined
  }

  #take (bytes: Uint8Array): { event: StreamEvent | null, bytes: number } | null {
    const head = headOf(bytes)
    this.#needed = head.bytes + head.length
    if (bytes.length < this.#needed) return null
    const data = new Uint8Array(bytes.subarray(head.bytes, this.#needed))
    const taken = this.#needed
    this.#needed = 2
    return { event: eventOf(head.opcode, data), bytes: taken }
  }
}

const headOf = (bytes: Uint8Array): { opcode: number, bytes: number, length: number } => {
  const [first, second] = bytes
  if (first === undefined || second === undefined) return { opcode: 0, bytes: 2, length: 0 }
  const opcode = first & 0x0f
  // The server sends whole messages, without extensions, and masks nothing.
  if ((first & 0xf0) !== FINAL || (second & MASKED) !== 0 || opcode === CONTINUATION) throw new Error('not a frame of a server')
  const head = second === 126 ? 4 : second === 127 ? 10 : 2
  if (bytes.length < head) return { opcode, bytes: head, length: 0 }
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const length = second === 126 ? view.getUint16(2) : second === 127 ? Number(view.getBigUint64(2)) : second
  if (length > MESSAGE_BYTES_MAX) throw new Error('a frame is too long')
  return { opcode, bytes: head, length }
}

const eventOf = (opcode: number, data: Uint8Array<ArrayBuffer>): StreamEvent | null => {
  switch (opcode) {
    case BINARY: return { said: 'message', data }
    case PING: return { said: 'ping', data }
    case PONG: return null
    case CLOSE: {
      const [high, low] = data
      // 1005: closed without a code.
      const code = high === undefined || low === undefined ? 1005 : high << 8 | low
      return { said: 'close', code, reason: new TextDecoder().decode(data.subarray(2)) }
    }
    default: throw new Error(`not a frame of a server: ${opcode}`)
  }
}
