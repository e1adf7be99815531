/** Whom a comment calls: the people of the space, as the list behind `@` has them. */
import { path, type Api } from '../../api.js'

export interface Colleague { id: string, name: string }

/** Somebody is being looked for: the letters behind `@`, and where the sign stands. */
export interface Asked { from: number, query: string }

/** As many are shown; whoever wants another types on. */
const SHOWN_MAX = 6
/** As the server takes. */
const CALLED_MAX = 20
const DOCUMENT = /^spaces\/([a-z0-9][a-z0-9-]{0,63})\//

/** Lower case, without accents, by code point: `É` is as long as `e`. */
const folded = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

/** The members of the document's space; nobody where there is none, or where they are not for this person to see. */
export const peopleOf = async (api: Api, document: string): Promise<Colleague[]> => {
  const space = DOCUMENT.exec(document)?.[1]
  if (space === undefined) return []
  const { value } = await api.all<{ user: string, name?: string | null }, 'members'>(path`spaces/${space}/members`, 'members').catch(() => ({ value: [] }))
  return value.map(({ user, name }) => ({ id: user, name: name ?? user }))
}

/** Whether somebody is being looked for where the caret is. */
export const askedAt = (text: string, caret: number): Asked | null => {
  const before = text.slice(0, caret)
  const from = before.lastIndexOf('@')
  const query = before.slice(from + 1)
  if (from < 0 || /[\p{L}\p{N}_.@]$/u.test(before.slice(0, from)) || query.length > 40 || /[\n@]|^\s|\s\S*\s\S*\s/u.test(query)) return null
  return { from, query }
}

/** Those who are meant, the best first. */
export const meant = (people: Colleague[], query: string): Colleague[] => {
  const wanted = folded(query)
  const rank = (person: Colleague): number | null => {
    const name = folded(person.name)
    if (name.startsWith(wanted)) return 0
    if (name.split(/[^\p{L}\p{N}]+/u).some((word) => word.startsWith(wanted))) return 1
    return folded(person.id).startsWith(wanted) ? 2 : null
  }
  return people
    .map((person) => ({ person, rank: rank(person) }))
    .filter((ranked): ranked is { person: Colleague, rank: number } => ranked.rank !== null)
    .sort((one, other) => one.rank - other.rank || one.person.name.localeCompare(other.person.name))
    .slice(0, SHOWN_MAX)
    .map(({ person }) => person)
}

/** The text with somebody's name in the place of what was typed, and where the caret goes. */
export const named = (text: string, { from, query }: Asked, { name }: Colleague): { text: string, caret: number } => {
  const [before, after] = [`${text.slice(0, from)}@${name} `, text.slice(from + 1 + query.length)]
  return { text: before + after.replace(/^ /, ''), caret: before.length }
}

/**
 * The ids of those whom a text calls: by their names, as the list puts them in, or by an id that somebody typed.
 * Of two people of one name those who were chosen are meant, or both.
 */
export const calledIn = (text: string, people: Colleague[], chosen: ReadonlySet<string> = new Set()): string[] => {
  const called = new Set<string>()
  let left = text
  // Longer names first: `@Ann Lee-Roy` is not `@Ann Lee`.
  const names = [...new Set(people.map(({ name }) => name))].sort((one, other) => other.length - one.length)
  for (const name of names) {
    const sign = new RegExp(`(?<![\\p{L}\\p{N}_.@])@${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\p{L}\\p{N}])`, 'gu')
    if (!sign.test(left)) continue
    left = left.replace(sign, ' ')
    const same = people.filter((person) => person.name === name)
    const meant = same.filter(({ id }) => chosen.has(id))
    for (const { id } of meant.length > 0 ? meant : same) called.add(id)
  }
  for (const [, id] of left.matchAll(/(?:^|[\s(])@([^\s@,;:!?()]{1,200})/g)) {
    const bare = id!.replace(/\.+$/, '')
    if (bare !== '') called.add(bare)
  }
  return [...called].slice(0, CALLED_MAX)
}
