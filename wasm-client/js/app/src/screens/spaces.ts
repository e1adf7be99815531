/** `<unisson-spaces>`: my spaces and those that are open, favourites, what I opened last, and a new space. */
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import { Refused, path } from '../api.js'
import { Component } from '../component.js'
import { icon } from '../icons.js'
import { Own, whenItMayDiffer, type Mark } from '../own.js'
import type { Role } from '../tree.js'
import { reasonOf } from '../words.js'
import { roleWords } from '../words/roles.js'
import { spacesWords, type SpacesWords, type Visibility } from '../words/spaces.js'

export interface Space {
  id: string
  title: string
  visibility: Visibility
  anonymous_role: Role
  signed_in_role: Role
  deleted_ms?: number
  role: Role | null
}

/** From here on people look for a space by typing. */
const FILTER_FROM = 12
const RECENT_MAX = 6
/** The page that somebody has just left may still be saying that they read it. */
const JUST_LEFT_MS = 1_500

/** The short name that a title suggests. */
export const shortName = (title: string): string =>
  title.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/œ/g, 'oe').replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 64).replace(/-+$/, '')

export class UnissonSpaces extends Component {
  static override styles = [...Component.styles, css`
    .cards { list-style: none; margin: 0; padding: 0; display: grid; gap: .7rem; grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr)) }
    .card { display: block; height: 100%; border: 1px solid var(--line); border-radius: .6rem; background: var(--paper); padding: .8rem 1rem; color: var(--ink); text-decoration: none }
    .card:hover { border-color: var(--accent) } .card strong { display: block; color: var(--accent); overflow-wrap: anywhere }
    .card small { color: var(--soft) }
    .marks { list-style: none; margin: 0; padding: 0; columns: 18rem } .marks li { break-inside: avoid; padding: .25rem 0 }
    .head { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between }
    .filter { max-width: 20rem }
  `]

  static override properties: PropertyDeclarations = {
    spaces: { state: true }, creates: { state: true }, isCreating: { state: true }, problem: { state: true }, wanted: { state: true },
    own: { state: true }, unread: { state: true }
  }

  declare protected spaces: Space[] | null
  declare protected creates: boolean
  declare protected isCreating: boolean
  declare protected problem: string
  declare protected wanted: string
  declare protected own: Own | null
  /** How many pages of each space others changed since they were read. */
  declare protected unread: ReadonlyMap<string, number>
  #ended: AbortController | null = null
  #isOwnAddress = false

  constructor () {
    super()
    this.spaces = null
    this.creates = false
    this.isCreating = false
    this.problem = ''
    this.wanted = ''
    this.own = null
    this.unread = new Map()
  }

  get words (): SpacesWords { return this.wordsOf(spacesWords) }

  override connectedCallback (): void {
    super.connectedCallback()
    const { signal } = this.#ended = new AbortController()
    void this.attempt(() => this.#read())
    void this.#lookAtOwn()
    const again = setTimeout(() => { void this.#lookAtOwn() }, JUST_LEFT_MS)
    signal.addEventListener('abort', () => clearTimeout(again))
    whenItMayDiffer(signal, () => { void this.#lookAtOwn() })
  }

  override disconnectedCallback (): void {
    super.disconnectedCallback()
    this.#ended?.abort()
  }

  /** Without it the list is as good, and nothing is marked. */
  async #lookAtOwn (): Promise<void> {
    try {
      this.own = await Own.read(this.api)
      if (this.own.user === null) return
      const { value } = await this.api.get<{ spaces: Array<{ space: string, pages: number }> }>('me/unread')
      this.unread = new Map(value.spaces.map(({ space, pages }) => [space, pages]))
    } catch { /* The next look tries again. */ }
  }

  async #read (): Promise<void> {
    const { value } = await this.api.get<{ creates: boolean }>('spaces?limit=1')
    this.creates = value.creates
    this.spaces = (await this.api.all<Space, 'spaces'>('spaces', 'spaces')).value
  }

  #create (event: SubmitEvent): void {
    event.preventDefault()
    const fields = new FormData(event.currentTarget as HTMLFormElement)
    const id = String(fields.get('id')).trim()
    const from = String(fields.get('from') ?? '')
    const order = { id, title: String(fields.get('title')).trim(), visibility: String(fields.get('visibility')), ...(from !== '' && { from }) }
    this.problem = ''
    this.api.post('spaces', order).then(
      () => window.location.assign(this.link(path`s/${id}`)),
      (error: unknown) => {
        const { words } = this
        const code = error instanceof Refused ? error.code : ''
        this.problem = code === 'exists' ? words.taken : code === 'space-id' ? words.badAddress : reasonOf(error, this.locale)
      }
    )
  }

  protected override render (): TemplateResult {
    const { spaces, words } = this
    if (spaces === null) return html`${this.renderNotice()}<slot></slot>`
    const shown = spaces.filter(({ title }) => fold(title).includes(fold(this.wanted)))
    const there = shown.filter((space) => space.deleted_ms === undefined)
    const [mine, open, deleted] = [there.filter(isMine), there.filter((space) => !isMine(space)), shown.filter((space) => space.deleted_ms !== undefined)]
    return html`
      ${this.renderNotice()}
      <div class="head">
        ${spaces.length < FILTER_FROM
          ? html`<span></span>`
          : html`<div class="field filter"><label for="filter">${words.filter}</label>
              <input id="filter" type="search" autocomplete="off" @input=${(event: Event) => { this.wanted = (event.currentTarget as HTMLInputElement).value }}></div>`}
        ${this.creates ? html`<button class="strong" @click=${() => { this.isCreating = true }}>${icon('plus')} ${words.newSpace}</button>` : nothing}
      </div>
      ${spaces.length === 0
        ? html`<p class="empty">${this.creates ? words.noneButCreate : words.none} <a href=${this.link('-/guide/start')}>${words.guide}</a></p>`
        : nothing}
      ${this.#marks(words.favourites, this.own?.favourites ?? [])}
      ${this.#cards(words.mine, mine)} ${this.#cards(words.open, open)}
      ${this.#marks(words.recent, (this.own?.recent ?? []).slice(0, RECENT_MAX))}
      ${this.#cards(words.deleted, deleted)}
      ${this.isCreating ? this.#dialog() : nothing}`
  }

  #cards (title: string, spaces: Space[]): TemplateResult | typeof nothing {
    if (spaces.length === 0) return nothing
    const { words, locale } = this
    return html`
      <h2>${title}</h2>
      <ul class="cards" role="list">${spaces.map((space) => html`
        <li><a class="card" href=${this.link(space.deleted_ms === undefined ? path`s/${space.id}` : `${path`s/${space.id}`}/-/settings`)}><strong>${space.title}</strong>${this.#unreadOf(space.id)}
          <small>${words.visibility[space.visibility]}${space.role === null ? nothing : ` · ${words.you(roleWords[locale].names[space.role].toLowerCase())}`}</small></a></li>`)}
      </ul>`
  }

  #unreadOf (space: string): TemplateResult | typeof nothing {
    const count = this.unread.get(space) ?? 0
    return count === 0 ? nothing : html`<span class="tag unread">${this.words.unread(count)}</span> `
  }

  #marks (title: string, marks: Mark[]): TemplateResult | typeof nothing {
    if (marks.length === 0) return nothing
    const titles = new Map(this.spaces?.map(({ id, title }) => [id, title]))
    // Whoever is no longer in a space has no use for marks in it.
    const there = marks.filter(({ space }) => titles.has(space))
    return there.length === 0
      ? nothing
      : html`<h2>${title}</h2>
        <ul class="marks" role="list">${there.map(({ space, page, title }) => html`
          <li><a href=${this.link(path`s/${space}/${page}`)}>${title}</a> <span class="soft">${titles.get(space)}</span></li>`)}</ul>`
  }

  #dialog (): TemplateResult {
    const { words, common } = this
    const suggest = (event: Event): void => {
      const address = this.renderRoot.querySelector<HTMLInputElement>('#id')
      if (address !== null && !this.#isOwnAddress) address.value = shortName((event.currentTarget as HTMLInputElement).value)
    }
    const visibilities: Visibility[] = ['members', 'signed-in', 'public']
    const models = (this.spaces ?? []).filter((space) => space.deleted_ms === undefined)
    return html`
      <dialog aria-labelledby="new-space" @close=${() => { this.isCreating = false; this.problem = ''; this.#isOwnAddress = false }}>
        <form @submit=${this.#create}>
          <h2 id="new-space">${words.newSpace}</h2>
          <div class="field"><label for="title">${words.name}</label>
            <input id="title" name="title" required maxlength="200" autocomplete="off" autofocus aria-describedby="title-help" @input=${suggest}>
            <p class="help" id="title-help">${words.nameHelp}</p></div>
          <div class="field"><label for="id">${words.address}</label>
            <input id="id" name="id" required maxlength="64" pattern="[a-z0-9][a-z0-9\\-]*" autocomplete="off" spellcheck="false" aria-describedby="id-help" @input=${() => { this.#isOwnAddress = true }}>
            <p class="help" id="id-help">${words.addressHelp}</p></div>
          <fieldset><legend>${words.whoGetsIn}</legend>
            ${visibilities.map((visibility, at) => html`
              <div class="choice"><input type="radio" name="visibility" id="visibility-${visibility}" value=${visibility} ?checked=${at === 0}>
                <label for="visibility-${visibility}"><strong>${words.visibility[visibility]}</strong><br><span class="soft">${words.visibilityHelp[visibility]}</span></label></div>`)}
          </fieldset>
          ${models.length === 0
            ? nothing
            : html`<div class="field"><label for="from">${words.model}</label>
                <select id="from" name="from" aria-describedby="from-help"><option value="">${words.noModel}</option>
                  ${models.map(({ id, title }) => html`<option value=${id}>${title}</option>`)}</select>
                <p class="help" id="from-help">${words.modelHelp}</p></div>`}
          ${this.problem === '' ? nothing : html`<p class="notice bad" role="alert">${this.problem}</p>`}
          <div class="actions"><button class="strong">${words.create}</button>
            <button type="button" class="quiet" @click=${() => this.closeDialog()}>${common.cancel}</button></div>
        </form>
      </dialog>`
  }
}

/** Whether somebody is more there than anybody would be. */
const isMine = ({ visibility, role, anonymous_role: anonymous, signed_in_role: signedIn }: Space): boolean => {
  if (visibility === 'members') return true
  return role !== signedIn && !(visibility === 'public' && role === anonymous)
}

const fold = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()

customElements.define('unisson-spaces', UnissonSpaces)
