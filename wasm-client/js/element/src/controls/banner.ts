import { make } from './dom.js'

interface Banner { level: string, text: { fr: string, en: string } }

const EVERY_MS = 120_000
const LEVELS: ReadonlySet<string> = new Set(['info', 'warning', 'danger'])

/** What the server's operators have to say to everybody, above the bar; looked for while somebody looks. */
export class BannerLine {
  readonly dom = make('div', { class: 'banner', role: 'status', part: 'banner', hidden: '' })
  readonly #address: string
  readonly #locale: 'fr' | 'en'
  readonly #timer: ReturnType<typeof setInterval>
  readonly #ended = new AbortController()

  /** `server` is the server's address, with or without a `/` at its end. */
  constructor (server: string, locale: 'fr' | 'en') {
    const root = new URL(server.endsWith('/') ? server : `${server}/`, document.baseURI)
    root.protocol = root.protocol === 'ws:' ? 'http:' : root.protocol === 'wss:' ? 'https:' : root.protocol
    this.#address = new URL('api/v1/banner', root).href
    this.#locale = locale
    this.#timer = setInterval(() => { if (document.visibilityState === 'visible') void this.#look() }, EVERY_MS)
    void this.#look()
  }

  destroy (): void {
    clearInterval(this.#timer)
    this.#ended.abort()
  }

  async #look (): Promise<void> {
    // A page of the wiki shows it above everything already.
    if (document.querySelector('.banner[data-level]') !== null) return
    try {
      const answer = await fetch(this.#address, { credentials: 'omit', signal: this.#ended.signal })
      if (answer.ok) this.#show(((await answer.json()) as { banner: Banner | null }).banner)
    } catch {
      // A server that does not answer, or an older one, has no news.
    }
  }

  #show (banner: Banner | null): void {
    this.dom.hidden = banner === null
    if (banner === null) return
    this.dom.dataset['level'] = LEVELS.has(banner.level) ? banner.level : 'info'
    const text = banner.text[this.#locale]
    // The same text again would be read out again.
    if (this.dom.textContent !== text) this.dom.textContent = text
  }
}
