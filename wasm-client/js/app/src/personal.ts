/** What is one person's own: favourites, and which pages they opened last. Kept in this browser, by person. */

/** A page that somebody opened or marked. */
export interface Mark { space: string, page: string, title: string, ms: number }

const RECENT_MAX = 30
const FAVOURITES_MAX = 200

const key = (what: 'recent' | 'favourites', user: string | null): string => `unisson-${what}:${user ?? ''}`

const isMark = (mark: unknown): mark is Mark => {
  const { space, page, title, ms } = (mark ?? {}) as Record<string, unknown>
  return typeof space === 'string' && typeof page === 'string' && typeof title === 'string' && typeof ms === 'number'
}

const read = (name: string): Mark[] => {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(name) ?? '[]')
    return Array.isArray(kept) ? kept.filter(isMark) : []
  } catch {
    return []
  }
}

const write = (name: string, marks: Mark[]): void => {
  try { localStorage.setItem(name, JSON.stringify(marks)) } catch { /* Private windows may keep nothing. */ }
}

const isOf = (mark: Mark, space: string, page: string): boolean => mark.space === space && mark.page === page

/** The pages that somebody opened last, the latest first. */
export const recent = (user: string | null): Mark[] => read(key('recent', user))

export const opened = (user: string | null, space: string, page: string, title: string): void => {
  const others = recent(user).filter((mark) => !isOf(mark, space, page))
  write(key('recent', user), [{ space, page, title, ms: Date.now() }, ...others].slice(0, RECENT_MAX))
}

/** The pages that somebody has marked, by title. */
export const favourites = (user: string | null): Mark[] =>
  read(key('favourites', user)).sort((one, other) => one.title.localeCompare(other.title))

export const isFavourite = (user: string | null, space: string, page: string): boolean =>
  favourites(user).some((mark) => isOf(mark, space, page))

/** Marks a page, or takes the mark away; says whether it is marked now. */
export const toggleFavourite = (user: string | null, space: string, page: string, title: string): boolean => {
  const all = favourites(user)
  const others = all.filter((mark) => !isOf(mark, space, page))
  const isNew = others.length === all.length
  write(key('favourites', user), isNew ? [...others, { space, page, title, ms: Date.now() }].slice(-FAVOURITES_MAX) : others)
  return isNew
}

/** Pages may be renamed: marks of a space follow, and those of pages that are gone go. */
export const refreshMarks = (user: string | null, space: string, titleOf: (page: string) => string | null): void => {
  for (const what of ['recent', 'favourites'] as const) {
    const marks = read(key(what, user))
    const fresh = marks.flatMap((mark) => {
      if (mark.space !== space) return [mark]
      const title = titleOf(mark.page)
      return title === null ? [] : [{ ...mark, title }]
    })
    if (JSON.stringify(fresh) !== JSON.stringify(marks)) write(key(what, user), fresh)
  }
}
