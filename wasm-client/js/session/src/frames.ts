import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

/** The protocol of a server. Hocuspocus carries many documents on a socket, y-websocket one. */
export type Dialect = 'hocuspocus' | 'y-websocket'

/** From version 4 on, a Hocuspocus server may ping, and detach a document by message. */
const PROVIDER_VERSION = '4.8.0'

/** What the client says about one document. */
export type Outgoing =
  | { say: 'step1', stateVector: Uint8Array }
  | { say: 'step2', update: Uint8Array }
  | { say: 'update', update: Uint8Array }
  | { say: 'presence', presence: Uint8Array }
  | { say: 'token', token: string }
  | { say: 'stateless', text: string }
  | { say: 'leave' }

/** What a frame of the server means. */
export type Incoming =
  | { said: 'step1', stateVector: Uint8Array }
  | { said: 'step2', update: Uint8Array }
  | { said: 'update', update: Uint8Array }
  | { said: 'presence', presence: Uint8Array }
  | { said: 'presence-wanted' }
  | { said: 'token-wanted' }
  | { said: 'denied', reason: string }
  | { said: 'access', readOnly: boolean }
  | { said: 'accepted' }
  | { said: 'refused', reason: string }
  | { said: 'stateless', text: string }
  | { said: 'detached', reason: string }
  /** Only a sign of life. */
  | { said: 'nothing' }

/** A message, and the address it is for; `null` where the socket has one document. */
export interface Addressed { address: string | null, message: Incoming }

/** A Hocuspocus server's sign of life, and the answer to it. */
const PING = 9
export const PONG = Uint8Array.of(10)

export const isPing = (dialect: Dialect, frame: Uint8Array): boolean =>
  dialect === 'hocuspocus' && frame.length === 1 && frame[0] === PING

/** The frame for a message, or `null` where the dialect cannot say it. */
export const encode = (dialect: Dialect, name: string, message: Outgoing): Uint8Array | null => {
  const encoder = encoding.createEncoder()
  if (dialect === 'hocuspocus') encoding.writeVarString(encoder, name)
  const bytes = (types: number[], payload: Uint8Array): void => {
    types.forEach((type) => encoding.writeVarUint(encoder, type))
    encoding.writeVarUint8Array(encoder, payload)
  }
  switch (message.say) {
    case 'step1': bytes([0, 0], message.stateVector); break
    case 'step2': bytes([0, 1], message.update); break
    case 'update': bytes([0, 2], message.update); break
    case 'presence': bytes([1], message.presence); break
    default:
      if (dialect !== 'hocuspocus') return null
      encodeAddressedOnly(encoder, message)
  }
  return encoding.toUint8Array(encoder)
}

const encodeAddressedOnly = (
  encoder: encoding.Encoder, message: Extract<Outgoing, { say: 'token' | 'stateless' | 'leave' }>
): void => {
  switch (message.say) {
    case 'token':
      encoding.writeUint8Array(encoder, Uint8Array.of(2, 0))
      encoding.writeVarString(encoder, message.token)
      encoding.writeVarString(encoder, PROVIDER_VERSION)
      break
    case 'stateless':
      encoding.writeUint8(encoder, 5)
      encoding.writeVarString(encoder, message.text)
      break
    case 'leave': encoding.writeUint8(encoder, 7)
  }
}

/** Reads a frame of the server. Throws where it is malformed. */
export const decode = (dialect: Dialect, frame: Uint8Array): Addressed => {
  const decoder = decoding.createDecoder(frame)
  if (dialect === 'y-websocket') return { address: null, message: decodeYWebsocket(decoder) }
  if (frame.length === 1) return { address: null, message: { said: 'nothing' } }
  const address = decoding.readVarString(decoder)
  return { address, message: decodeHocuspocus(decoder) }
}

const decodeYWebsocket = (decoder: decoding.Decoder): Incoming => {
  const type = decoding.readVarUint(decoder)
  switch (type) {
    case 0: return decodeSync(decoder)
    case 1: return { said: 'presence', presence: decoding.readVarUint8Array(decoder) }
    case 2: {
      const denial = decoding.readVarUint(decoder)
      if (denial !== 0) throw new Error(`unknown denial ${denial}`)
      return { said: 'refused', reason: decoding.readVarString(decoder) }
    }
    case 3: return { said: 'presence-wanted' }
    default: throw new Error(`unknown message ${type}`)
  }
}

const decodeHocuspocus = (decoder: decoding.Decoder): Incoming => {
  const type = decoding.readVarUint(decoder)
  switch (type) {
    case 0: return decodeSync(decoder)
    case 1: return { said: 'presence', presence: decoding.readVarUint8Array(decoder) }
    case 2: return decodeAuth(decoder)
    case 3: return { said: 'presence-wanted' }
    case 5: return { said: 'stateless', text: decoding.readVarString(decoder) }
    case 7: return { said: 'detached', reason: decoding.readVarString(decoder) }
    case 8: return decoding.readVarUint(decoder) === 1 ? { said: 'accepted' } : { said: 'refused', reason: '' }
    default: throw new Error(`unknown message ${type}`)
  }
}

const decodeAuth = (decoder: decoding.Decoder): Incoming => {
  const type = decoding.readVarUint(decoder)
  switch (type) {
    case 0: return { said: 'token-wanted' }
    case 1: return { said: 'denied', reason: decoding.readVarString(decoder) }
    case 2: return { said: 'access', readOnly: decoding.readVarString(decoder) !== 'read-write' }
    default: throw new Error(`unknown answer to a token ${type}`)
  }
}

const decodeSync = (decoder: decoding.Decoder): Incoming => {
  const type = decoding.readVarUint(decoder)
  const payload = decoding.readVarUint8Array(decoder)
  switch (type) {
    case 0: return { said: 'step1', stateVector: payload }
    case 1: return { said: 'step2', update: payload }
    case 2: return { said: 'update', update: payload }
    default: throw new Error(`unknown sync message ${type}`)
  }
}
