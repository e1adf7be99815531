import type { Wiki } from './host.js'

/** Pages that come into sight together are asked about together. */
const GATHER_MS = 40
/** What is shown is asked about again, as somebody may have renamed it. */
const AGAIN_MS = 30_000
/** As the server takes in one call. */
const PAGES_MAX = 100

interface Place { space: string, page: string }

const keyOf = ({ space, page }: Place): string => `${space}/${page}`

/** What the pages that a text links to are called now. */
export class Titles {
  readonly #wiki: Wiki
  readonly #changed: () => void
  readonly #known = new Map<string, string | null>()
  readonly #due = new Map<string, Place>()
  /** Everything that was ever asked about here. */
  readonly #places = new Map<string, Place>()
  #gathering: ReturnType<typeof setTimeout> | null = null
  readonly #again = setInterval(() => { if (document.visibilityState === 'visible') this.refresh() }, AGAIN_MS)

  constructor (wiki: Wiki, changed: () => void) {
    this.#wiki = wiki
    this.#changed = changed
    window.addEventListener('focus', this.refresh)
  }

  /** Null: not there, or not for this reader. Undefined: not known yet. */
  of (place: Place): string | null | undefined {
    const key = keyOf(place)
    if (!this.#places.has(key)) {
      this.#places.set(key, place)
      this.#ask([place])
    }
    return this.#known.get(key)
  }

  /** Somebody here has just named a page. */
  tell (place: Place, title: string): void {
    this.#places.set(keyOf(place), place)
    this.#known.set(keyOf(place), title)
    this.#changed()
  }

  readonly refresh = (): void => this.#ask([...this.#places.values()])

  destroy (): void {
    if (this.#gathering !== null) clearTimeout(this.#gathering)
    clearInterval(this.#again)
    window.removeEventListener('focus', this.refresh)
  }

  #ask (places: Place[]): void {
    for (const place of places) this.#due.set(keyOf(place), place)
    if (this.#due.size > 0) this.#gathering ??= setTimeout(() => { void this.#gathered() }, GATHER_MS)
  }

  async #gathered (): Promise<void> {
    this.#gathering = null
    const asked = [...this.#due.values()].slice(0, PAGES_MAX)
    for (const place of asked) this.#due.delete(keyOf(place))
    if (this.#due.size > 0) this.#ask([])
    try {
      const found = new Map((await this.#wiki.titles(asked)).map((entry) => [keyOf(entry), entry.title]))
      let isNews = false
      for (const key of asked.map(keyOf)) {
        const title = found.get(key) ?? null
        isNews ||= this.#known.get(key) !== title
        this.#known.set(key, title)
      }
      if (isNews) this.#changed()
    } catch {
      // Offline, or not signed in any more: links read as they were made, and are asked about again.
    }
  }
}
