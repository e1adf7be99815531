import { plainInsert } from './plain.js'
import type { Operation } from './shared-text.js'

/** A part of a change: so many units kept, or deleted, or this text inserted. */
export type Part = { keep: number } | { delete: number } | { insert: string }

const lengthOf = (part: Part): number => 'keep' in part ? part.keep : 'delete' in part ? part.delete : part.insert.length

/** Reads parts piece by piece; behind the last one everything is kept. */
class Reader {
  #index = 0
  #offset = 0

  constructor (readonly parts: readonly Part[]) {}

  get isAtEnd (): boolean { return this.#index >= this.parts.length }
  get part (): Part { return this.parts[this.#index] ?? { keep: Infinity } }
  get left (): number { return this.isAtEnd ? Infinity : lengthOf(this.part) - this.#offset }

  take (length: number): Part {
    const { part } = this
    const from = this.#offset
    this.#offset += length
    if (!this.isAtEnd && this.#offset >= lengthOf(part)) {
      this.#index += 1
      this.#offset = 0
    }
    return 'insert' in part ? { insert: part.insert.slice(from, from + length) } : 'keep' in part ? { keep: length } : { delete: length }
  }
}

/** A change of plain text. Values are never changed. */
export class Change {
  private constructor (readonly parts: readonly Part[]) {}

  static readonly none = new Change([])

  /** From an operation list of a text; embedded values count one. */
  static from (delta: readonly Operation[]): Change {
    return build(delta.map(({ insert, delete: deleted, retain }) =>
      insert !== undefined ? { insert: plainInsert(insert) } : deleted !== undefined ? { delete: deleted } : { keep: retain ?? 0 }))
  }

  static replace (from: number, deleted: number, insert: string): Change {
    return build([{ keep: from }, { insert }, { delete: deleted }])
  }

  /** @internal */
  static of (parts: readonly Part[]): Change { return parts.length === 0 ? Change.none : new Change(parts) }

  get isNothing (): boolean { return this.parts.length === 0 }

  toDelta (): Operation[] {
    return this.parts.map((part) => 'keep' in part ? { retain: part.keep } : part)
  }

  apply (text: string): string {
    let at = 0
    let result = ''
    for (const part of this.parts) {
      if ('insert' in part) result += part.insert
      else {
        if ('keep' in part) result += text.slice(at, at + part.keep)
        at += lengthOf(part)
      }
    }
    return result + text.slice(at)
  }

  /** This change and then `next`, as one. */
  then (next: Change): Change {
    const [first, second] = [new Reader(this.parts), new Reader(next.parts)]
    const parts: Part[] = []
    while (!first.isAtEnd || !second.isAtEnd) {
      if ('insert' in second.part) { parts.push(second.take(second.left)); continue }
      if ('delete' in first.part) { parts.push(first.take(first.left)); continue }
      const length = Math.min(first.left, second.left)
      const [before, after] = [first.take(length), second.take(length)]
      if ('keep' in after) parts.push(before)
      else if ('keep' in before) parts.push(after)
    }
    return build(parts)
  }

  /** This change as it is after `other`, which began from the same text. Of two insertions at one place, `isFirst` says whether this one's comes first. */
  after (other: Change, isFirst: boolean): Change {
    const [mine, theirs] = [new Reader(this.parts), new Reader(other.parts)]
    const parts: Part[] = []
    while (!mine.isAtEnd) {
      if ('insert' in mine.part && (isFirst || !('insert' in theirs.part))) { parts.push(mine.take(mine.left)); continue }
      if ('insert' in theirs.part) { parts.push({ keep: lengthOf(theirs.take(theirs.left)) }); continue }
      const length = Math.min(mine.left, theirs.left)
      const [part, gone] = [mine.take(length), theirs.take(length)]
      if (!('delete' in gone)) parts.push(part)
    }
    return build(parts)
  }

  /** Where a position is after this change; at an insertion it stays before it. */
  map (position: number): number {
    let at = 0
    let moved = position
    for (const part of this.parts) {
      if (at >= position) break
      if ('insert' in part) moved += part.insert.length
      else {
        if ('delete' in part) moved -= Math.min(part.delete, position - at)
        at += lengthOf(part)
      }
    }
    return moved
  }

  /** Where a position after this change was before it. */
  unmap (position: number): number {
    let [before, after] = [0, 0]
    for (const part of this.parts) {
      if (after >= position) break
      if ('insert' in part) after += Math.min(part.insert.length, position - after)
      else if ('delete' in part) before += part.delete
      else {
        const kept = Math.min(part.keep, position - after)
        before += kept
        after += kept
      }
    }
    return before + (position - after)
  }
}

/** Joins what belongs together, and drops what says nothing. */
const build = (parts: readonly Part[]): Change => {
  const joined: Part[] = []
  for (const part of parts) {
    if (lengthOf(part) === 0) continue
    const last = joined.at(-1)
    if (last !== undefined && 'insert' in last && 'insert' in part) joined[joined.length - 1] = { insert: last.insert + part.insert }
    else if (last !== undefined && 'keep' in last && 'keep' in part) joined[joined.length - 1] = { keep: last.keep + part.keep }
    else if (last !== undefined && 'delete' in last && 'delete' in part) joined[joined.length - 1] = { delete: last.delete + part.delete }
    else joined.push(part)
  }
  const last = joined.at(-1)
  if (last !== undefined && 'keep' in last) joined.pop()
  return Change.of(joined)
}
