/** `<unisson-trash space="…">`: pages that were thrown away, and the way back. */
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { path } from '../api.js'
import { Following } from '../following.js'
import { read } from '../reorganise.js'
import type { Page } from '../tree.js'
import { moment } from '../words.js'
import { trashWords, type TrashWords } from '../words/trash.js'

export class UnissonTrash extends Following {
  static override styles = [...Following.styles, css`td:last-child { text-align: end } th small { display: block; color: var(--soft); font-weight: 400 }`]
  static override properties: PropertyDeclarations = { pages: { state: true } }
  declare protected pages: Page[] | null

  constructor () {
    super()
    this.pages = null
  }

  get words (): TrashWords { return this.wordsOf(trashWords) }

  protected override async read (): Promise<void> {
    await this.attempt(async () => {
      const { pages, etag } = await read(this.api, this.space)
      this.etag = etag
      this.pages = pages
    })
  }

  async #restore (page: Page): Promise<void> {
    await this.attempt(async () => {
      await this.api.post(path`spaces/${this.space}/pages/${page.id}/restore`)
      this.say(this.words.restored(page.title), 'good', {
        label: this.words.open,
        act: () => window.location.assign(this.link(path`s/${this.space}/${page.id}`))
      })
    })
    await this.read()
  }

  protected override render (): TemplateResult {
    const { words, pages, locale } = this
    if (pages === null) return html`${this.renderNotice()}${this.notice === null ? html`<p class="soft">${this.common.loading}</p>` : nothing}`
    const gone = pages.filter((page) => page.deleted_ms !== undefined).sort((one, other) => (other.deleted_ms ?? 0) - (one.deleted_ms ?? 0))
    return html`
      <p>${words.intro}</p>
      ${this.renderNotice()}
      ${gone.length === 0
        ? html`<p class="empty">${words.empty}</p>`
        : html`
          <table>
            <thead><tr><th scope="col">${words.page}</th><th scope="col">${words.when}</th><td></td></tr></thead>
            <tbody>${repeat(gone, ({ id }) => id, (page) => {
              const below = countBelow(pages, page.id)
              const parent = pages.find(({ id }) => id === page.parent)
              return html`
                <tr>
                  <th scope="row">${page.title}
                    <small>${parent === undefined ? nothing : words.under(parent.title)} ${below === 0 ? nothing : words.below(below)}</small></th>
                  <td>${moment(page.deleted_ms ?? 0, locale)}</td>
                  <td><button class="small" aria-label=${words.restoreOf(page.title)} @click=${() => { void this.#restore(page) }}>${words.restore}</button></td>
                </tr>`
            })}</tbody>
          </table>`}`
  }
}

/** How many pages come back with one: those below it that were not thrown away themselves. */
const countBelow = (pages: Page[], id: string): number =>
  pages.filter((page) => page.parent === id && page.deleted_ms === undefined)
    .reduce((count, page) => count + 1 + countBelow(pages, page.id), 0)

customElements.define('unisson-trash', UnissonTrash)
