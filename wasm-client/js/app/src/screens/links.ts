/** `<unisson-links space="…">`: letting in whoever has a link, and taking that back. */
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { path } from '../api.js'
import { Following } from '../following.js'
import { read } from '../reorganise.js'
import { endOfDay, roleChoice } from '../roles.js'
import type { Role, Tree } from '../tree.js'
import { linksWords, type LinksWords } from '../words/links.js'
import { roleWords } from '../words/roles.js'

interface Link {
  id: string
  role: Role
  page: string | null
  until_ms: number | null
  label: string | null
  has_password: boolean
}

type MadeLink = Link & { token: string }

const ROLES: Role[] = ['reader', 'commenter', 'editor']

export class UnissonLinks extends Following {
  static override styles = [...Following.styles, css`
    form { border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.1rem; margin: 1.5rem 0; background: var(--paper) }
    form h2 { margin: 0 0 .8rem }
    .row { display: flex; flex-wrap: wrap; gap: 0 1rem } .row .field { flex: 1 1 14rem }
    td:last-child { text-align: end }
    .address { font-family: var(--mono); font-size: .9rem }
    @media (max-width: 40rem) {
      thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
      tr { display: grid; gap: .2rem; border-bottom: 1px solid var(--line); padding: .6rem 0 }
      td, tbody th { border: 0; padding: 0 } td:last-child { text-align: start }
    }
  `]

  static override properties: PropertyDeclarations = {
    links: { state: true }, tree: { state: true }, made: { state: true }, revoking: { state: true }, isCopied: { state: true }
  }

  declare protected links: Link[] | null
  declare protected tree: Tree | null
  declare protected made: MadeLink | null
  declare protected revoking: Link | null
  declare protected isCopied: boolean

  constructor () {
    super()
    this.links = null
    this.tree = null
    this.made = null
    this.revoking = null
    this.isCopied = false
  }

  get words (): LinksWords { return this.wordsOf(linksWords) }

  protected override async read (): Promise<void> {
    await this.attempt(async () => {
      const [links, pages] = await Promise.all([this.api.all<Link, 'links'>(path`spaces/${this.space}/links`, 'links'), read(this.api, this.space)])
      this.etag = links.etag
      this.links = links.value
      this.tree = pages.tree
    })
  }

  #make (event: SubmitEvent): void {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const fields = new FormData(form)
    const text = (name: string): string => String(fields.get(name) ?? '').trim()
    const until = endOfDay(text('until'))
    const order = {
      role: text('role'),
      ...(text('page') !== '' && { page: text('page') }),
      ...(text('label') !== '' && { label: text('label') }),
      ...(text('password') !== '' && { password: String(fields.get('password')) }),
      ...(until !== null && { until_ms: until })
    }
    void this.attempt(async () => {
      const { value } = await this.api.post<MadeLink>(path`spaces/${this.space}/links`, order)
      form.reset()
      this.sayNothing()
      this.isCopied = false
      this.made = value
    }).then(() => this.read())
  }

  async #revoke (link: Link): Promise<void> {
    this.closeDialog()
    await this.attempt(async () => {
      await this.api.delete(path`spaces/${this.space}/links/${link.id}`)
      this.say(this.words.revoked)
    })
    await this.read()
  }

  async #copy (): Promise<void> {
    const field = this.renderRoot.querySelector<HTMLInputElement>('#address')
    if (field === null) return
    field.select()
    try {
      await navigator.clipboard.writeText(field.value)
    } catch {
      // Without a secure address browsers have no clipboard; this old way they have.
      document.execCommand('copy')
    }
    this.isCopied = true
    this.announce(this.words.copied)
  }

  /** The address that people open. */
  #address (made: MadeLink): string {
    const place = made.page === null ? path`s/${this.space}` : path`s/${this.space}/${made.page}`
    return this.link(`${place}#link=${made.token}`)
  }

  protected override render (): TemplateResult {
    const { words, links, tree, locale } = this
    if (links === null || tree === null) {
      return html`${this.renderNotice()}${this.notice === null ? html`<p class="soft">${this.common.loading}</p>` : nothing}`
    }
    const now = Date.now()
    return html`
      <p>${words.intro}</p>
      ${this.renderNotice()}
      ${links.length === 0
        ? html`<p class="empty">${words.none}</p>`
        : html`
          <table>
            <thead><tr><th scope="col">${words.label}</th><th scope="col">${words.opens}</th><th scope="col">${words.roleColumn}</th><th scope="col">${words.state}</th><td></td></tr></thead>
            <tbody>${repeat(links, ({ id }) => id, (link) => {
              const isOver = link.until_ms !== null && link.until_ms < now
              return html`
                <tr>
                  <th scope="row">${link.label ?? words.unnamed}</th>
                  <td>${this.#place(link, tree)}</td>
                  <td>${roleWords[locale].names[link.role]}</td>
                  <td>${link.until_ms === null ? words.endless : isOver ? html`<span class="tag">${words.ended}</span>` : words.endsOn(new Date(link.until_ms).toLocaleDateString(locale))}
                    ${link.has_password ? html`<span class="tag">${words.withPassword}</span>` : nothing}</td>
                  <td><button class="small" aria-label=${words.revokeOf(link.label ?? words.unnamed)} @click=${() => { this.revoking = link }}>${words.revoke}</button></td>
                </tr>`
            })}</tbody>
          </table>`}
      ${this.#form(tree)}
      ${this.made === null ? nothing : this.#madeDialog(this.made)}
      ${this.revoking === null ? nothing : this.#revokingDialog(this.revoking)}`
  }

  #place (link: Link, tree: Tree): string {
    if (link.page === null) return this.words.wholeSpace
    return tree.get(link.page)?.title ?? this.words.gone
  }

  #form (tree: Tree): TemplateResult {
    const { words, locale } = this
    return html`
      <form @submit=${this.#make}>
        <h2>${words.making}</h2>
        <div class="row">
          <div class="field"><label for="page">${words.page}</label>
            <select id="page" name="page" aria-describedby="page-help">
              ${tree.ids.map((id) => html`<option value=${id} ?selected=${id === this.page}>${'\u2003'.repeat(tree.chain(id).length - 1)}${tree.get(id)?.title}</option>`)}
              <option value="" ?selected=${this.page === ''}>${words.wholeSpace}</option>
            </select><p class="help" id="page-help">${words.pageHelp}</p></div>
          <div class="field"><label for="role">${words.role}</label>${roleChoice({ locale, roles: ROLES, value: 'reader', id: 'role', label: words.role })}</div>
        </div>
        <div class="row">
          <div class="field"><label for="until">${words.until}</label><input type="date" id="until" name="until" aria-describedby="until-help"><p class="help" id="until-help">${words.untilHelp}</p></div>
          <div class="field"><label for="password">${words.password}</label><input type="text" id="password" name="password" minlength="8" autocomplete="off" spellcheck="false" aria-describedby="password-help"><p class="help" id="password-help">${words.passwordHelp}</p></div>
        </div>
        <div class="field"><label for="label">${words.label}</label><input id="label" name="label" maxlength="120" autocomplete="off" aria-describedby="label-help"><p class="help" id="label-help">${words.labelHelp}</p></div>
        <button class="strong">${words.make}</button>
      </form>`
  }

  #madeDialog (made: MadeLink): TemplateResult {
    const { words, common } = this
    return html`
      <dialog aria-labelledby="made" @close=${() => { this.made = null }}>
        <h2 id="made">${words.made}</h2>
        <p>${words.madeOnce} ${made.has_password ? words.madePassword : nothing}</p>
        <div class="field"><label for="address">${words.address}</label><input id="address" class="address" readonly .value=${this.#address(made)} @focus=${(event: Event) => (event.currentTarget as HTMLInputElement).select()}></div>
        <div class="actions">
          <button class="strong" autofocus @click=${() => { void this.#copy() }}>${this.isCopied ? words.copied : words.copy}</button>
          <button class="quiet" @click=${() => this.closeDialog()}>${common.close}</button>
        </div>
      </dialog>`
  }

  #revokingDialog (link: Link): TemplateResult {
    const { words, common } = this
    const label = link.label ?? words.unnamed
    return html`
      <dialog aria-labelledby="revoking" @close=${() => { this.revoking = null }}>
        <h2 id="revoking">${words.revokeOf(label)}</h2>
        <p>${words.revoking(label)}</p>
        <div class="actions">
          <button class="danger" autofocus @click=${() => { void this.#revoke(link) }}>${words.revoke}</button>
          <button class="quiet" @click=${() => this.closeDialog()}>${common.cancel}</button>
        </div>
      </dialog>`
  }
}

customElements.define('unisson-links', UnissonLinks)
