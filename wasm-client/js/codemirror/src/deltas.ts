import { ChangeSet, Text, type ChangeSpec } from '@codemirror/state'
import { plainInsert, plainText, type Operation, type SharedText } from '@unisson/text'

/** Only `\n` ends a line here: CodeMirror would take others for one as well, and count another length. */
const linesOf = (text: string): Text => Text.of(text.split('\n'))

/** A change of the shared text as one of an editor that shows it. */
export const changesFrom = (delta: readonly Operation[], length: number): ChangeSet => {
  const specs: ChangeSpec[] = []
  let at = 0
  for (const { insert, delete: deleted, retain } of delta) {
    if (insert !== undefined) specs.push({ from: at, insert: linesOf(plainInsert(insert)) })
    else if (deleted !== undefined) {
      specs.push({ from: at, to: at + deleted })
      at += deleted
    } else at += retain ?? 0
  }
  return ChangeSet.of(specs, length)
}

/** A change of an editor that shows the text, as one of the shared text. */
export const deltaFrom = (changes: ChangeSet): Operation[] => {
  const delta: Operation[] = []
  let at = 0
  changes.iterChanges((from, to, _fromAfter, _toAfter, inserted) => {
    if (from > at) delta.push({ retain: from - at })
    if (inserted.length > 0) delta.push({ insert: inserted.sliceString(0, inserted.length, '\n') })
    if (to > from) delta.push({ delete: to - from })
    at = to
  }, true)
  return delta
}

/** What an editor has to change to show the text: only what is between the first and the last difference. */
export const changesToShow = (shown: Text, text: SharedText): ChangeSet => {
  const before = shown.sliceString(0, shown.length, '\n')
  const after = plainText(text.toDelta())
  const shorter = Math.min(before.length, after.length)
  let same = 0
  while (same < shorter && before[same] === after[same]) same += 1
  let tail = 0
  while (tail < shorter - same && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1
  if (same + tail === before.length && same + tail === after.length) return ChangeSet.empty(before.length)
  const change = { from: same, to: before.length - tail, insert: linesOf(after.slice(same, after.length - tail)) }
  return ChangeSet.of(change, before.length)
}

/** The same change, where it would part the two halves of a letter, with whole letters. */
export const withWholeLetters = (changes: ChangeSet, before: Text): ChangeSet => {
  let isWhole = true
  const specs: Array<{ from: number, to: number, insert: string }> = []
  changes.iterChanges((from, to, _fromAfter, _toAfter, inserted) => {
    const [head, tail] = [halfAt(before, from), to > from ? halfAt(before, to) : '']
    if (head !== '' || tail !== '') isWhole = false
    const insert = inserted.sliceString(0, inserted.length, '\n')
    if (to === from) specs.push({ from, to, insert })
    else {
      const last = tail === '' ? '' : before.sliceString(to, to + 1)
      specs.push({ from: from - head.length, to: to + last.length, insert: head + insert + last })
    }
  }, true)
  if (isWhole) return changes
  try {
    return ChangeSet.of(specs.map(({ insert, ...range }) => ({ ...range, insert: linesOf(insert) })), changes.length)
  } catch {
    // Two of them meet in one letter, which no key does: better a letter in halves than a lost edit.
    return changes
  }
}

/** The first half of the letter that a position is in the middle of; nothing elsewhere. */
const halfAt = (text: Text, position: number): string => {
  const around = text.sliceString(Math.max(position - 1, 0), position + 1)
  return /^[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(around) ? around.charAt(0) : ''
}
