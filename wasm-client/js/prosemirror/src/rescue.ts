import * as Y from 'yjs'
import type { Formats } from './marks.js'
import type { SharedType } from './shared-type.js'

/** Letters that belong back, behind a place of a text. */
interface Missing { text: Y.XmlText, index: number, letters: string, formats: Formats }

/** A letter of a text that was deleted. */
interface Letter { letter: string, clock: number, isOwn: boolean, formats: Formats }

/** A letter that came with the deletion, or since. */
interface Copied { letter: string, text: Y.XmlText, index: number }

/** A text that somebody deleted, with what was in it. */
interface Fold { parent: Y.XmlFragment, letters: Letter[], since: Map<number, number>, isTyping: boolean }

/**
 * Finds what this editor wrote into a text that another editor folded into its neighbour without having seen it.
 *
 * Two people who begin one empty paragraph at once make two shared texts of it. y-prosemirror keeps a
 * paragraph in one: its next keystroke writes what it knows of the second behind the first, and deletes the second, with
 * all that is typed there meanwhile. The copy says how much of that it knew: everybody's letters arrive in the order in which
 * they were written, so it knew the first so many of ours. The others belong behind them.
 */
export class Rescue {
  /** Deletions whose copies are still to come: updates arrived in another order. */
  #waiting: Fold[] = []

  /** What is to be written again after a transaction of somebody else. */
  missing (events: ReadonlyArray<Y.YEvent<any>>, transaction: Y.Transaction): Missing[] {
    const { doc } = transaction
    const folds = [...this.#waiting, ...events.flatMap((event) => foldsOf(event, transaction))]
    // Updates that wait may hold the copy.
    const isWhole = doc.store.pendingStructs === null
    this.#waiting = isWhole ? [] : folds
    return isWhole ? folds.flatMap(missingOf) : []
  }
}

/** Writes letters where they were missing. */
export const writeAgain = (missing: readonly Missing[]): void => {
  // From last to first, so that places stay what they are.
  for (const { text, index, letters, formats } of [...missing].reverse()) text.insert(index, letters, formats)
}

const foldsOf = (event: Y.YEvent<any>, transaction: Y.Transaction): Fold[] => {
  const parent = event.target as SharedType
  if (!(parent instanceof Y.XmlFragment)) return []
  const texts = [...event.changes.deleted].flatMap(({ content }) =>
    content instanceof Y.ContentType && content.type instanceof Y.XmlText ? [content.type] : [])
  const isTyping = isOnlyText(parent, transaction)
  return texts.map((text) => ({ parent, letters: lettersOf(text, transaction), since: sinceOf(text, transaction), isTyping }))
    .filter(({ letters }) => letters.some(({ isOwn }) => isOwn))
}

/** Whether letters of this paragraph changed, and nothing else. */
const isOnlyText = (parent: Y.XmlFragment, { changed }: Y.Transaction): boolean => {
  const others = [...changed].filter(([type]) => (type as unknown) !== parent)
  return others.length > 0 && others.every(([type]) => type instanceof Y.XmlText && (type.parent as unknown) === parent) &&
    [...changed.get(parent as never) ?? []].every((key) => key === null)
}

/**
 * The state after which a copy was made: before the transaction. Who made the text makes the copy first, and deletes
 * then; they had written all that they wrote into the text before.
 */
const sinceOf = (text: Y.XmlText, transaction: Y.Transaction): Map<number, number> => {
  const since = new Map(transaction.beforeState)
  const { client, clock } = text._item!.id
  let last = clock
  for (let item = text._start; item !== null; item = item.right) {
    if (item.id.client === client) last = Math.max(last, item.id.clock + item.length - 1)
  }
  return since.set(client, Math.min(last + 1, since.get(client) ?? 0))
}

/** What a text had until it was deleted by `transaction`. */
const lettersOf = (text: Y.XmlText, transaction: Y.Transaction): Letter[] => {
  const letters: Letter[] = []
  let formats: Formats = {}
  for (let item = text._start; item !== null; item = item.right) {
    if (item.deleted && !Y.isDeleted(transaction.deleteSet, item.id)) continue
    if (item.content instanceof Y.ContentFormat) formats = { ...formats, [item.content.key]: item.content.value }
    else if (item.content instanceof Y.ContentString) {
      const { client, clock } = item.id
      const shared = { isOwn: client === transaction.doc.clientID, formats }
      letters.push(...item.content.str.split('').map((letter, offset) => ({ letter, clock: clock + offset, ...shared })))
    }
  }
  return letters
}

const missingOf = ({ parent, letters, since, isTyping }: Fold): Missing[] => {
  if (parent._item?.deleted === true) return []
  const { copied, isFormatted } = copiedTo(parent, since)
  const known = knownOf(letters, copied.map(({ letter }) => letter).join(''), isTyping && !isFormatted)
  return known === null ? [] : placed(letters, known, copied)
}

/** The letters in a paragraph's texts that others wrote since a state. */
const copiedTo = (parent: Y.XmlFragment, since: Map<number, number>): { copied: Copied[], isFormatted: boolean } => {
  const copied: Copied[] = []
  let isFormatted = false
  for (const text of parent.toArray() as SharedType[]) {
    if (!(text instanceof Y.XmlText)) continue
    let index = 0
    for (let item = text._start; item !== null; item = item.right) {
      if (item.deleted) continue
      const isNew = item.id.client !== parent.doc!.clientID && item.id.clock >= (since.get(item.id.client) ?? 0)
      if (isNew && item.content instanceof Y.ContentFormat) isFormatted = true
      if (isNew && item.content instanceof Y.ContentString) {
        const from = index
        copied.push(...item.content.str.split('').map((letter, offset) => ({ letter, text, index: from + offset })))
      }
      if (item.countable) index += item.length
    }
  }
  return { copied, isFormatted }
}

/** Which letters are in the copy, and where; null where it is no copy of them. */
const knownOf = (letters: readonly Letter[], copy: string, isTyping: boolean): Map<Letter, number> | null => {
  const own = letters.filter(({ isOwn }) => isOwn)
  const written = [...own].sort((one, other) => one.clock - other.clock)
  const prefixes = written.flatMap(({ clock }, index) => splits(written, index + 1) ? [] : [own.filter((letter) => letter.clock <= clock)]).reverse()
  const whole = own.length === letters.length ? wholeIn(prefixes, copy, isTyping) : undefined
  if (whole !== undefined) return placesOf(whole, placesIn(textOf(whole), copy)!)
  // Others wrote among them.
  for (const prefix of prefixes) {
    const places = scattered(prefix, copy)
    if (places !== null) return places
  }
  // It may have none of ours, and letters of others who wrote there.
  return scattered(letters.filter(({ isOwn }) => !isOwn).slice(0, 1), copy)
}

/** Finds the most letters that a copy has, with one edit of who made it. */
const wholeIn = (prefixes: ReadonlyArray<readonly Letter[]>, copy: string, isTyping: boolean): readonly Letter[] | undefined => {
  const equal = prefixes.find((prefix) => textOf(prefix) === copy)
  // Who only types has added a letter: a copy that looks like ours alone has one less of them, and the same one typed there.
  const within = prefixes.find((prefix) => prefix.length < copy.length && placesIn(textOf(prefix), copy) !== null)
  return isTyping ? within ?? equal : equal ?? within
}

/** Where letters are in a copy, in one piece, or at both of its ends; null where they are not. */
const placesIn = (text: string, copy: string): number[] | null => {
  const places = (length: number, from: number): number[] => Array.from({ length }, (_, index) => from + index)
  const start = copy.lastIndexOf(text)
  if (start !== -1) return places(text.length, start)
  let head = 0
  while (head < text.length && text[head] === copy[head]) head++
  const tail = text.length - head
  if (text.length > copy.length || !copy.endsWith(text.slice(head))) return null
  return [...places(head, 0), ...places(tail, copy.length - tail)]
}

const placesOf = (letters: readonly Letter[], places: readonly number[]): Map<Letter, number> =>
  new Map(letters.map((letter, index) => [letter, places[index]!]))

const textOf = (letters: readonly Letter[]): string => letters.map(({ letter }) => letter).join('')

/** Whether the first so many end in half a letter. */
const splits = (written: readonly Letter[], count: number): boolean =>
  /[\uD800-\uDBFF]/.test(written[count - 1]!.letter) && count < written.length

/** Where letters are in a copy that has others between them. */
const scattered = (letters: readonly Letter[], copy: string): Map<Letter, number> | null => {
  const places = new Map<Letter, number>()
  let end = copy.length
  for (const letter of [...letters].reverse()) {
    end = end === 0 ? -1 : copy.lastIndexOf(letter.letter, end - 1)
    if (end === -1) return null
    places.set(letter, end)
  }
  return places.size === 0 ? null : places
}

/** Puts each own letter that is not known behind the one that it was behind, or before the first that is known. */
const placed = (letters: readonly Letter[], places: Map<Letter, number>, copied: readonly Copied[]): Missing[] => {
  const missing: Missing[] = []
  let { text, index } = copied[Math.min(...places.values())]!
  let isNew = true
  for (const letter of letters) {
    const place = places.get(letter)
    if (place !== undefined) {
      ;({ text, index } = copied[place]!)
      index += 1
      isNew = true
      continue
    }
    if (!letter.isOwn) continue
    const last = missing.at(-1)
    if (!isNew && last !== undefined && last.formats === letter.formats) last.letters += letter.letter
    else missing.push({ text, index, letters: letter.letter, formats: letter.formats })
    isNew = false
  }
  return missing
}
