/** What people read, in French and English. A screen has a file of its own in `words/`. */
import { english } from './words/en.js'
import { french } from './words/fr.js'
import { Refused } from './api.js'

export type Locale = 'fr' | 'en'

/** The same words in both languages. */
export type Both<W> = Record<Locale, W>

/** Words that every screen uses. */
export interface CommonWords {
  save: string
  cancel: string
  close: string
  remove: string
  retry: string
  loading: string
  done: string
  /** The first letter of a sentence is theirs. */
  failed: string
  /** By the server's codes; what is not here is said as `failed`, with the server's own words. */
  refusals: Record<string, string>
}

/** French for every French, English for everybody else. */
export const localeOf = (language: string | null | undefined): Locale =>
  language?.toLowerCase().startsWith('fr') === true ? 'fr' : 'en'

export const commonWords = (locale: Locale): CommonWords => locale === 'fr' ? french : english

/** Why something failed, for people. */
export const reasonOf = (error: unknown, locale: Locale): string => {
  const words = commonWords(locale)
  if (!(error instanceof Refused)) return `${words.failed} (${String(error)})`
  return words.refusals[error.code] ?? `${words.failed} (${error.detail === '' ? error.code : error.detail})`
}

/** A moment, as people say it: today's by the hour, others by the day. */
export const moment = (ms: number, locale: Locale): string => {
  const when = new Date(ms)
  const isToday = new Date().toDateString() === when.toDateString()
  const style = isToday ? { timeStyle: 'short' } as const : { dateStyle: 'medium', timeStyle: 'short' } as const
  return new Intl.DateTimeFormat(locale, style).format(when)
}
