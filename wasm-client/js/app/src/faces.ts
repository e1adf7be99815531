/** How people look where there is no picture of them: their letters, in a colour that stays theirs. */

/** The letters of a face. */
export const initials = (name: string): string => {
  const letters = name.split(/[\s.@·_-]+/).flatMap((word) => /\p{L}|\p{N}/u.exec(word) ?? [])
  return ((letters[0] ?? '?') + (letters.length > 1 ? letters.at(-1) ?? '' : '')).toUpperCase()
}

/** One person has one colour everywhere; dark enough for white letters. */
export const colorOf = (user: string): string => {
  let hash = 0
  for (const character of user) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 360
  return `hsl(${hash} 60% 27%)`
}
