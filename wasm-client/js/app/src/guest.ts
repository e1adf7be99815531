/** Guests of a link: the token that they got when they said their name, kept for this tab only. */

const PREFIX = 'unisson-guest:unisson-link.'

/** The secret of a link in the address: behind `#`, so that no server's log has it. */
const secretOf = ({ hash, search }: Location): string | null =>
  new URLSearchParams(hash.slice(1)).get('link') ?? new URLSearchParams(search).get('link')

/**
 * The token of whoever has come into a space by a link; null for everybody else. `<unisson-editor>`'s page
 * asks for names and keeps tokens; a link without password is a token by itself.
 */
export const guestTokenOf = (space: string): string | null => {
  if (space === '') return null
  const own = `${PREFIX}${space}.`
  try {
    for (let at = 0; at < sessionStorage.length; at++) {
      const key = sessionStorage.key(at)
      if (key?.startsWith(own) === true) return sessionStorage.getItem(key)
    }
  } catch { /* Private windows may keep nothing. */ }
  const secret = secretOf(window.location)
  return secret?.split('.')[1] === space ? secret : null
}
