/** `<unisson-settings space="…">`: a space's name, who gets in, and its end. */
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import { path } from '../api.js'
import { Component } from '../component.js'
import { roleChoice, roleGuide } from '../roles.js'
import type { Role } from '../tree.js'
import { settingsWords, type SettingsWords } from '../words/settings.js'
import { spacesWords, type Visibility } from '../words/spaces.js'
import type { Space } from './spaces.js'

const ROLES: Role[] = ['reader', 'commenter', 'editor']
const VISIBILITIES: Visibility[] = ['members', 'signed-in', 'public']

export class UnissonSettings extends Component {
  static override styles = [...Component.styles, css`
    .danger-zone { border-top: 1px solid var(--line); margin-top: 2rem; padding-top: .5rem }
    dd { margin: 0 0 .5rem; color: var(--soft) } summary { cursor: pointer; color: var(--accent); margin-bottom: 1rem }
  `]

  static override properties: PropertyDeclarations = {
    shown: { state: true }, owns: { state: true }, visibility: { state: true }, isDeleting: { state: true }
  }

  declare protected shown: Space | null
  declare protected owns: boolean
  /** What is chosen, saved or not: it says which roles there are to choose. */
  declare protected visibility: Visibility
  declare protected isDeleting: boolean
  #etag = ''

  constructor () {
    super()
    this.shown = null
    this.owns = false
    this.visibility = 'members'
    this.isDeleting = false
  }

  get words (): SettingsWords { return this.wordsOf(settingsWords) }
  get #call (): string { return path`spaces/${this.space}` }

  override connectedCallback (): void {
    super.connectedCallback()
    void this.#read()
  }

  async #read (): Promise<void> {
    await this.attempt(async () => {
      const [space, rights] = await Promise.all([
        this.api.get<Space>(this.#call),
        this.api.get<{ actions: string[] }>(`${this.#call}/rights`)
      ])
      this.owns = rights.value.actions.includes('own')
      this.#take(space.value, space.etag)
    })
  }

  #take (space: Space, etag: string): void {
    this.#etag = etag
    this.shown = space
    this.visibility = space.visibility
  }

  #save (event: SubmitEvent): void {
    event.preventDefault()
    const fields = new FormData(event.currentTarget as HTMLFormElement)
    const text = (name: string): string | undefined => fields.get(name)?.toString().trim()
    void this.#change(async () => {
      // Only to what was seen: two owners may be here at once.
      const { value, etag } = await this.api.patch<Space>(this.#call, {
        title: text('title'), visibility: text('visibility'), signed_in_role: text('signed-in'), anonymous_role: text('anonymous')
      }, { ifMatch: this.#etag })
      this.#take(value, etag)
      this.say(this.words.saved)
    })
  }

  async #change (act: () => Promise<void>): Promise<void> {
    if (await this.attempt(act)) return
    const said = this.notice
    await this.#read()
    this.notice = said
  }

  async #delete (): Promise<void> {
    this.closeDialog()
    await this.#change(async () => {
      const { value, etag } = await this.api.delete<Space>(this.#call)
      this.#take(value, etag)
      this.say(this.words.deleted)
    })
  }

  async #restore (): Promise<void> {
    await this.#change(async () => {
      const { value, etag } = await this.api.post<Space>(`${this.#call}/restore`)
      this.#take(value, etag)
      this.say(this.words.restored)
    })
  }

  protected override render (): TemplateResult {
    const { words, shown, owns, visibility, locale } = this
    if (shown === null) return html`${this.renderNotice()}${this.notice === null ? html`<p class="soft">${this.common.loading}</p>` : nothing}`
    const spaces = this.wordsOf(spacesWords)
    const isDeleted = shown.deleted_ms !== undefined
    return html`
      ${this.renderNotice()}
      ${isDeleted
        ? html`<div class="notice bad">${words.isDeleted} ${owns ? html`<button class="small" @click=${this.#restore}>${words.restore}</button>` : nothing}</div>`
        : nothing}
      ${owns ? nothing : html`<p class="notice">${words.onlyOwners}</p>`}
      <form @submit=${this.#save}>
        <div class="field"><label for="title">${words.title}</label>
          <input id="title" name="title" required maxlength="200" .value=${shown.title} ?disabled=${!owns}></div>
        <fieldset ?disabled=${!owns}><legend>${words.whoGetsIn}</legend>
          ${VISIBILITIES.map((choice) => html`
            <div class="choice"><input type="radio" name="visibility" id="visibility-${choice}" value=${choice} .checked=${choice === visibility} @change=${() => { this.visibility = choice }}>
              <label for="visibility-${choice}"><strong>${spaces.visibility[choice]}</strong><br><span class="soft">${spaces.visibilityHelp[choice]}</span></label></div>`)}
        </fieldset>
        ${visibility === 'members'
          ? nothing
          : html`<div class="field"><label for="signed-in">${words.signedInRole}</label>${roleChoice({ locale, roles: ROLES, value: shown.signed_in_role, name: 'signed-in', id: 'signed-in', label: words.signedInRole, disabled: !owns })}
              <p class="help">${words.rolesHelp}</p></div>`}
        ${visibility === 'public'
          ? html`<div class="field"><label for="anonymous">${words.anonymousRole}</label>${roleChoice({ locale, roles: ROLES, value: shown.anonymous_role, name: 'anonymous', id: 'anonymous', label: words.anonymousRole, disabled: !owns })}</div>`
          : nothing}
        ${visibility === 'members' ? nothing : roleGuide(locale, ROLES)}
        ${owns ? html`<button class="strong">${this.common.save}</button>` : nothing}
      </form>
      ${owns && !isDeleted
        ? html`<div class="danger-zone"><h2>${words.danger}</h2><p>${words.deleteHelp}</p>
            <button class="danger" @click=${() => { this.isDeleting = true }}>${words.delete}</button></div>`
        : nothing}
      ${this.isDeleting
        ? html`
          <dialog aria-labelledby="deleting" @close=${() => { this.isDeleting = false }}>
            <h2 id="deleting">${words.delete}</h2>
            <p>${words.deleting(shown.title)} ${words.deleteHelp}</p>
            <div class="actions"><button class="danger" autofocus @click=${this.#delete}>${words.delete}</button>
              <button class="quiet" @click=${() => this.closeDialog()}>${this.common.cancel}</button></div>
          </dialog>`
        : nothing}`
  }
}

customElements.define('unisson-settings', UnissonSettings)
