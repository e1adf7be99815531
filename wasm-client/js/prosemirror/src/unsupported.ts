import type { DOMOutputSpec, MarkSpec, Mark, Node, NodeSpec, Schema } from 'prosemirror-model'

/** Names under which content that the schema does not know is shown. Never written to a document. */
export const UNSUPPORTED_BLOCK = 'unsupportedBlock'
export const UNSUPPORTED_INLINE = 'unsupportedInline'
export const UNSUPPORTED_MARK = 'unsupportedMark'

/** What a person reads beside content of an unknown kind. */
export type Label = (name: string) => string

const english: Label = (name) => `This editor cannot change this content (${name})`

const attrs: NodeSpec['attrs'] = {
  /** Which shared type is shown; tells two of them apart. */
  reference: { default: null },
  name: { default: '' },
  text: { default: '' },
  /** A value inside a text, with what it is. */
  embedded: { default: false },
  value: { default: null }
}

const shown = (tag: string, label: Label) => (node: Node): DOMOutputSpec => [
  tag,
  { class: 'unisson-unsupported', contenteditable: 'false', title: label(node.attrs.name), 'aria-label': label(node.attrs.name) },
  node.attrs.text || label(node.attrs.name)
]

/** A block of a kind that the schema does not know: shown, selectable, not editable. */
export const unsupportedBlock = (label = english): NodeSpec =>
  ({ group: 'block', atom: true, isolating: true, attrs, toDOM: shown('div', label) })

/** The same among text. */
export const unsupportedInline = (label = english): NodeSpec =>
  ({ group: 'inline', inline: true, atom: true, attrs, toDOM: shown('span', label) })

/** A format that the schema does not know: stays on its text. */
export const unsupportedMark = (): MarkSpec => ({
  attrs: { key: {}, value: { default: null } },
  excludes: '',
  inclusive: false,
  toDOM: (mark: Mark): DOMOutputSpec => ['span', { class: 'unisson-unsupported-mark', 'data-format': String(mark.attrs.key) }, 0]
})

/** Fails where a schema has no place for unknown content: it could not be preserved. */
export const requireUnsupported = (schema: Schema): void => {
  const missing = [UNSUPPORTED_BLOCK, UNSUPPORTED_INLINE].filter((name) => !schema.nodes[name])
  if (!schema.marks[UNSUPPORTED_MARK]) missing.push(UNSUPPORTED_MARK)
  if (missing.length > 0) throw new Error(`the schema lacks ${missing.join(', ')}: see the README of @unisson/prosemirror`)
}

export const isUnsupported = (node: Node): boolean =>
  node.type.name === UNSUPPORTED_BLOCK || node.type.name === UNSUPPORTED_INLINE
