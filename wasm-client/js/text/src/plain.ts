import type { Operation } from './shared-text.js'

/** What stands for an embedded value where only text can be shown: it counts one, as the value does. */
export const OBJECT = '\uFFFC'

/** What is inserted, as plain text of the same length. */
export const plainInsert = (insert: Operation['insert']): string =>
  typeof insert === 'string' ? insert : OBJECT

/** A whole text as plain text of the same length. */
export const plainText = (delta: readonly Operation[]): string =>
  delta.map(({ insert }) => plainInsert(insert)).join('')

/** Whether a position is in the middle of a letter that takes two units. */
export const splitsLetter = (text: string, index: number): boolean =>
  /^[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(text.slice(Math.max(index - 1, 0), index + 1))
