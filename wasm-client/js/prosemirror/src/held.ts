import type { Node } from 'prosemirror-model'
import { ReplaceStep, Transform, type Step } from 'prosemirror-transform'

/**
 * What the document holds and the view does not show yet: a composition would end where its letters
 * were drawn anew. What is written meanwhile is moved to where it belongs among what waits.
 */
export class Held {
  /** From what is shown to what the document holds. */
  #steps: Step[] = []

  get isEmpty (): boolean { return this.#steps.length === 0 }

  add (steps: readonly Step[]): void { this.#steps.push(...steps) }

  /** An edit of what is shown, as an edit of what the document holds; `null` where its place is gone. */
  rebase (edit: Step): Step | null {
    let moved: Step | null = edit
    this.#steps = this.#steps.flatMap((held) => {
      if (moved === null) return [held]
      const after = held.map(moved.getMap())
      moved = moved.map(held.getMap())
      return after === null ? [] : [after]
    })
    return moved
  }

  /** Takes what waits, and applies it as far as it fits. */
  release (tr: Transform): void {
    for (const step of this.#steps) tr.maybeStep(step)
    this.#steps = []
  }
}

/** One edit that makes `after` of `before`; `null` where there is none. */
export const editBetween = (before: Node, after: Node): Step | null => {
  const start = before.content.findDiffStart(after.content)
  const end = before.content.findDiffEnd(after.content)
  if (start === null || end === null) return null
  // Letters that repeat are found from both ends.
  const overlap = Math.max(0, start - Math.min(end.a, end.b))
  return new ReplaceStep(start, end.a + overlap, after.slice(start, end.b + overlap))
}

/** A document with one more step, or `null` where the step does not fit. */
export const stepped = (before: Node, step: Step): Node | null => step.apply(before).doc ?? null

/** Whether one of the steps changes something in these positions of the document that they begin with. */
export const touches = (steps: readonly Step[], from: number, to: number): boolean => {
  let [start, end] = [from, to]
  return steps.some((step) => {
    let isWithin = false
    step.getMap().forEach((oldStart, oldEnd) => { isWithin ||= oldStart <= end && oldEnd >= start })
    // Marks and attributes move nothing; their steps have places all the same.
    const { from: first, to: last, pos } = step as { from?: number, to?: number, pos?: number }
    if (first !== undefined && last !== undefined) isWithin ||= first <= end && last >= start
    if (pos !== undefined) isWithin ||= pos <= end && pos >= start - 1
    start = step.getMap().map(start, -1)
    end = step.getMap().map(end, 1)
    return isWithin
  })
}
