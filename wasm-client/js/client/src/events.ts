import type { Doc } from './doc.js'
import { unwrap, type Operation, type Shared } from './types.js'
import { decodeValue, type Described, type Wrapped } from './values.js'

/** What changed under a name. */
export interface KeyChange { action: 'add' | 'update' | 'delete', oldValue?: unknown, newValue?: unknown }

/** What a transaction changed in one type. */
export interface SharedEvent {
  readonly target: Shared
  /** Names and indexes that lead from the observed type to the target. */
  readonly path: Array<string | number>
  /** What was inserted, deleted and kept: text, or lists of values. */
  readonly delta: Operation[]
  readonly keys: ReadonlyMap<string, KeyChange>
}

export type Observer = (events: SharedEvent[], origin: unknown) => void

interface Encoded {
  target: Described
  path: Array<string | number>
  delta: Array<Operation & { insert?: Wrapped | Wrapped[] }>
  keys: Record<string, { action: KeyChange['action'], old?: Wrapped, new?: Wrapped }>
}

/** Reads what one observer of the engine saw. */
export const readEvents = (doc: Doc, bytes: Uint8Array): SharedEvent[] =>
  decodeValue<Encoded[]>(bytes).map(({ target, path, delta, keys }) => ({
    target: unwrap(doc, target) as Shared,
    path,
    delta: delta.map((operation) => operation.insert === undefined ? operation : { ...operation, insert: inserted(doc, operation.insert) }),
    keys: new Map(Object.entries(keys).map(([key, { action, old, new: added }]) => [key, {
      action,
      ...(old === undefined ? {} : { oldValue: unwrap(doc, old) }),
      ...(added === undefined ? {} : { newValue: unwrap(doc, added) })
    }]))
  }))

/** Text comes as one wrapped value, a list as one of many. */
const inserted = (doc: Doc, insert: Wrapped | Wrapped[]): unknown =>
  typeof insert[0] === 'number' ? unwrap(doc, insert as Wrapped) : (insert as Wrapped[]).map((item) => unwrap(doc, item))
