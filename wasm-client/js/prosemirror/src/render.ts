import { Fragment, type Node, type NodeType, type Schema } from 'prosemirror-model'
import * as Y from 'yjs'
import { marksOf, type Formats } from './marks.js'
import { evenRows } from './table-rows.js'
import { UNSUPPORTED_BLOCK, UNSUPPORTED_INLINE, isUnsupported } from './unsupported.js'
import type { SharedType } from './shared-type.js'

/** Neighbouring shared texts, shown as one. */
export interface Run { kind: 'run', texts: Y.XmlText[], nodes: readonly Node[] }
/** A shared element that the schema knows. */
export interface Branch { kind: 'branch', type: Y.XmlElement | Y.XmlFragment, node: Node, children: Item[] }
/** A shared type that cannot be shown as what it is. */
export interface Opaque { kind: 'opaque', type: SharedType, node: Node }
/** Shown because the schema asks for it; the document does not have it. */
export interface Filler { kind: 'filler', node: Node }
export type Item = Run | Branch | Opaque | Filler

/** As much of unknown content is shown. */
const PREVIEW_LETTERS_MAX = 500

export const nodesOf = (item: Item): readonly Node[] => item.kind === 'run' ? item.nodes : [item.node]

/** How many children of the shared parent an item stands for. */
export const sharedLength = (item: Item): number =>
  item.kind === 'run' ? item.texts.length : item.kind === 'filler' ? 0 : 1

/**
 * Shows a shared tree as a ProseMirror document. It reads only: what does not fit the schema is
 * shown as an opaque node, and what the schema asks for in addition is shown, but not written.
 */
export class Renderer {
  /** Which shared type a node shows. */
  readonly origins = new WeakMap<Node, SharedType>()
  readonly #schema: Schema
  readonly #items = new WeakMap<SharedType, Branch | Opaque>()
  readonly #texts = new WeakMap<Y.XmlText, readonly Node[]>()

  constructor (schema: Schema) { this.#schema = schema }

  /** A type changed: it and all around it is shown anew. */
  forget (type: SharedType): void {
    for (let at: SharedType | null = type; at !== null; at = at._item === null ? null : at._item.parent as SharedType) {
      this.#items.delete(at)
      if (at instanceof Y.XmlText) this.#texts.delete(at)
    }
  }

  root (fragment: Y.XmlFragment): Branch {
    const top = this.#schema.topNodeType
    const content = this.#fit(top, this.#children(fragment, top))
    if (content === null) throw new Error('the schema has no place for unsupported blocks in its top node')
    return { kind: 'branch', type: fragment, ...this.#build(top, null, content) }
  }

  /** Takes over the very nodes of an equal document, so that comparing stays cheap. */
  adopt (item: Branch, node: Node): void {
    if (item.node === node) return
    item.node = node
    this.origins.set(node, item.type)
    let index = 0
    for (const child of item.children) {
      if (child.kind === 'run') {
        child.nodes = node.content.content.slice(index, index + child.nodes.length)
        index += child.nodes.length
        continue
      }
      const shown = node.child(index++)
      if (child.kind === 'branch') this.adopt(child, shown)
      else if (child.node !== shown) {
        child.node = shown
        if (child.kind === 'opaque') this.origins.set(shown, child.type)
      }
    }
  }

  #children (type: Y.XmlFragment, parent: NodeType): Item[] {
    const items: Item[] = []
    for (const child of type.toArray() as SharedType[]) {
      const last = items.at(-1)
      if (!(child instanceof Y.XmlText)) items.push(this.#child(child, parent))
      else if (last?.kind === 'run') last.texts.push(child)
      else items.push({ kind: 'run', texts: [child], nodes: [] })
    }
    for (const item of items) {
      if (item.kind !== 'run') continue
      const nodes = item.texts.flatMap((text) => this.#text(text))
      item.nodes = Fragment.fromArray(nodes.map((node) => node.mark(parent.allowedMarks(node.marks)))).content
    }
    return items
  }

  #child (type: SharedType, parent: NodeType): Item {
    const cached = this.#items.get(type)
    if (cached) return cached
    const item = (type instanceof Y.XmlElement ? this.#element(type) : null) ?? this.#opaque(type, parent)
    this.#items.set(type, item)
    this.origins.set(item.node, type)
    return item
  }

  #element (type: Y.XmlElement): Branch | null {
    const nodeType = this.#schema.nodes[type.nodeName]
    if (!nodeType || nodeType.isText || nodeType === this.#schema.topNodeType) return null
    if (nodeType.name === UNSUPPORTED_BLOCK || nodeType.name === UNSUPPORTED_INLINE) return null
    const content = nodeType.isLeaf ? [] : this.#fit(nodeType, this.#inside(type, nodeType))
    if (content === null) return null
    try {
      return { kind: 'branch', type, ...this.#build(nodeType, this.#attributes(nodeType, type), content) }
    } catch (error) {
      // An attribute is missing or not what the schema wants.
      if (error instanceof RangeError) return null
      throw error
    }
  }

  #inside (type: Y.XmlElement, nodeType: NodeType): Item[] {
    const children = this.#children(type, nodeType)
    if (nodeType.spec.tableRole !== 'table') return children
    return evenRows(children, (row, cells) => {
      const built = this.#build(row.node.type, row.node.attrs, cells)
      this.origins.set(built.node, row.type)
      return { kind: 'branch', type: row.type, ...built }
    })
  }

  #attributes (nodeType: NodeType, type: Y.XmlElement): Record<string, unknown> {
    const attributes: Record<string, unknown> = {}
    for (const name of Object.keys(nodeType.spec.attrs ?? {})) {
      const value: unknown = type.getAttribute(name)
      if (value !== undefined) attributes[name] = value
    }
    return attributes
  }

  #build (nodeType: NodeType, attributes: Record<string, unknown> | null, children: Item[]): { node: Node, children: Item[] } {
    const node = nodeType.create(attributes, Fragment.fromArray(children.flatMap(nodesOf)))
    node.check()
    return { node, children }
  }

  /** Arranges children as the content of a node: with fillers, and opaque where one does not fit. */
  #fit (nodeType: NodeType, items: Item[]): Item[] | null {
    let match = nodeType.contentMatch
    const fitted: Item[] = []
    const queue = [...items]
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      const content = Fragment.fromArray([...nodesOf(item)])
      const filling: Fragment | null = match.fillBefore(content)
      if (filling !== null) {
        filling.forEach((node) => fitted.push({ kind: 'filler', node }))
        fitted.push(item)
        match = match.matchFragment(filling)!.matchFragment(content)!
        continue
      }
      if (item.kind === 'opaque' || item.kind === 'filler') return null
      const types = item.kind === 'run' ? item.texts : [item.type as SharedType]
      queue.unshift(...types.map((type) => this.#opaque(type, nodeType)))
    }
    const end = match.fillBefore(Fragment.empty, true)
    if (end === null) return null
    end.forEach((node) => fitted.push({ kind: 'filler', node }))
    return fitted
  }

  #opaque (type: SharedType, parent: NodeType): Opaque {
    const nodeType = this.#schema.nodes[parent.inlineContent ? UNSUPPORTED_INLINE : UNSUPPORTED_BLOCK]!
    const { client, clock } = type._item!.id
    const name = type instanceof Y.XmlElement ? type.nodeName : type instanceof Y.XmlText ? 'text' : type.constructor.name
    const node = nodeType.create({ reference: `${client}:${clock}`, name, text: preview(type).slice(0, PREVIEW_LETTERS_MAX) })
    this.origins.set(node, type)
    return { kind: 'opaque', type, node }
  }

  #text (type: Y.XmlText): readonly Node[] {
    const cached = this.#texts.get(type)
    if (cached) return cached
    const nodes = (type.toDelta() as Array<{ insert: unknown, attributes?: Formats }>).map(({ insert, attributes }) => {
      const marks = marksOf(this.#schema, attributes)
      if (typeof insert === 'string') return this.#schema.text(insert, marks)
      const value = insert instanceof Y.AbstractType ? null : insert
      const node = this.#schema.nodes[UNSUPPORTED_INLINE]!.create({ embedded: true, name: 'embed', value }, null, marks)
      if (insert instanceof Y.AbstractType) this.origins.set(node, insert)
      return node
    })
    this.#texts.set(type, nodes)
    return nodes
  }
}

/** A value inside a shared text, which is part of its run. */
export const isEmbedded = (node: Node): boolean => isUnsupported(node) && node.attrs.embedded === true

/** The words inside unknown content. */
const preview = (type: unknown): string => {
  if (type instanceof Y.XmlText) {
    return (type.toDelta() as Array<{ insert: unknown }>).map(({ insert }) => typeof insert === 'string' ? insert : '').join('')
  }
  if (!(type instanceof Y.XmlFragment)) return ''
  return type.toArray().map(preview).filter((text) => text !== '').join(' ')
}
