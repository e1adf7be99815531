/** The calls of `/api/v1`: answers with their tags, refusals with their codes. */

/** Why a call failed. `code` is one of the server's, or `unreachable`. */
export class Refused extends Error {
  constructor (readonly code: string, readonly status: number, readonly detail: string) {
    super(`${code}: ${detail}`)
    this.name = 'Refused'
  }
}

/** What a call answered. */
export interface Answer<T> {
  value: T
  /** Of the state that was answered; `''` where there is none. */
  etag: string
}

/** How a call is made. */
export interface Order {
  /** A body of JSON. */
  body?: unknown
  /** The change is made only to this state, else it is refused as `precondition`. */
  ifMatch?: string | undefined
  signal?: AbortSignal
  /** It is made to its end though the page is left. */
  keepalive?: boolean
}

/** Parts of a path, each of which may hold any character: path`spaces/${space}/pages`. */
export const path = (texts: TemplateStringsArray, ...parts: Array<string | number>): string =>
  texts.map((text, at) => text + (at < parts.length ? encodeURIComponent(String(parts[at])) : '')).join('')

/** A query of what is there. */
export const query = (values: Record<string, string | number | boolean | null | undefined>): string => {
  const said = Object.entries(values).filter((entry): entry is [string, string | number | boolean] => entry[1] !== null && entry[1] !== undefined)
  return said.length === 0 ? '' : `?${new URLSearchParams(said.map(([name, value]) => [name, String(value)])).toString()}`
}

export class Api {
  readonly #root: URL
  readonly #token: () => Promise<string | null>

  /** `token` is asked before each call; a browser that is signed in needs none. */
  constructor (root: URL, token: () => Promise<string | null> = async () => null) {
    this.#root = root
    this.#token = token
  }

  /** The address of a call. */
  address (call: string): URL { return new URL(`api/v1/${call}`, this.#root) }

  get<T> (call: string, order: Order = {}): Promise<Answer<T>> { return this.#ask('GET', call, order) }
  post<T> (call: string, body?: unknown, order: Order = {}): Promise<Answer<T>> { return this.#ask('POST', call, { ...order, body }) }
  put<T> (call: string, body: unknown, order: Order = {}): Promise<Answer<T>> { return this.#ask('PUT', call, { ...order, body }) }
  patch<T> (call: string, body: unknown, order: Order = {}): Promise<Answer<T>> { return this.#ask('PATCH', call, { ...order, body }) }
  delete<T> (call: string, order: Order = {}): Promise<Answer<T>> { return this.#ask('DELETE', call, order) }

  /** All entries of a list that comes in parts. */
  async all<T, K extends string> (call: string, key: K): Promise<Answer<T[]>> {
    const found: T[] = []
    let etag = ''
    let cursor: string | null = null
    do {
      const part: Answer<Record<K, T[]> & { next?: string | null }> =
        await this.get(cursor === null ? call : `${call}${call.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`)
      found.push(...part.value[key])
      etag = part.etag
      cursor = part.value.next ?? null
    } while (cursor !== null)
    return { value: found, etag }
  }

  /** The answer itself, for what is no JSON. */
  async raw (method: string, call: string, order: Order & { headers?: Record<string, string>, content?: BodyInit } = {}): Promise<Response> {
    const token = await this.#token()
    const headers: Record<string, string> = { Accept: 'application/json, application/problem+json, */*', ...order.headers }
    if (token !== null) headers['Authorization'] = `Bearer ${token}`
    if (order.ifMatch !== undefined && order.ifMatch !== '') headers['If-Match'] = order.ifMatch
    if (order.body !== undefined) headers['Content-Type'] = 'application/json'
    const body = order.body === undefined ? order.content : JSON.stringify(order.body)
    let answer: Response
    try {
      answer = await fetch(this.address(call), {
        method,
        headers,
        credentials: 'same-origin',
        ...(body !== undefined && { body }),
        ...(order.keepalive === true && { keepalive: true }),
        ...(order.signal !== undefined && { signal: order.signal })
      })
    } catch (error) {
      if (order.signal?.aborted === true) throw error
      throw new Refused('unreachable', 0, String(error))
    }
    if (!answer.ok) throw await refusal(answer)
    return answer
  }

  async #ask<T> (method: string, call: string, order: Order): Promise<Answer<T>> {
    const answer = await this.raw(method, call, order)
    const text = await answer.text()
    return { value: (text === '' ? null : JSON.parse(text)) as T, etag: answer.headers.get('ETag') ?? '' }
  }
}

const refusal = async (answer: Response): Promise<Refused> => {
  const text = await answer.text()
  try {
    const { code, detail } = JSON.parse(text) as { code?: unknown, detail?: unknown }
    if (typeof code === 'string') return new Refused(code, answer.status, typeof detail === 'string' ? detail : '')
  } catch { /* A proxy's page, say. */ }
  return new Refused(`http-${answer.status}`, answer.status, answer.statusText)
}
