import * as Y from 'yjs'
import { nodesOf, sharedLength, type Branch, type Item } from './render.js'
import type { SharedType } from './shared-type.js'

/** A place that stays where it is while others edit; the JSON that y-prosemirror uses. */
export type Anchor = Y.RelativePosition

const sizeOf = (item: Item): number => nodesOf(item).reduce((sum, node) => sum + node.nodeSize, 0)

/** Which letter an anchor stays with: the one behind it, or the one before it. */
export type Side = 'behind' | 'before'

/** The anchor of a position in the shown document. */
export const anchorAt = (root: Branch, position: number, side: Side = 'behind'): Anchor => {
  let branch = root
  let left = position
  for (;;) {
    const step = stepInto(branch, left, side)
    if (step.kind === 'anchor') return step.anchor
    branch = step.branch
    left = step.left
  }
}

type StepInto = { kind: 'anchor', anchor: Anchor } | { kind: 'branch', branch: Branch, left: number }

const stepInto = (branch: Branch, position: number, side: Side): StepInto => {
  let left = position
  let index = 0
  for (const item of branch.children) {
    const size = sizeOf(item)
    if (item.kind === 'run' && left <= size) return { kind: 'anchor', anchor: inRun(item.texts, left, side) }
    if (left === 0) break
    if (left < size) {
      if (item.kind === 'branch') return { kind: 'branch', branch: item, left: left - 1 }
      break
    }
    left -= size
    index += sharedLength(item)
  }
  return { kind: 'anchor', anchor: at(branch.type, Math.min(index, branch.type.length)) }
}

/** In an empty type, an anchor to the left stays before what comes. */
const at = (type: SharedType, index: number): Anchor =>
  Y.createRelativePositionFromTypeIndex(type, index, (type as unknown as { length: number }).length === 0 ? -1 : 0)

const inRun = (texts: readonly Y.XmlText[], offset: number, side: Side): Anchor => {
  let left = offset
  for (const text of texts) {
    if (side === 'before' && left > 0 && left <= text.length) return Y.createRelativePositionFromTypeIndex(text, left, -1)
    if (left < text.length || text === texts.at(-1)) return at(text, Math.min(left, text.length))
    left -= text.length
  }
  throw new Error('a run has at least one text')
}

/** Where an anchor is in the shown document; null where that place is not shown. */
export const positionOf = (root: Branch, anchor: Anchor): number | null => {
  const doc = root.type.doc
  if (doc === null) return null
  const place = Y.createAbsolutePositionFromRelativePosition(anchor, doc)
  if (place === null) return null
  const path = pathTo(root.type, place.type as SharedType)
  if (path === null) return null
  return descend(root, path, place.index)
}

/** The shared types from below the root down to `type`; null where it is not inside. */
const pathTo = (root: SharedType, type: SharedType): SharedType[] | null => {
  const path: SharedType[] = []
  for (let at: SharedType = type; at !== root; at = at._item.parent as SharedType) {
    if (at._item === null || at._item.deleted) return null
    path.unshift(at)
  }
  return path
}

const descend = (root: Branch, path: SharedType[], index: number): number | null => {
  let position = 0
  let branch = root
  for (const type of path) {
    let found: Item | undefined
    for (const item of branch.children) {
      if (item.kind !== 'filler' && (item.kind === 'run' ? item.texts.includes(type as Y.XmlText) : item.type === type)) { found = item; break }
      position += sizeOf(item)
    }
    if (found === undefined || found.kind === 'filler') return null
    if (found.kind === 'opaque') return position
    if (found.kind === 'run') {
      for (const text of found.texts) {
        if (text === type) return position + Math.min(index, text.length)
        position += text.length
      }
    } else {
      branch = found
      position += 1
    }
  }
  let children = 0
  for (const item of branch.children) {
    if (children >= index) break
    position += sizeOf(item)
    children += sharedLength(item)
  }
  return position
}
