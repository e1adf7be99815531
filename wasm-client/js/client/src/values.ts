import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

/** The server refuses what is nested deeper, and reading it is recursive. */
const NESTING_MAX = 64

/** A shared type on its way in from the engine. */
export type Described = [mark: 1, kind: number, id: string, tag: string]

/** What the engine gives: a plain value, a shared type, or something that it does not know. */
export type Wrapped = [mark: 0, value: unknown] | Described | [mark: 2]

const depth = (value: unknown, left: number): void => {
  if (left < 0) throw new RangeError(`a value may be nested ${NESTING_MAX} levels deep`)
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return
  for (const item of Object.values(value)) depth(item, left - 1)
}

export const encodeValue = (value: unknown): Uint8Array => {
  depth(value, NESTING_MAX)
  const encoder = encoding.createEncoder()
  encoding.writeAny(encoder, value as Parameters<typeof encoding.writeAny>[1])
  return encoding.toUint8Array(encoder)
}

export const decodeValue = <T> (bytes: Uint8Array): T => decoding.readAny(decoding.createDecoder(bytes)) as T

/** Attributes as the engine takes them: nothing at all for none. */
export const encodeAttributes = (attributes: object | undefined): Uint8Array =>
  attributes === undefined ? new Uint8Array() : encodeValue(attributes)
