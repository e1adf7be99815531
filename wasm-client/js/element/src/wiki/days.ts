import type { Locale } from '../words.js'

/** A day that somebody may mean. */
export interface Meant { day: string, label: string, text: string }

const DAY_MS = 86_400_000

/** `2026-12-01` of a date in local time. */
const dayOf = (date: Date): string =>
  `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`

/** Noon, so that a change of the clocks changes no day. */
const dateOf = (year: number, month: number, day: number): Date | null => {
  const date = new Date(year, month - 1, day, 12)
  return date.getMonth() === month - 1 && date.getDate() === day && year > 1900 && year < 3000 ? date : null
}

export const writtenDay = (date: Date, locale: Locale): string =>
  new Intl.DateTimeFormat(locale === 'fr' ? 'fr-FR' : 'en-GB', { day: 'numeric', month: 'long', year: 'numeric' }).format(date)

/** Letters as they are compared: small, without accents. */
export const folded = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

/** The days that what was typed may mean: words, days of the week, `1/12`, `2026-12-01`. */
export const meantDays = (typed: string, locale: Locale, now: Date, words: { today: string, tomorrow: string }): Meant[] => {
  const query = folded(typed.trim())
  const exact = typedDay(query, now)
  if (exact !== null) return [meant(exact, locale, null)]
  const noon = new Date(now.getFullYear(), now.getMonth(), now.getDate(), 12)
  const days: Meant[] = []
  for (let ahead = 0; ahead <= 7; ahead++) {
    const date = new Date(noon.getTime() + ahead * DAY_MS)
    const weekday = new Intl.DateTimeFormat(locale === 'fr' ? 'fr-FR' : 'en-GB', { weekday: 'long' }).format(date)
    const name = ahead === 0 ? words.today : ahead === 1 ? words.tomorrow : weekday
    if (query === '' ? ahead < 2 : [name, weekday].some((word) => folded(word).startsWith(query))) days.push(meant(date, locale, name))
  }
  return days
}

const meant = (date: Date, locale: Locale, name: string | null): Meant => {
  const text = writtenDay(date, locale)
  return { day: dayOf(date), text, label: name === null ? text : `${name[0]!.toUpperCase()}${name.slice(1)}` }
}

const typedDay = (query: string, now: Date): Date | null => {
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(query)
  if (iso !== null) return dateOf(Number(iso[1]), Number(iso[2]), Number(iso[3]))
  const short = /^(\d{1,2})[/.](\d{1,2})(?:[/.](\d{4}|\d{2}))?$/.exec(query)
  if (short === null) return null
  const [day, month] = [Number(short[1]), Number(short[2])]
  if (short[3] !== undefined) return dateOf(Number(short[3]) + (short[3].length === 2 ? 2000 : 0), month, day)
  // Without a year the next such day is meant.
  const thisYear = dateOf(now.getFullYear(), month, day)
  const isOver = thisYear !== null && thisYear.getTime() < now.getTime() - DAY_MS
  return isOver ? dateOf(now.getFullYear() + 1, month, day) : thisYear
}
