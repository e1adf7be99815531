import { Delta } from 'quill'

/**
 * Quill ends every document with a line end that the shared text does not hold. Hence what Quill shows
 * is always the text and one plain line end; one that has formats is the text's own.
 */
export const withLastLine = (text: Delta): Delta => text.concat(new Delta().insert('\n'))

export interface Written {
  /** The change of the text. */
  delta: Delta
  /** How long what is shown is after it, where it lacks a last line; otherwise `null`. */
  lacksLineAt: number | null
}

/** A change of what is shown as one of the text. `shown` is called where the last line end is touched. */
export const withoutLastLine = (change: Delta, textLength: number, shown: () => Delta): Written => {
  if (endOf(change) <= textLength) return { delta: change, lacksLineAt: null }
  const before = shown()
  const after = before.compose(change)
  const last = after.ops.at(-1)
  const hasLine = typeof last?.insert === 'string' && last.insert.endsWith('\n') && last.attributes === undefined
  const length = after.length()
  const delta = before.slice(0, before.length() - 1).diff(hasLine ? after.slice(0, length - 1) : after)
  return { delta, lacksLineAt: hasLine ? null : length }
}

/** How far a change reaches. */
const endOf = (change: Delta): number =>
  change.reduce((end, { retain, delete: deleted }) => end + (typeof retain === 'number' ? retain : deleted ?? 0), 0)
