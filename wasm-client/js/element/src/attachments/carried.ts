import { Fragment, Slice, type Mark, type Node } from 'prosemirror-model'
import type { Files } from './files.js'

/** What is copied names the document's files by their whole addresses: it may be pasted into another one. */
export const copied = (slice: Slice, files: Files): Slice => withAddresses(slice, (address) => files.absolute(address))

/** What comes back names them as the document does. */
export const pasted = (slice: Slice, files: Files): Slice => withAddresses(slice, (address) => files.relative(address))

const withAddresses = ({ content, openStart, openEnd }: Slice, change: (address: string) => string): Slice =>
  new Slice(contentWith(content, change), openStart, openEnd)

const contentWith = (content: Fragment, change: (address: string) => string): Fragment =>
  Fragment.fromArray(content.content.map((node) => nodeWith(node, change)))

const nodeWith = (node: Node, change: (address: string) => string): Node => {
  const marks = node.marks.map((mark) => markWith(mark, change))
  if (node.isText) return node.mark(marks)
  const { src } = node.attrs
  const attrs = node.type.name === 'image' && typeof src === 'string' ? { ...node.attrs, src: change(src) } : node.attrs
  return node.type.create(attrs, contentWith(node.content, change), marks)
}

const markWith = (mark: Mark, change: (address: string) => string): Mark => {
  const { href } = mark.attrs
  return mark.type.name === 'link' && typeof href === 'string' ? mark.type.create({ ...mark.attrs, href: change(href) }) : mark
}
