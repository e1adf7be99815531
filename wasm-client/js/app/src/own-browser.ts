/** What this browser keeps of somebody's own, where the server does not know who they are. */
import type { Mark } from './own.js'

const RECENT_MAX = 30
const FAVOURITES_MAX = 200

type Kind = 'recent' | 'favourites'

/** As the browser keeps it. */
interface Kept { space: string, page: string, title: string, ms: number }

/** Earlier programs kept it by the person's id. */
const key = (what: Kind, user = ''): string => `unisson-${what}:${user}`

const isKept = (mark: unknown): mark is Kept => {
  const { space, page, title, ms } = (mark ?? {}) as Record<string, unknown>
  return typeof space === 'string' && typeof page === 'string' && typeof title === 'string' && typeof ms === 'number'
}

const list = (name: string): unknown[] => {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(name) ?? '[]')
    return Array.isArray(kept) ? kept : []
  } catch {
    return []
  }
}

const read = (name: string): Kept[] => list(name).filter(isKept)

const write = (name: string, value: unknown[]): void => {
  try { localStorage.setItem(name, JSON.stringify(value)) } catch { /* Private windows may keep nothing. */ }
}

const isOf = (mark: Kept, space: string, page: string): boolean => mark.space === space && mark.page === page

const marks = (kept: Kept[]): Mark[] => kept.map(({ space, page, title, ms }) => ({ space, page, title, at_ms: ms }))

/** The pages that somebody opened last, the latest first. */
export const recent = (): Mark[] => marks(read(key('recent')))

/** The pages that somebody has marked, by title. */
export const favourites = (): Mark[] =>
  marks(read(key('favourites'))).sort((one, other) => one.title.localeCompare(other.title))

export const opened = (space: string, page: string, title: string): void => {
  const others = read(key('recent')).filter((mark) => !isOf(mark, space, page))
  write(key('recent'), [{ space, page, title, ms: Date.now() }, ...others].slice(0, RECENT_MAX))
}

export const toggleFavourite = (space: string, page: string, title: string): void => {
  const all = read(key('favourites'))
  const others = all.filter((mark) => !isOf(mark, space, page))
  const isNew = others.length === all.length
  write(key('favourites'), isNew ? [...others, { space, page, title, ms: Date.now() }].slice(-FAVOURITES_MAX) : others)
}

export const refreshMarks = (space: string, titleOf: (page: string) => string | null): void => {
  for (const what of ['recent', 'favourites'] as const) {
    const marks = read(key(what))
    const fresh = marks.flatMap((mark) => {
      if (mark.space !== space) return [mark]
      const title = titleOf(mark.page)
      return title === null ? [] : [{ ...mark, title }]
    })
    if (JSON.stringify(fresh) !== JSON.stringify(marks)) write(key(what), fresh)
  }
}

const ticksOf = (space: string, page: string): string => `unisson-ticks:${space}/${page}`

/** The ticked items of a guide. */
export const ticks = (space: string, page: string): string[] =>
  list(ticksOf(space, page)).filter((item): item is string => typeof item === 'string')

export const tick = (space: string, page: string, item: string, isDone: boolean): void => {
  const others = ticks(space, page).filter((other) => other !== item)
  write(ticksOf(space, page), isDone ? [...others, item] : others)
}

export const untick = (space: string, page: string): void => {
  try { localStorage.removeItem(ticksOf(space, page)) } catch { /* Nothing is kept anyhow. */ }
}

/** What was kept here by somebody's id before the server did: the order that hands it over, once. */
export const takenOver = (user: string): { order: unknown, done: () => void } | null => {
  const [starred, visited] = [read(key('favourites', user)), read(key('recent', user))]
  if (starred.length + visited.length === 0) return null
  return {
    order: {
      favour: starred.map(({ space, page }) => ({ space, page })),
      opened: visited.map(({ space, page, ms }) => ({ space, page, at_ms: Math.round(ms) }))
    },
    done: () => (['recent', 'favourites'] as const).forEach((what) => localStorage.removeItem(key(what, user)))
  }
}
