import { Fragment, Slice, type Node } from 'prosemirror-model'
import type { Transform } from 'prosemirror-transform'
import { allReformats, difference, inlineOf, piecesBetween } from './inline.js'
import { equalValues } from './write.js'
import type { SharedType } from './shared-type.js'

type Origins = WeakMap<Node, SharedType>

/**
 * Turns a transform's document into `after`, by the smallest steps: what does not change keeps its
 * DOM, its decorations and the selection in it.
 */
export const showInstead = (tr: Transform, after: Node, origins: Origins): void => {
  const before = tr.doc
  if (before.eq(after)) return
  const steps = new Steps(origins)
  steps.content(before, after, 0)
  try {
    steps.applyTo(tr)
  } catch (error) {
    // Some moment between two steps is not valid in the schema.
    if (!(error instanceof RangeError) && (error as Error).name !== 'ReplaceError' && (error as Error).name !== 'TransformError') throw error
  }
  if (!tr.doc.eq(after)) tr.replaceWith(0, tr.doc.content.size, after.content)
}

class Steps {
  readonly #origins: Origins
  /** From first to last; they are applied in reverse, so that positions stay what they were. */
  readonly #steps: Array<(tr: Transform) => void> = []

  constructor (origins: Origins) { this.#origins = origins }

  applyTo (tr: Transform): void {
    for (const step of this.#steps.reverse()) step(tr)
  }

  /** `start` is where the content of `before` begins. */
  content (before: Node, after: Node, start: number): void {
    if (before.content === after.content || before.content.eq(after.content)) return
    if (before.inlineContent && after.inlineContent) this.#inline(before, after, start)
    else this.#blocks(before, after, start)
  }

  #blocks (before: Node, after: Node, start: number): void {
    const next = new Map<unknown, number>()
    after.forEach((node, _offset, index) => next.set(this.#identity(node), index))
    let [position, oldFrom, newFrom] = [start, 0, 0]
    before.forEach((old, offset, index) => {
      const found = next.get(this.#identity(old))
      if (found === undefined || found < newFrom || !continues(old, after.child(found))) return
      this.#gap(children(before, oldFrom, index), children(after, newFrom, found), position)
      this.#node(old, after.child(found), start + offset)
      position = start + offset + old.nodeSize
      ;[oldFrom, newFrom] = [index + 1, found + 1]
    })
    this.#gap(children(before, oldFrom, before.childCount), children(after, newFrom, after.childCount), position)
  }

  /** Fillers have no shared type: they are compared by what they show. */
  #gap (old: Node[], now: Node[], position: number): void {
    let start = position
    while (old[0] !== undefined && now[0] !== undefined && old[0].eq(now[0])) {
      start += old.shift()!.nodeSize
      now.shift()
    }
    while (old.length > 0 && now.length > 0 && old.at(-1)!.eq(now.at(-1)!)) {
      old.pop()
      now.pop()
    }
    this.#replace(start, old.reduce((end, node) => end + node.nodeSize, start), now)
  }

  /** Two nodes with one identity show the same shared type. */
  #identity (node: Node): unknown { return this.#origins.get(node) ?? node }

  #node (old: Node, now: Node, position: number): void {
    if (old === now) return
    for (const name of Object.keys(now.attrs)) {
      if (!equalValues(old.attrs[name], now.attrs[name])) {
        this.#steps.push((tr) => { tr.setNodeAttribute(position, name, now.attrs[name]) })
      }
    }
    this.content(old, now, position + 1)
  }

  #inline (before: Node, after: Node, start: number): void {
    const [old, now] = [inlineOf(before.content.content), inlineOf(after.content.content)]
    const change = difference(old, now)
    if (change !== null) {
      const nodes = piecesBetween(now, change.start, change.newEnd)
        .map((piece) => piece.leaf ?? piece.node.cut(piece.from - piece.start, piece.to - piece.start))
      this.#replace(start + change.start, start + change.oldEnd, nodes)
    }
    const shift = change === null ? 0 : change.newEnd - change.oldEnd
    for (const { from, to, removed, added } of allReformats(old, now, change)) {
      const moved = change !== null && from >= change.newEnd ? shift : 0
      const [first, last] = [start + from - moved, start + to - moved]
      // Formats are applied to the old positions, so before the letters change.
      this.#steps.push((tr) => {
        for (const mark of removed) tr.removeMark(first, last, mark)
        for (const mark of added) tr.addMark(first, last, mark)
      })
    }
  }

  #replace (from: number, to: number, nodes: readonly Node[]): void {
    if (from === to && nodes.length === 0) return
    this.#steps.push((tr) => { tr.replace(from, to, new Slice(Fragment.fromArray([...nodes]), 0, 0)) })
  }
}

const continues = (old: Node, now: Node): boolean => old === now || (old.type === now.type && !old.isText)

const children = (parent: Node, from: number, to: number): Node[] => parent.content.content.slice(from, to)
