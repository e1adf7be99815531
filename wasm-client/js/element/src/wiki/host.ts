/** A page of the space, as the tree has it. */
export interface PageEntry { id: string, title: string, parent: string | null }
export interface FoundPage { space: string, id: string, title: string, spaceTitle: string }
export interface Colleague { id: string, name: string }

/** Why a call was refused. */
export class Refused extends Error {
  constructor (readonly status: number, readonly code: string, detail: string) { super(detail) }
}

const DOCUMENT = /^spaces\/([a-z0-9][a-z0-9-]{0,63})\/([a-z0-9][a-z0-9-]{0,63})$/
/** Lists are asked for again when they are older. */
const FRESH_MS = 10_000
/** As many people the server gives at once. */
const PART = 100
/** As many parts of a list are read. */
const PARTS_MAX = 20

interface Listed<Entry> { at: number, entries: Promise<Entry[]> }

/** The wiki around a document: its space's pages and people, by the server's API. */
export class Wiki {
  /** The space of the document; null for documents that are no page of any. */
  readonly space: string | null
  readonly page: string | null
  readonly #root: string
  readonly #token: () => string | null
  #pages: Listed<PageEntry> | null = null
  #people: Listed<Colleague> | null = null
  /** Of a space whose people do not fit into one part of the list: who was looked for by what. */
  readonly #found = new Map<string, Listed<Colleague>>()

  constructor (root: string, document: string, token: () => string | null) {
    const place = DOCUMENT.exec(document)
    this.space = place?.[1] ?? null
    this.page = place?.[2] ?? null
    this.#root = root
    this.#token = token
  }

  /** Where an address that begins with `/` is on this server. */
  addressOf (path: string): string { return new URL(path.replace(/^\//, ''), this.#root).href }

  /** What pages are called now; those that are not there, or not for this reader, are left out. The server takes places and nothing else of them. */
  async titles (pages: Array<{ space: string, page: string }>): Promise<Array<{ space: string, page: string, title: string }>> {
    return (await this.#call<{ pages: Array<{ space: string, page: string, title: string }> }>('POST', 'pages/titles', { pages: pages.map(({ space, page }) => ({ space, page })) })).pages
  }

  async pages (): Promise<PageEntry[]> {
    if (this.space === null) return []
    this.#pages = fresh(this.#pages) ?? listed(this.#all<PageEntry, 'pages'>(`spaces/${this.space}/pages`, 'pages'))
    return this.#pages.entries
  }

  /** Pages anywhere whose titles have these words. */
  async pagesElsewhere (words: string): Promise<FoundPage[]> {
    const query = new URLSearchParams({ q: words, titles: 'true', limit: '8' })
    const { hits } = await this.#call<{ hits: Array<{ space: string | null, page: string | null, space_title: string | null, title: string }> }>('GET', `search?${query.toString()}`)
    return hits.flatMap(({ space, page, space_title: spaceTitle, title }) =>
      space === null || page === null || space === this.space ? [] : [{ space, id: page, title, spaceTitle: spaceTitle ?? space }])
  }

  /** People of the space whose names may have these words; all of them where they are few. */
  async people (words: string): Promise<Colleague[]> {
    const { space } = this
    if (space === null) return []
    const first = this.#people = fresh(this.#people) ?? listed(this.#members(space, ''))
    const few = await first.entries
    if (few.length < PART || words === '') return few
    const found = fresh(this.#found.get(words) ?? null) ?? listed(this.#members(space, words))
    this.#found.set(words, found)
    return found.entries
  }

  /** A new page beside this one. */
  async createPage (title: string): Promise<PageEntry> {
    const entry = await this.#call<PageEntry>('POST', `spaces/${this.space}/pages`, { title })
    this.#pages = null
    return entry
  }

  async #members (space: string, words: string): Promise<Colleague[]> {
    const query = new URLSearchParams({ limit: String(PART), ...(words === '' ? {} : { q: words }) })
    const { members } = await this.#call<{ members: Array<{ user: string, name?: string }> }>('GET', `spaces/${space}/members?${query.toString()}`)
    return members.map(({ user, name }) => ({ id: user, name: name ?? user }))
  }

  async #all<Entry, Key extends string> (path: string, key: Key): Promise<Entry[]> {
    const entries: Entry[] = []
    let next: string | null = null
    for (let part = 0; part < PARTS_MAX; part++) {
      const cursor: string = next === null ? '' : `?cursor=${encodeURIComponent(next)}`
      const answer: Record<Key, Entry[]> & { next: string | null } = await this.#call('GET', path + cursor)
      entries.push(...answer[key])
      next = answer.next
      if (next === null) break
    }
    return entries
  }

  async #call<Answer> (method: string, path: string, body?: object): Promise<Answer> {
    const token = this.#token()
    const response = await fetch(new URL(`api/v1/${path}`, this.#root), {
      method,
      headers: {
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const answer = await response.json() as Answer & { code?: string, detail?: string }
    if (!response.ok) throw new Refused(response.status, answer.code ?? '', answer.detail ?? '')
    return answer
  }
}

const listed = <Entry> (entries: Promise<Entry[]>): Listed<Entry> => {
  const list = { at: Date.now(), entries }
  // What failed is asked for again at once.
  entries.catch(() => { list.at = 0 })
  return list
}

const fresh = <Entry> (list: Listed<Entry> | null): Listed<Entry> | null =>
  list !== null && Date.now() - list.at < FRESH_MS ? list : null
