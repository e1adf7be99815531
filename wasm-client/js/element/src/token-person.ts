/** What a portal's token says of who holds it. */
export interface TokenPerson { name?: string, color?: string }

/** Reads a JWT without checking it: the server does that, and what it says of a person is what others see. */
export const personOfToken = (token: string): TokenPerson => {
  const [, payload, signature] = token.split('.')
  if (payload === undefined || signature === undefined) return {}
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
    const { name, color } = JSON.parse(new TextDecoder().decode(bytes)) as { name?: unknown, color?: unknown }
    return { ...(typeof name === 'string' && { name }), ...(typeof color === 'string' && { color }) }
  } catch {
    return {}
  }
}
