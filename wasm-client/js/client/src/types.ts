import type { Doc } from './doc.js'
import type { Observer } from './events.js'
import { decodeValue, encodeAttributes, encodeValue, type Wrapped } from './values.js'

/** The numbers of Yjs for shared types. */
export const KIND = { array: 0, map: 1, text: 2, xmlElement: 3, xmlFragment: 4, xmlText: 6 } as const

export type KindName = keyof typeof KIND
type Attributes = Record<string, unknown>

/** Operations on a text, as in Quill and Yjs. Embedded shared types come out as such. */
export interface Operation { insert?: unknown, delete?: number, retain?: number, attributes?: Attributes }

/** A type in a document. It is only a name: where the type is deleted, calls throw. */
export abstract class Shared {
  constructor (readonly doc: Doc, readonly id: string) {}

  /** The type that this one is inside of; `null` for a root. */
  get parent (): Shared | null {
    const bytes = this.doc.read((engine) => engine.parent(this.id))
    return bytes === undefined ? null : unwrap(this.doc, decodeValue<Wrapped>(bytes)) as Shared
  }

  /** Calls `observer` with what happens here and in everything inside, after each transaction. */
  observeDeep (observer: Observer): void { this.doc.observe(this, observer, true) }
  /** Calls `observer` with what happens here. */
  observe (observer: Observer): void { this.doc.observe(this, observer, false) }
  unobserve (observer: Observer): void { this.doc.unobserve(this, observer) }

  /** What it holds, as text; of maps and lists, JSON. */
  toString (): string { return JSON.stringify(this.doc.read((engine) => decodeValue(engine.json(this.id)))) }
}

export class Text extends Shared {
  get length (): number { return this.doc.read((engine) => engine.text_len(this.id)) }

  insert (index: number, text: string, attributes?: Attributes): void {
    this.doc.write((engine, origin) => engine.text_insert(origin, this.id, whole(index), text, encodeAttributes(attributes)))
  }

  insertEmbed (index: number, value: unknown, attributes?: Attributes): void {
    this.doc.write((engine, origin) =>
      engine.text_embed(origin, this.id, whole(index), encodeValue(value), encodeAttributes(attributes)))
  }

  delete (index: number, length: number): void {
    this.doc.write((engine, origin) => engine.text_delete(origin, this.id, whole(index), whole(length)))
  }

  format (index: number, length: number, attributes: Attributes): void {
    this.doc.write((engine, origin) =>
      engine.text_format(origin, this.id, whole(index), whole(length), encodeValue(attributes)))
  }

  /** All of it, or nothing. */
  applyDelta (delta: Operation[]): void {
    this.doc.write((engine, origin) => engine.text_apply_delta(origin, this.id, encodeValue(delta)))
  }

  toDelta (): Operation[] { return this.doc.read((engine) => operations(this.doc, engine.text_delta(this.id))) }
  override toString (): string { return this.doc.read((engine) => engine.text_string(this.id)) }
  toJSON (): string { return this.toString() }
}

/** Reads operations whose inserted values are wrapped. */
const operations = (doc: Doc, bytes: Uint8Array): Operation[] => decodeValue<Operation[]>(bytes).map((operation) =>
  operation.insert === undefined ? operation : { ...operation, insert: unwrap(doc, operation.insert as Wrapped) })

/** A list of values, or of children. */
abstract class Sequence extends Shared {
  get length (): number { return this.doc.read((engine) => engine.sequence_len(this.id)) }

  get (index: number): unknown {
    const bytes = this.doc.read((engine) => engine.sequence_get(this.id, whole(index)))
    return bytes === undefined ? undefined : unwrap(this.doc, decodeValue<Wrapped>(bytes))
  }

  delete (index: number, length = 1): void {
    this.doc.write((engine, origin) => engine.sequence_delete(origin, this.id, whole(index), whole(length)))
  }

  toArray (): unknown[] {
    return this.doc.read((engine) => decodeValue<Wrapped[]>(engine.sequence_values(this.id))).map((item) => unwrap(this.doc, item))
  }

  protected insertNew (index: number, kind: KindName, tag = ''): Shared {
    const bytes = this.doc.write((engine, origin) =>
      engine.sequence_insert_type(origin, this.id, whole(index), KIND[kind], tag))
    return unwrap(this.doc, decodeValue<Wrapped>(bytes)) as Shared
  }
}

export class SharedArray extends Sequence {
  insert (index: number, values: unknown[]): void {
    this.doc.write((engine, origin) => engine.sequence_insert(origin, this.id, whole(index), encodeValue(values)))
  }

  push (values: unknown[]): void { this.insert(this.length, values) }
  insertText (index: number): Text { return this.insertNew(index, 'text') as Text }
  insertMap (index: number): SharedMap { return this.insertNew(index, 'map') as SharedMap }
  insertArray (index: number): SharedArray { return this.insertNew(index, 'array') as SharedArray }
  toJSON (): unknown[] { return this.doc.read((engine) => decodeValue<unknown[]>(engine.json(this.id))) }
}

export class SharedMap extends Shared {
  get size (): number { return Object.keys(this.#entries()).length }

  get (key: string): unknown {
    const bytes = this.doc.read((engine) => engine.map_get(this.id, key))
    return bytes === undefined ? undefined : unwrap(this.doc, decodeValue<Wrapped>(bytes))
  }

  has (key: string): boolean { return this.doc.read((engine) => engine.map_get(this.id, key)) !== undefined }

  set (key: string, value: unknown): void {
    this.doc.write((engine, origin) => engine.map_set(origin, this.id, key, encodeValue(value)))
  }

  setText (key: string): Text { return this.#setNew(key, 'text') as Text }
  setMap (key: string): SharedMap { return this.#setNew(key, 'map') as SharedMap }
  setArray (key: string): SharedArray { return this.#setNew(key, 'array') as SharedArray }
  delete (key: string): boolean { return this.doc.write((engine, origin) => engine.map_delete(origin, this.id, key)) }
  keys (): string[] { return Object.keys(this.#entries()) }

  entries (): Array<[string, unknown]> {
    return Object.entries(this.#entries()).map(([key, value]) => [key, unwrap(this.doc, value)])
  }

  toJSON (): Record<string, unknown> { return this.doc.read((engine) => decodeValue<Record<string, unknown>>(engine.json(this.id))) }

  #entries (): Record<string, Wrapped> { return this.doc.read((engine) => decodeValue(engine.map_entries(this.id))) }

  #setNew (key: string, kind: KindName): Shared {
    const bytes = this.doc.write((engine, origin) => engine.map_set_type(origin, this.id, key, KIND[kind], ''))
    return unwrap(this.doc, decodeValue<Wrapped>(bytes)) as Shared
  }
}

export class XmlFragment extends Sequence {
  insertElement (index: number, tag: string): XmlElement { return this.insertNew(index, 'xmlElement', tag) as XmlElement }
  insertText (index: number): XmlText { return this.insertNew(index, 'xmlText') as XmlText }
  override toString (): string { return this.doc.read((engine) => engine.xml_string(this.id)) }
}

export class XmlElement extends XmlFragment {
  constructor (doc: Doc, id: string, readonly nodeName: string) { super(doc, id) }

  setAttribute (name: string, value: unknown): void { attributesOf(this).set(name, value) }
  getAttribute (name: string): unknown { return attributesOf(this).get(name) }
  removeAttribute (name: string): void { attributesOf(this).delete(name) }
  getAttributes (): Record<string, unknown> { return Object.fromEntries(attributesOf(this).entries()) }
}

export class XmlText extends Text {
  setAttribute (name: string, value: unknown): void { attributesOf(this).set(name, value) }
  getAttribute (name: string): unknown { return attributesOf(this).get(name) }
  removeAttribute (name: string): void { attributesOf(this).delete(name) }
  getAttributes (): Record<string, unknown> { return Object.fromEntries(attributesOf(this).entries()) }
}

/** The engine keeps attributes where a map keeps its values. */
const attributesOf = (shared: Shared): SharedMap => new SharedMap(shared.doc, shared.id)

/** A type by its kind and id. */
export const sharedOf = (doc: Doc, kind: number, id: string, tag: string): Shared => {
  switch (kind) {
    case KIND.array: return new SharedArray(doc, id)
    case KIND.map: return new SharedMap(doc, id)
    case KIND.text: return new Text(doc, id)
    case KIND.xmlElement: return new XmlElement(doc, id, tag)
    case KIND.xmlFragment: return new XmlFragment(doc, id)
    case KIND.xmlText: return new XmlText(doc, id)
    default: throw new TypeError(`no shared type has the number ${kind}`)
  }
}

/** What the engine gave, as the application sees it; `undefined` for what this client does not know. */
export const unwrap = (doc: Doc, wrapped: Wrapped): unknown => {
  if (wrapped[0] === 0) return wrapped[1]
  return wrapped[0] === 1 ? sharedOf(doc, wrapped[1], wrapped[2], wrapped[3]) : undefined
}

/** The engine takes 32 bits: what does not fit would become another position. */
export const whole = (position: number): number => {
  if (!Number.isInteger(position) || position < 0 || position > 0xFFFF_FFFF) {
    throw new RangeError(`${position} is no position`)
  }
  return position
}
