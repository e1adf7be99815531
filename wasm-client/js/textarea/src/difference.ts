import { Change, splitsLetter } from '@unisson/text'

/**
 * What was done between two values, of which the caret is known after it: a key or a paste ends where
 * the caret is. Of equal letters ("aaaa") the ones at the caret are meant.
 */
export const differenceAt = (before: string, after: string, caret: number): Change => {
  if (before === after) return Change.none
  const shorter = Math.min(before.length, after.length)
  // What follows the caret was there before, as far as it is the same.
  const tailMax = Math.min(after.length - Math.min(caret, after.length), shorter)
  let tail = 0
  while (tail < tailMax && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1
  let head = 0
  while (head < shorter - tail && before[head] === after[head]) head += 1
  // Where something was taken out behind the caret, the difference is shorter than that.
  while (tail < shorter - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1
  while (head > 0 && (splitsLetter(before, head) || splitsLetter(after, head))) head -= 1
  while (tail > 0 && (splitsLetter(before, before.length - tail) || splitsLetter(after, after.length - tail))) tail -= 1
  return Change.replace(head, before.length - tail - head, after.slice(head, after.length - tail))
}
