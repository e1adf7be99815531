import type { Node } from 'prosemirror-model'
import { nodesOf, type Branch, type Item } from './render.js'

/** What is to be stored as one shared text, or one other node. */
export type Part = { kind: 'run', nodes: Node[] } | { kind: 'node', node: Node }

/** What becomes of children, in the order of the new content; `size` is what they take there. */
export type Pair =
  | { kind: 'same', item: Item, size: number }
  | { kind: 'branch', item: Branch, node: Node, size: number }
  | { kind: 'runs', items: Item[], nodes: readonly Node[], size: number }
  | { kind: 'deleted', item: Item, size: 0 }
  | { kind: 'inserted', part: Part, size: number }

const partNodes = (part: Part): readonly Node[] => part.kind === 'run' ? part.nodes : [part.node]

const sizeOf = (nodes: readonly Node[]): number => nodes.reduce((sum, node) => sum + node.nodeSize, 0)

const same = (item: Item, part: Part): boolean => {
  if ((item.kind === 'run') !== (part.kind === 'run')) return false
  const old = nodesOf(item)
  const now = partNodes(part)
  return old.length === now.length && old.every((node, index) => node === now[index] || node.eq(now[index]!))
}

const isEmptyRun = (item: Item): boolean => item.kind === 'run' && item.nodes.length === 0

/**
 * Says which old child each new one continues. Concurrent edits survive in what is continued, and
 * are lost in what is deleted and inserted again: so as much as possible is continued.
 */
export const pairs = (before: readonly Item[], after: readonly Part[]): Pair[] => {
  // All goes, and with it some text: the text stays, empty, for what somebody else types there.
  if (after.length === 0 && before.some((item) => item.kind === 'run')) return [asRuns([...before], [])]
  const head: Pair[] = []
  const tail: Pair[] = []
  let [oldStart, newStart, oldEnd, newEnd] = [0, 0, before.length, after.length]
  while (oldStart < oldEnd) {
    const item = before[oldStart]!
    const part = newStart < newEnd ? after[newStart] : undefined
    if (part && same(item, part)) head.push(kept(item, after[newStart++]!))
    // An empty text shows nothing, and may be where somebody just types.
    else if (isEmptyRun(item) && part?.kind !== 'run') head.push({ kind: 'same', item, size: 0 })
    else break
    oldStart++
  }
  while (oldStart < oldEnd && newStart < newEnd && same(before[oldEnd - 1]!, after[newEnd - 1]!)) {
    tail.unshift(kept(before[--oldEnd]!, after[--newEnd]!))
  }
  return [...head, ...gap(before.slice(oldStart, oldEnd), after.slice(newStart, newEnd)), ...tail]
}

const kept = (item: Item, part: Part): Pair => ({ kind: 'same', item, size: sizeOf(partNodes(part)) })

/** A block may be looked for among so many; beyond, a change that large is paired from its ends. */
const ANCHORS_MAX = 2_000

/** Both ends differ: unchanged children inside are found first, what is between them is paired. */
const gap = (before: Item[], after: Part[]): Pair[] => {
  const nodes = new Map<Node, number>()
  if (before.length <= ANCHORS_MAX && after.length <= ANCHORS_MAX) {
    before.forEach((item, index) => { if (item.kind !== 'run' && item.kind !== 'filler') nodes.set(item.node, index) })
  }
  const found: Pair[] = []
  let [oldFrom, newFrom] = [0, 0]
  after.forEach((part, index) => {
    const old = part.kind === 'node' ? nodes.get(part.node) : undefined
    if (old === undefined || old < oldFrom) return
    found.push(...between(before.slice(oldFrom, old), after.slice(newFrom, index)), kept(before[old]!, part))
    ;[oldFrom, newFrom] = [old + 1, index + 1]
  })
  return [...found, ...between(before.slice(oldFrom), after.slice(newFrom))]
}

const between = (before: Item[], after: Part[]): Pair[] => {
  const runs = before.filter((item) => item.kind === 'run').length
  const [only] = after
  if (after.length === 1 && only!.kind === 'run' && runs > 0) return [asRuns(before, only!.nodes)]
  return fromEnds(before, after)
}

const asRuns = (items: Item[], nodes: readonly Node[]): Pair => ({ kind: 'runs', items, nodes, size: sizeOf(nodes) })

/** Pairs from the end that is more alike. */
const fromEnds = (before: Item[], after: Part[]): Pair[] => {
  const head: Pair[] = []
  const tail: Pair[] = []
  let [old, now] = [before, after]
  while (old.length > 0 && now.length > 0) {
    const left = likeness(old[0]!, now[0]!)
    const right = likeness(old.at(-1)!, now.at(-1)!)
    const fromLeft = old.length === now.length ? left > 0 || right === 0 : left >= right
    if (fromLeft && left > 0) {
      head.push(continued(old[0]!, now[0]!))
      ;[old, now] = [old.slice(1), now.slice(1)]
    } else if (!fromLeft) {
      tail.unshift(continued(old.at(-1)!, now.at(-1)!))
      ;[old, now] = [old.slice(0, -1), now.slice(0, -1)]
    } else {
      // Neither end can be continued: one child is replaced, or goes.
      head.push({ kind: 'deleted', item: old[0]!, size: 0 })
      if (now.length >= old.length) {
        head.push(inserted(now[0]!))
        now = now.slice(1)
      }
      old = old.slice(1)
    }
  }
  return [...head, ...old.map((item): Pair => ({ kind: 'deleted', item, size: 0 })), ...now.map(inserted), ...tail]
}

const inserted = (part: Part): Pair => ({ kind: 'inserted', part, size: sizeOf(partNodes(part)) })

const continued = (item: Item, part: Part): Pair => {
  if (same(item, part)) return kept(item, part)
  if (part.kind === 'run') return asRuns([item], part.nodes)
  return { kind: 'branch', item: item as Branch, node: part.node, size: part.node.nodeSize }
}

/** 0: one cannot become the other; else the more, the more letters they share at their ends. */
const likeness = (item: Item, part: Part): number => {
  if (same(item, part)) return Infinity
  if (item.kind === 'run') return part.kind === 'run' ? 1 + shared(text(item.nodes), text(part.nodes)) : 0
  if (item.kind !== 'branch' || part.kind === 'run' || item.node.type !== part.node.type) return 0
  return 1 + shared(item.node.textContent, part.node.textContent)
}

const text = (nodes: readonly Node[]): string => nodes.map((node) => node.text ?? '\uFFFC').join('')

const shared = (one: string, other: string): number => {
  const shorter = Math.min(one.length, other.length)
  let start = 0
  while (start < shorter && one[start] === other[start]) start++
  let end = 0
  while (end < shorter - start && one[one.length - end - 1] === other[other.length - end - 1]) end++
  return start + end
}
