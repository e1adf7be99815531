/** Why a token is wanted: a connection opens, it will soon not be valid, or it was refused. */
export type TokenReason = 'open' | 'expiring' | 'refused'

/** A token, or what fetches one. `null`: there is none, or none better than the last. */
export type Token = string | ((reason: TokenReason) => string | null | Promise<string | null>)

/** Where a session's tokens come from. */
export class TokenSource {
  #token: Token
  #last: string | null = null
  /** Fetched after a refusal: the next connection opens with it. */
  #fresh: string | null = null

  constructor (token: Token | undefined) { this.#token = token ?? '' }

  replace (token: Token): void {
    this.#token = token
    this.#fresh = null
  }

  /** The token a connection opens with; empty for nobody in particular. */
  async first (): Promise<string> {
    const fresh = this.#fresh
    this.#fresh = null
    this.#last = fresh ?? await this.#fetch('open') ?? ''
    return this.#last
  }

  /** Another token than the last, or `null`. */
  async another (reason: 'expiring' | 'refused'): Promise<string | null> {
    const token = await this.#fetch(reason)
    // A token that is about to expire may be the only one there is; a refused one is no answer.
    if (token === null || (reason === 'refused' && token === this.#last)) return null
    this.#last = token
    if (reason === 'refused') this.#fresh = token
    return token
  }

  async #fetch (reason: TokenReason): Promise<string | null> {
    return typeof this.#token === 'function' ? await this.#token(reason) : this.#token
  }
}

/** Tokens are renewed so long before they end. */
const RENEW_BEFORE_MS = 60_000

/**
 * When a token should be renewed, in milliseconds since 1970: a minute before the `exp` of a JWT, or
 * halfway to it where that is nearer; `null` for anything that is no JWT.
 */
export const renewalOf = (token: string, now: number): number | null => {
  const [, payload, signature] = token.split('.')
  if (payload === undefined || signature === undefined) return null
  try {
    const { exp } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as { exp?: unknown }
    if (typeof exp !== 'number' || exp * 1000 <= now) return null
    const left = exp * 1000 - now
    return now + Math.max(left - RENEW_BEFORE_MS, left / 2)
  } catch {
    return null
  }
}
