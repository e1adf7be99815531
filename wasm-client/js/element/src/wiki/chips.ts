import type { Mark, Node } from 'prosemirror-model'
import type { EditorState, Transaction } from 'prosemirror-state'
import { addressOf, referenceOf, type Reference } from './reference.js'

/** A link that is one thing to whoever writes: a page, a person, a day. */
export interface Chip {
  from: number
  to: number
  reference: Exclude<Reference, { kind: 'contents' }>
  address: string
  text: string
  /** It reads as the page was called when the link was made, and follows what it is called now. */
  follows: boolean
}

/** The chips of each paragraph, at places within it. */
const known = new WeakMap<Node, readonly Chip[]>()

const linkOf = (node: Node): Mark | undefined => node.isText ? node.marks.find((mark) => mark.type.name === 'link') : undefined

const within = (block: Node): readonly Chip[] => {
  const before = known.get(block)
  if (before !== undefined) return before
  const chips: Chip[] = []
  let open: { mark: Mark, from: number, text: string } | null = null
  const close = (to: number): void => {
    const reference = open === null ? null : referenceOf(open.mark.attrs.href)
    if (open !== null && reference !== null && reference.kind !== 'contents') {
      const { from, text, mark: { attrs } } = open
      chips.push({ from, to, reference, address: String(attrs.href), text, follows: attrs.title === text })
    }
    open = null
  }
  block.forEach((child, offset) => {
    const mark = linkOf(child)
    if (open !== null && (mark === undefined || !mark.eq(open.mark))) close(offset)
    if (mark === undefined) return
    if (open === null) open = { mark, from: offset, text: child.text! }
    else (open as { text: string }).text += child.text!
  })
  close(block.content.size)
  known.set(block, chips)
  return chips
}

/** All chips of a document, in order. */
export const chipsOf = (doc: Node): Chip[] => {
  const chips: Chip[] = []
  doc.descendants((node, position) => {
    if (!node.isTextblock) return true
    for (const chip of within(node)) chips.push({ ...chip, from: position + 1 + chip.from, to: position + 1 + chip.to })
    return false
  })
  return chips
}

/** The chip that a position lies in or, if wanted, at the edge of. */
export const chipAt = (doc: Node, position: number, atEdge = false): Chip | null => {
  const $position = doc.resolve(position)
  if (!$position.parent.isTextblock) return null
  const start = $position.start()
  const inside = within($position.parent).find(({ from, to }) => atEdge
    ? start + from <= position && position <= start + to
    : start + from < position && position < start + to)
  return inside === undefined ? null : { ...inside, from: start + inside.from, to: start + inside.to }
}

/** The chip that begins at a position. */
export const chipBehind = (doc: Node, position: number): Chip | null =>
  chipsOf(doc).find(({ from }) => from === position) ?? null

/** Puts a chip in the place of what was typed; what is typed next is no part of it. */
export const insertChip = (state: EditorState, range: { from: number, to: number }, reference: Reference, text: string): Transaction => {
  const { schema, doc } = state
  const title = reference.kind === 'page' ? text : null
  const link = schema.marks.link!.create({ href: addressOf(reference), title })
  const marks = doc.resolve(range.from).marks().filter(({ type }) => type !== schema.marks.code && type !== schema.marks.link)
  return state.tr.replaceWith(range.from, range.to, schema.text(text, link.addToSet(marks))).removeStoredMark(schema.marks.link!).scrollIntoView()
}

/** Makes links of all links to a page that was to be written. */
export const linkWritten = (state: EditorState, space: string, title: string, page: string): Transaction => {
  const { tr, schema } = state
  for (const { from, to, reference, text } of chipsOf(state.doc)) {
    if (reference.kind !== 'new-page' || reference.space !== space || reference.title !== title) continue
    const follows = text === title ? title : null
    tr.removeMark(from, to, schema.marks.link!).addMark(from, to, schema.marks.link!.create({ href: addressOf({ kind: 'page', space, page }), title: follows }))
  }
  return tr
}
