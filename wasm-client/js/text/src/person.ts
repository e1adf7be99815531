/** A person as others see them. */
export interface Person { name: string, color: string }

const NAME_LETTERS_MAX = 60
const PALETTE = ['#0063cb', '#b34000', '#18753c', '#8d2fa8', '#a94645', '#006a6f', '#6e445a', '#716043']

/** What others say about themselves is not trusted: a name has an end, a colour is a colour. */
export const personOf = (state: Record<string, unknown> | undefined, clientId: number): Person => {
  const user = (state?.user ?? {}) as { name?: unknown, color?: unknown }
  const name = typeof user.name === 'string' ? user.name.slice(0, NAME_LETTERS_MAX).trim() : ''
  const color = typeof user.color === 'string' && /^#[0-9a-f]{6}$/i.test(user.color) ? user.color : PALETTE[clientId % PALETTE.length]!
  return { name, color }
}
