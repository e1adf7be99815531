/** `<unisson-news>`: what concerns me, on all pages that I may read, the newest first. */
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import { path, query } from '../api.js'
import { SEEN } from '../bell.js'
import { Component } from '../component.js'
import { colorOf, initials } from '../faces.js'
import { moment } from '../words.js'
import { newsWords, type NewsKind, type NewsWords } from '../words/news.js'

interface Item {
  id: string
  kind: NewsKind
  at_ms: number
  is_new: boolean
  by: { id: string | null, name: string | null } | null
  document: string
  title: string
  space: string | null
  page: string | null
  space_title: string | null
  text: string | null
  due: string | null
  done: boolean
  thread: string | null
}

export class UnissonNews extends Component {
  static override styles = [...Component.styles, css`
    ul { list-style: none; padding: 0; margin: 0 0 1.2rem }
    li { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .2rem .9rem; padding: .8rem 0; border-bottom: 1px solid var(--line) }
    .face { display: grid; place-items: center; width: 2.2rem; height: 2.2rem; border-radius: 50%; background: var(--person, #5b5b66); color: #fff; font: 600 .8rem/1 var(--font) }
    h2 { font-size: 1.05rem; margin: 1.2rem 0 .2rem }
    a { overflow-wrap: anywhere }
    p { margin: .15rem 0; overflow-wrap: anywhere }
    .what { font-weight: 600 }
    .said { border-inline-start: 3px solid var(--line); padding-inline-start: .7rem; white-space: pre-line }
    .new .said { border-inline-start-color: var(--accent) }
    .where { font-size: .92rem }
  `]
  static override properties: PropertyDeclarations = { items: { state: true }, next: { state: true } }
  declare protected items: Item[] | null
  declare protected next: string | null

  constructor () {
    super()
    this.items = null
    this.next = null
  }

  get words (): NewsWords { return this.wordsOf(newsWords) }

  override connectedCallback (): void {
    super.connectedCallback()
    void this.#read(null)
  }

  async #read (cursor: string | null): Promise<void> {
    await this.attempt(async () => {
      const { value } = await this.api.get<{ news: Item[], next: string | null }>('news' + query({ cursor }))
      this.items = [...cursor === null ? [] : this.items ?? [], ...value.news]
      this.next = value.next
      this.announce(this.words.shown(this.items.length))
      if (cursor === null) await this.#see(value.news)
    })
  }

  /** What is shown has been seen; what comes meanwhile has not. */
  async #see ([newest]: Item[]): Promise<void> {
    if (newest?.is_new !== true) return
    await this.api.post('news/seen', { until_ms: newest.at_ms })
    document.dispatchEvent(new CustomEvent(SEEN))
  }

  #address ({ document, space, page, thread }: Item): string {
    const place = space === null || page === null ? `d/${document.split('/').map(encodeURIComponent).join('/')}` : path`s/${space}/${page}`
    return this.link(thread !== null && page !== null ? `${place}/-/comments` : place)
  }

  protected override render (): TemplateResult {
    const { words, items, next } = this
    return html`
      <p>${words.intro}</p>
      ${this.renderNotice()}
      ${items === null ? this.notice === null ? html`<p class="soft">${this.common.loading}</p>` : nothing : this.#renderItems(items)}
      ${next === null ? nothing : html`<button @click=${() => { void this.#read(next) }}>${words.more}</button>`}`
  }

  #renderItems (items: Item[]): TemplateResult {
    const { words } = this
    if (items.length === 0) return html`<p class="empty">${words.empty}</p>`
    const part = (title: string, of: Item[], name: string): TemplateResult | typeof nothing => of.length === 0
      ? nothing
      : html`<section class=${name}><h2>${title}</h2><ul>${of.map((item) => this.#renderItem(item))}</ul></section>`
    const unseen = items.filter((item) => item.is_new)
    return html`${part(words.unseen, unseen, 'new')}${part(words.before, items.filter((item) => !item.is_new), 'before')}`
  }

  #renderItem (item: Item): TemplateResult {
    const { words, locale } = this
    const { by, due } = item
    const name = by?.name ?? by?.id ?? words.somebody
    const day = due === null ? null : new Intl.DateTimeFormat(locale === 'fr' ? 'fr-FR' : 'en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(`${due}T00:00:00Z`))
    return html`<li>
      <span class="face" aria-hidden="true" .style=${by === null ? '' : `--person: ${colorOf(by.id ?? name)}`}>${by === null ? '?' : initials(name)}</span>
      <div>
        <p class="what">${words.what[item.kind](name)}</p>
        ${item.text === null ? nothing : html`<p class="said">${item.text}</p>`}
        <p class="where"><a href=${this.#address(item)}>${words.on(item.title, item.space_title)}</a>
          <span class="soft">· <time datetime=${new Date(item.at_ms).toISOString()}>${moment(item.at_ms, locale)}</time>${day === null ? nothing : html` · <time datetime=${due!}>${words.due(day)}</time>`}${item.done ? html` · ${words.done}` : nothing}</span></p>
      </div></li>`
  }
}

customElements.define('unisson-news', UnissonNews)
