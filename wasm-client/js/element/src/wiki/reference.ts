/**
 * What a link of a wiki points at, told by its address alone: any editor of the document knows links, and
 * keeps them. The server reads the same addresses in `server/content/src/reference.rs`.
 */
export type Reference =
  | { kind: 'page', space: string, page: string }
  /** A page that was not there yet, by the title that it is to have. */
  | { kind: 'new-page', space: string, title: string }
  | { kind: 'person', id: string }
  /** `2026-12-01`; in a task it is when that is due. */
  | { kind: 'day', day: string }
  | { kind: 'contents' }

const ID = '[a-z0-9][a-z0-9-]{0,63}'
const PAGE = new RegExp(`^/s/(${ID})/(${ID})/?(?:[?#].*)?$`)
const NEW_PAGE = new RegExp(`^/s/(${ID})/-/new\\?title=([^#&]+)`)
const PERSON = /^\/-\/people\/([^/?#]+)$/
const DAY = /^\/-\/tasks\?due=(\d{4}-\d{2}-\d{2})$/
const CONTENTS = '#toc'

/** What an address points at; null for addresses of anything else. */
export const referenceOf = (address: unknown): Reference | null => {
  if (typeof address !== 'string') return null
  const of = address.trim()
  if (of === CONTENTS) return { kind: 'contents' }
  const page = PAGE.exec(of)
  if (page !== null) return { kind: 'page', space: page[1]!, page: page[2]! }
  const newPage = NEW_PAGE.exec(of)
  const title = newPage === null ? null : decoded(newPage[2]!)
  if (title !== null) return { kind: 'new-page', space: newPage![1]!, title }
  const person = PERSON.exec(of)
  const id = person === null ? null : decoded(person[1]!)
  if (id !== null) return { kind: 'person', id }
  const day = DAY.exec(of)?.[1]
  return day !== undefined && isDay(day) ? { kind: 'day', day } : null
}

/** `2026-02-30` reads as a day of March, and is none. */
const isDay = (day: string): boolean => {
  const date = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day)
}

const decoded = (part: string): string | null => {
  try {
    return decodeURIComponent(part).trim() || null
  } catch {
    return null
  }
}

/** The address of a reference, from the server's root. */
export const addressOf = (reference: Reference): string => {
  switch (reference.kind) {
    case 'page': return `/s/${reference.space}/${reference.page}`
    case 'new-page': return `/s/${reference.space}/-/new?title=${encodeURIComponent(reference.title)}`
    case 'person': return `/-/people/${encodeURIComponent(reference.id)}`
    case 'day': return `/-/tasks?due=${reference.day}`
    case 'contents': return CONTENTS
  }
}
