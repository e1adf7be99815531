import type { Mark, Node } from 'prosemirror-model'

/** Inline content as one string; anything but text counts as one letter. */
export interface Inline { text: string, pieces: Piece[] }
/** `start` is where the node begins; a cut piece may begin later. */
export interface Piece { from: number, to: number, start: number, marks: readonly Mark[], leaf: Node | null, node: Node }

/** What stands between two equal ends. */
export interface Difference { start: number, oldEnd: number, newEnd: number }

/** Marks that some letters lost and got; positions are those of the new content. */
export interface Reformat { from: number, to: number, removed: Mark[], added: Mark[] }

const OBJECT = '\uFFFC'

/** Positions count as ProseMirror's do only where all nodes that are no text have size one. */
export const inlineOf = (nodes: readonly Node[]): Inline => {
  const pieces: Piece[] = []
  let text = ''
  for (const node of nodes) {
    const from = text.length
    text += node.isText ? node.text! : OBJECT.repeat(node.nodeSize)
    pieces.push({ from, to: text.length, start: from, marks: node.marks, leaf: node.isText ? null : node, node })
  }
  return { text, pieces }
}

const pieceAt = (pieces: Piece[], index: number): Piece | undefined => {
  let low = 0
  let high = pieces.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (pieces[middle]!.to <= index) low = middle + 1
    else high = middle
  }
  return pieces[low]
}

const sameLetter = (one: Inline, at: number, other: Inline, otherAt: number): boolean => {
  if (one.text[at] !== other.text[otherAt]) return false
  if (one.text[at] !== OBJECT) return true
  const piece = pieceAt(one.pieces, at)!
  const otherPiece = pieceAt(other.pieces, otherAt)!
  if (piece.leaf === null || otherPiece.leaf === null) return piece.leaf === otherPiece.leaf
  const sameKind = piece.leaf.type === otherPiece.leaf.type && piece.leaf.hasMarkup(otherPiece.leaf.type, otherPiece.leaf.attrs, piece.leaf.marks)
  return at - piece.from === otherAt - otherPiece.from && sameKind && piece.leaf.content.eq(otherPiece.leaf.content)
}

/** Whether a cut here would part the two halves of a letter. */
const splitsLetter = (text: string, index: number): boolean =>
  index > 0 && index < text.length && /[\uD800-\uDBFF]/.test(text[index - 1]!) && /[\uDC00-\uDFFF]/.test(text[index]!)

/**
 * Where letters differ, formats aside. `changedFrom` is where the edit began, if that is known:
 * it decides between equal answers ("aaa" has four places for one more "a").
 */
export const difference = (before: Inline, after: Inline, changedFrom = Infinity): Difference | null => {
  const shorter = Math.min(before.text.length, after.text.length)
  let start = 0
  while (start < shorter && start < changedFrom && sameLetter(before, start, after, start)) start++
  let same = 0
  while (same < shorter - start &&
    sameLetter(before, before.text.length - same - 1, after, after.text.length - same - 1)) same++
  let oldEnd = before.text.length - same
  let newEnd = after.text.length - same
  if (start === oldEnd && start === newEnd) return null
  if (splitsLetter(before.text, start) || splitsLetter(after.text, start)) start--
  if (splitsLetter(before.text, oldEnd) || splitsLetter(after.text, newEnd)) { oldEnd++; newEnd++ }
  return { start, oldEnd, newEnd }
}

/** Compares the formats of `length` equal letters. */
export const reformats = (before: Inline, from: number, after: Inline, newFrom: number, length: number): Reformat[] => {
  const found: Reformat[] = []
  for (let at = 0; at < length;) {
    const old = pieceAt(before.pieces, from + at)!
    const now = pieceAt(after.pieces, newFrom + at)!
    const end = Math.min(length, old.to - from, now.to - newFrom)
    const removed = old.marks.filter((mark) => !mark.isInSet(now.marks))
    const added = now.marks.filter((mark) => !mark.isInSet(old.marks))
    if (removed.length > 0 || added.length > 0) found.push({ from: newFrom + at, to: newFrom + end, removed, added })
    at = end
  }
  return found
}

/** All changes of formats on letters that both have. */
export const allReformats = (before: Inline, after: Inline, change: Difference | null): Reformat[] => {
  if (change === null) return reformats(before, 0, after, 0, after.text.length)
  const { start, oldEnd, newEnd } = change
  return [
    ...reformats(before, 0, after, 0, start),
    ...reformats(before, oldEnd, after, newEnd, after.text.length - newEnd)
  ]
}

/** The pieces between two positions, cut where they reach further. */
export const piecesBetween = (inline: Inline, from: number, to: number): Piece[] => inline.pieces
  .filter((piece) => Math.max(piece.from, from) < Math.min(piece.to, to))
  .map((piece) => ({ ...piece, from: Math.max(from, piece.from), to: Math.min(to, piece.to) }))
