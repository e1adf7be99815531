import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import type { IdSet } from './id-set.js'

/**
 * The state vector of a copy that lacks `missing`: an answer to it repeats those edits, even where
 * their receiver may have them in memory.
 */
export const lowered = (stateVector: Uint8Array, missing: IdSet): Uint8Array => {
  const clocks = readStateVector(stateVector)
  for (const client of missing.clients()) {
    const first = missing.first(client)
    const known = clocks.get(client)
    if (first !== undefined && known !== undefined && first < known) clocks.set(client, first)
  }
  return writeStateVector(clocks)
}

/** Reads a state vector, format v1. Throws where it is malformed. */
export const readStateVector = (bytes: Uint8Array): Map<number, number> => {
  const decoder = decoding.createDecoder(bytes)
  const clocks = new Map<number, number>()
  for (let left = decoding.readVarUint(decoder); left > 0; left -= 1) {
    clocks.set(decoding.readVarUint(decoder), decoding.readVarUint(decoder))
  }
  return clocks
}

const writeStateVector = (clocks: Map<number, number>): Uint8Array => {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, clocks.size)
  for (const [client, clock] of clocks) {
    encoding.writeVarUint(encoder, client)
    encoding.writeVarUint(encoder, clock)
  }
  return encoding.toUint8Array(encoder)
}
