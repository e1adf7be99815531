/** `<unisson-backlinks document="…">`: the pages that link to one. */
import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import { path, query } from '../api.js'
import { Component } from '../component.js'
import { backlinksWords, type BacklinksWords } from '../words/backlinks.js'

interface Backlink { document: string, title: string, space: string | null, page: string | null, space_title: string | null }

export class UnissonBacklinks extends Component {
  static override properties: PropertyDeclarations = { found: { state: true }, next: { state: true } }
  declare protected found: Backlink[] | null
  declare protected next: string | null

  constructor () {
    super()
    this.found = null
    this.next = null
  }

  get words (): BacklinksWords { return this.wordsOf(backlinksWords) }

  override connectedCallback (): void {
    super.connectedCallback()
    void this.#read(null)
  }

  async #read (cursor: string | null): Promise<void> {
    await this.attempt(async () => {
      const { value } = await this.api.get<{ links: Backlink[], next: string | null }>(path`documents/${this.document}/backlinks` + query({ cursor }))
      this.found = [...cursor === null ? [] : this.found ?? [], ...value.links]
      this.next = value.next
      this.announce(this.words.found(this.found.length))
    })
  }

  #address ({ document, space, page }: Backlink): string {
    return this.link(space === null || page === null ? `d/${document.split('/').map(encodeURIComponent).join('/')}` : path`s/${space}/${page}`)
  }

  protected override render (): TemplateResult {
    const { words, found, next } = this
    if (found === null) return html`${this.renderNotice()}${this.notice === null ? html`<p class="soft">${this.common.loading}</p>` : nothing}`
    return html`
      <p>${words.intro}</p>
      ${this.renderNotice()}
      ${found.length === 0
        ? html`<p class="empty">${words.empty}</p>`
        : html`<ul>${found.map((link) => html`<li><a href=${this.#address(link)}>${link.title}</a>${link.space_title === null || link.space === this.space
          ? nothing
          : html` <span class="soft">${link.space_title}</span>`}</li>`)}</ul>`}
      ${next === null ? nothing : html`<button @click=${() => { void this.#read(next) }}>${words.more}</button>`}`
  }
}

customElements.define('unisson-backlinks', UnissonBacklinks)
