import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

/** The name of an item of Yjs. */
export interface ItemId { client: number, clock: number }

/**
 * A position that stays with what it points at, in the JSON of Yjs. The bindings of Yjs read all four
 * fields from others' presence, so that none may be left out.
 */
export interface Anchor {
  type: ItemId | null
  tname: string | null
  item: ItemId | null
  assoc: number
}

/** What somebody sent, as an anchor; `null` for everything else. */
export const readAnchor = (json: unknown): Anchor | null => {
  if (typeof json !== 'object' || json === null) return null
  const { type, tname, item, assoc } = json as Record<string, unknown>
  const anchor: Anchor = {
    type: readId(type),
    tname: typeof tname === 'string' ? tname : null,
    item: readId(item),
    assoc: typeof assoc === 'number' && assoc < 0 ? -1 : 0
  }
  return anchor.type === null && anchor.tname === null && anchor.item === null ? null : anchor
}

const readId = (id: unknown): ItemId | null => {
  if (typeof id !== 'object' || id === null) return null
  const { client, clock } = id as Record<string, unknown>
  return isCount(client) && isCount(clock) ? { client, clock } : null
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const ITEM = 0
const ROOT = 1
const TYPE = 2

/** The bytes of Yjs for it. */
export const encodeAnchor = ({ type, tname, item, assoc }: Anchor): Uint8Array => {
  const encoder = encoding.createEncoder()
  const writeId = (kind: number, { client, clock }: ItemId): void => {
    encoding.writeVarUint(encoder, kind)
    encoding.writeVarUint(encoder, client)
    encoding.writeVarUint(encoder, clock)
  }
  if (item !== null) writeId(ITEM, item)
  else if (tname !== null) {
    encoding.writeVarUint(encoder, ROOT)
    encoding.writeVarString(encoder, tname)
  } else if (type !== null) writeId(TYPE, type)
  else throw new TypeError('the anchor points at nothing')
  encoding.writeVarInt(encoder, assoc)
  return encoding.toUint8Array(encoder)
}

export const decodeAnchor = (bytes: Uint8Array): Anchor => {
  const decoder = decoding.createDecoder(bytes)
  const anchor: Anchor = { type: null, tname: null, item: null, assoc: 0 }
  const readItem = (): ItemId => ({ client: decoding.readVarUint(decoder), clock: decoding.readVarUint(decoder) })
  const kind = decoding.readVarUint(decoder)
  if (kind === ITEM) anchor.item = readItem()
  else if (kind === ROOT) anchor.tname = decoding.readVarString(decoder)
  else if (kind === TYPE) anchor.type = readItem()
  else throw new TypeError(`no position has the kind ${kind}`)
  if (decoding.hasContent(decoder)) anchor.assoc = decoding.readVarInt(decoder)
  return anchor
}
