/**
 * `<unisson-history document="…" space="…" page="…">`: what a page said when, who wrote it, and the way back.
 */
import { html, nothing, unsafeCSS, type PropertyDeclarations, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { unsafeHTML } from 'lit/directives/unsafe-html.js'
import typography from '../wiki.css' with { type: 'text' }
import { path, query } from '../api.js'
import { Component } from '../component.js'
import { moment } from '../words.js'
import { historyWords, type HistoryWords, type View } from '../words/history.js'
import { colorOf, dress, heldBy, initials, nameOf, selected, shares, type Author, type Share } from './history/people.js'
import { style } from './history/style.js'

interface Version { id: string, created_ms: number, label: string | null, last_edit_ms: number | null, authors?: Author[], damaged?: string }
interface Sitting { from_ms: number, until_ms: number, authors: Array<{ by: Author, inserted: number, deleted: number }> }

/** What is about to be done. */
type Doing =
  | { kind: 'restore', version: string }
  | { kind: 'revert', by: Author, from_ms: number, until_ms: number }

const NOW = 'now'
const VIEWS: View[] = ['changes', 'then', 'who', 'people']

export class UnissonHistory extends Component {
  static override styles = [...Component.styles, unsafeCSS(typography), style]

  static override properties: PropertyDeclarations = {
    versions: { state: true }, next: { state: true }, view: { state: true }, from: { state: true }, to: { state: true },
    fragment: { state: true }, sittings: { state: true }, older: { state: true }, doing: { state: true },
    writes: { state: true }, held: { state: true }, marked: { state: true }, authors: { state: true }
  }

  declare protected versions: Version[] | null
  declare protected next: string | null
  declare protected view: View
  declare protected from: string
  declare protected to: string
  /** The server's HTML of what is shown; null while it comes. */
  declare protected fragment: string | null
  declare protected sittings: Sitting[]
  declare protected older: number | null
  declare protected doing: Doing | null
  declare protected writes: boolean
  /** Who wrote what is selected; null where nothing is. */
  declare protected held: Share[] | null
  /** Whose passages are marked. */
  declare protected marked: string | null
  declare protected authors: Share[]
  #asked = 0

  constructor () {
    super()
    this.versions = null
    this.next = null
    this.view = 'changes'
    this.from = NOW
    this.to = NOW
    this.fragment = null
    this.sittings = []
    this.older = null
    this.doing = null
    this.writes = false
    this.held = null
    this.marked = null
    this.authors = []
  }

  get words (): HistoryWords { return this.wordsOf(historyWords) }
  get #call (): string { return path`documents/${this.document}` }

  override connectedCallback (): void {
    super.connectedCallback()
    document.addEventListener('selectionchange', this.#onSelect)
    void this.#begin()
  }

  override disconnectedCallback (): void {
    super.disconnectedCallback()
    document.removeEventListener('selectionchange', this.#onSelect)
  }

  async #begin (): Promise<void> {
    await this.attempt(async () => {
      if (this.space !== '') {
        const { value } = await this.api.get<{ actions: string[] }>(path`spaces/${this.space}/rights` + query({ page: this.page }))
        this.writes = value.actions.includes('write')
      } else {
        // A portal's page: the server says no where somebody may not.
        this.writes = true
      }
    })
    await this.#readVersions()
    this.from = this.#versionBefore(sinceOf(window.location.search)) ?? this.versions?.[0]?.id ?? NOW
    await this.#show()
  }

  /** The last version that was made before a moment, or the oldest that there is. */
  #versionBefore (ms: number | null): string | null {
    if (ms === null) return null
    const versions = this.versions ?? []
    return (versions.find((version) => version.created_ms < ms) ?? versions.at(-1))?.id ?? null
  }

  async #readVersions (before?: string): Promise<void> {
    await this.attempt(async () => {
      const { value } = await this.api.get<{ versions: Version[], next: string | null }>(`${this.#call}/versions${query({ before, limit: 50 })}`)
      this.versions = before === undefined ? value.versions : [...this.versions ?? [], ...value.versions]
      this.next = value.next
    })
  }

  /** Reads what is to be shown; an answer that was overtaken is not. */
  async #show (): Promise<void> {
    const asked = ++this.#asked
    this.held = null
    this.marked = null
    await this.attempt(async () => {
      if (this.view === 'people') return this.#readSittings()
      this.fragment = null
      const call = { changes: `diff${query({ from: this.from, to: this.to, format: 'html' })}`, then: path`versions/${this.to}` + '?format=html', who: 'blame?format=html' }[this.view]
      const answer = this.view === 'changes' && this.from === this.to ? '' : await (await this.api.raw('GET', `${this.#call}/${call}`)).text()
      if (asked === this.#asked) this.fragment = answer
    })
  }

  async #readSittings (before?: number): Promise<void> {
    const { value } = await this.api.get<{ sittings: Sitting[], next: number | null }>(`${this.#call}/activity${query({ before_ms: before, limit: 50 })}`)
    this.sittings = before === undefined ? value.sittings : [...this.sittings, ...value.sittings]
    this.older = value.next
  }

  protected override updated (): void {
    super.updated()
    const article = this.renderRoot.querySelector('article')
    if (article === null || article.hasAttribute('data-dressed')) return
    article.setAttribute('data-dressed', '')
    dress(article, (ms) => moment(ms, this.locale), this.words.somebody)
    if (this.view === 'who') this.authors = shares(article, this.words.somebody)
    if (this.view === 'changes') this.announce(this.#summary(article))
  }

  #summary (article: Element): string {
    const [added, removed] = [article.querySelectorAll('ins').length, article.querySelectorAll('del').length]
    return added + removed === 0 ? this.words.same : this.words.summary(added, removed)
  }

  readonly #onSelect = (): void => {
    const article = this.renderRoot.querySelector('article')
    if (this.view !== 'who' || article === null || this.shadowRoot === null) return
    const range = selected(this.shadowRoot)
    if (range === null) { this.held = null; return }
    this.held = shares(article, this.words.somebody, heldBy(range))
  }

  #mark (user: string | null): void {
    this.marked = this.marked === user ? null : user
    this.renderRoot.querySelectorAll<HTMLElement>('article [data-author]').forEach((passage) => {
      passage.toggleAttribute('data-marked', this.marked !== null && passage.dataset['author'] === this.marked)
    })
  }

  // Changes

  #keep (event: SubmitEvent): void {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const label = String(new FormData(form).get('label')).trim()
    if (label === '') return
    void this.attempt(async () => {
      await this.api.post(`${this.#call}/versions`, { label })
      form.reset()
      this.say(this.words.kept(label))
      await this.#readVersions()
    })
  }

  async #do (doing: Doing): Promise<void> {
    this.closeDialog()
    await this.attempt(async () => {
      const { words } = this
      if (doing.kind === 'restore') {
        const { value } = await this.api.post<{ changed: boolean, before: string | null }>(`${this.#call}/restore`, { version: doing.version })
        this.#tell(value.changed ? words.restored : words.sameAlready, value.before)
      } else {
        const { by, from_ms, until_ms } = doing
        const { value } = await this.api.post<{ changed: boolean, before: string | null, deleted: number, put_back: number, lost: number }>(
          `${this.#call}/revert`, { user: by.user, from_ms, until_ms })
        this.#tell(value.changed ? words.reverted(value.deleted, value.put_back, value.lost) : words.revertedNothing, value.before)
      }
      await this.#refresh()
    })
  }

  #tell (text: string, before: string | null): void {
    this.say(text, 'good', before === null ? undefined : { label: this.words.undo, act: () => { void this.#undo(before) } })
  }

  async #undo (before: string): Promise<void> {
    await this.attempt(async () => {
      await this.api.post(`${this.#call}/restore`, { version: before })
      this.say(this.words.undone)
      await this.#refresh()
    })
  }

  /** Shows what the last thing done has changed. */
  async #refresh (): Promise<void> {
    await this.#readVersions()
    if (this.view !== 'people') {
      this.view = 'changes'
      this.to = NOW
      this.from = this.versions?.[0]?.id ?? NOW
    }
    await this.#show()
  }

  #look (view: View): void {
    this.view = view
    void this.#show()
  }

  /** Shows what a version brought, beside the one before it. */
  #pick (at: number): void {
    const versions = this.versions ?? []
    this.to = at < 0 ? NOW : versions[at]?.id ?? NOW
    this.from = versions[at + 1]?.id ?? versions[at]?.id ?? NOW
    // The first version has none before it: it is shown as it is.
    if (this.from === this.to && at >= 0) this.view = 'then'
    else if (this.view !== 'then') this.view = 'changes'
    void this.#show()
  }

  // What is shown

  #nameOf (id: string): string {
    const version = this.versions?.find((version) => version.id === id)
    return version === undefined ? this.words.now : version.label ?? this.words.unnamed(moment(version.created_ms, this.locale))
  }

  protected override render (): TemplateResult {
    const { words, versions, view } = this
    if (versions === null) return html`${this.renderNotice()}${this.notice === null ? html`<p class="soft">${this.common.loading}</p>` : nothing}`
    return html`
      ${this.renderNotice()}
      <div class="layout">
        <section class="shown" aria-label=${words.views[view]}>
          <div class="views" role="group" aria-label=${words.viewsLabel}>
            ${VIEWS.map((name) => html`<button class="small" aria-pressed=${view === name} @click=${() => this.#look(name)}>${words.views[name]}</button>`)}
          </div>
          ${view === 'people' ? this.#people() : html`${view === 'who' ? this.#who() : this.#compare()}${this.#article()}${view === 'who' ? this.#held() : nothing}`}
        </section>
        <section class="side" aria-label=${words.versions}>
          ${this.writes ? this.#keepForm() : nothing}
          <h2>${words.versions}</h2>
          ${versions.length === 0 ? html`<p class="soft">${words.none}</p>` : this.#timeline(versions)}
          ${this.next === null ? nothing : html`<button class="small" @click=${() => { void this.#readVersions(this.next ?? undefined) }}>${words.more}</button>`}
        </section>
      </div>
      ${this.doing === null ? nothing : this.#dialog(this.doing)}`
  }

  #timeline (versions: Version[]): TemplateResult {
    const { words, locale, to, view } = this
    const isShown = view === 'changes' || view === 'then'
    return html`
      <ol class="timeline">
        <li><button aria-pressed=${isShown && to === NOW} @click=${() => this.#pick(-1)}><strong>${words.now}</strong></button></li>
        ${repeat(versions, ({ id }) => id, (version, at) => {
          const names = (version.authors ?? []).map((author) => nameOf(author, words.somebody))
          return html`
            <li><button aria-pressed=${isShown && to === version.id} @click=${() => this.#pick(at)}>
              ${version.label === null ? nothing : html`<strong>${version.label}</strong>`}
              <span>${moment(version.created_ms, locale)}</span>
              ${names.length === 0 ? nothing : html`<small>${words.by(names.join(', '))}</small>
                <span class="faces" aria-hidden="true">${(version.authors ?? []).slice(0, 6).map((author) => this.#face(author))}</span>`}
            </button></li>`
        })}
      </ol>`
  }

  #face (author: Author): TemplateResult {
    const name = nameOf(author, this.words.somebody)
    return html`<span class="face" aria-hidden="true" .style=${`--person: ${colorOf(author.user ?? '')}`}>${initials(name)}</span>`
  }

  #keepForm (): TemplateResult {
    const { words } = this
    return html`
      <form @submit=${this.#keep}>
        <h2>${words.nameIt}</h2>
        <div class="field"><label for="label">${words.name}</label>
          <input id="label" name="label" required maxlength="120" autocomplete="off" aria-describedby="label-help">
          <p class="help" id="label-help">${words.nameHelp}</p></div>
        <button class="small">${words.keep}</button>
      </form>`
  }

  #compare (): TemplateResult {
    const { words, versions, view, to } = this
    const choice = (id: string, label: string, value: string, choose: (id: string) => void): TemplateResult => html`
      <div class="field"><label for=${id}>${label}</label>
        <select id=${id} .value=${value} @change=${(event: Event) => { choose((event.currentTarget as HTMLSelectElement).value); void this.#show() }}>
          ${[NOW, ...(versions ?? []).map((version) => version.id)].map((one) => html`<option value=${one} ?selected=${one === value}>${this.#nameOf(one)}</option>`)}
        </select></div>`
    return html`
      <div class="compare">
        ${view === 'changes' ? choice('from', words.from, this.from, (id) => { this.from = id }) : nothing}
        ${choice('to', view === 'changes' ? words.to : words.versions, to, (id) => { this.to = id })}
        ${this.writes && to !== NOW
          ? html`<button @click=${() => { this.doing = { kind: 'restore', version: to } }}>${words.restore}</button>`
          : nothing}
      </div>`
  }

  #article (): TemplateResult {
    const { fragment, words, view } = this
    if (fragment === null) return html`<p class="soft">${this.notice === null ? this.common.loading : nothing}</p>`
    const isSame = view === 'changes' && !/<(ins|del)[ >]|data-change=/.test(fragment)
    return html`
      ${isSame ? html`<p class="empty">${this.versions?.length === 0 ? words.nothingYet : words.same}</p>` : nothing}
      ${fragment === ''
        ? nothing
        : repeat([fragment], (text) => `${view} ${text}`, (text) => html`<article class="text paper ${view}">${unsafeHTML(text)}</article>`)}`
  }

  #who (): TemplateResult {
    const { words, authors } = this
    const all = authors.reduce((sum, { characters }) => sum + characters, 0)
    return html`
      <p>${words.whoIntro}</p>
      <ul class="people">${authors.map(({ user, name, characters }) => html`
        <li><button class="small" aria-pressed=${this.marked === user} aria-label=${words.show(name)} @click=${() => this.#mark(user)}>
          ${this.#face({ user, name })} ${words.share(name, Math.round(100 * characters / all))}</button></li>`)}</ul>`
  }

  /** Below the text: above it would push away what somebody is just selecting. */
  #held (): TemplateResult {
    const { words, held, locale } = this
    return html`
      <div role="status" class="held">${held === null
        ? nothing
        : html`<div class="selected"><p><strong>${words.whoSelected}</strong></p>
          ${held.length === 0
            ? html`<p>${words.whoNothing}</p>`
            : html`<ul>${held.map(({ name, firstMs, lastMs }) => html`<li>${name}, ${words.sitting(moment(firstMs, locale), moment(lastMs, locale))}</li>`)}</ul>`}</div>`}
      </div>`
  }

  #people (): TemplateResult {
    const { words, sittings, locale } = this
    return html`
      <p>${words.peopleIntro}</p>
      ${sittings.length === 0 ? html`<p class="empty">${words.peopleNone}</p>` : nothing}
      <ol class="sittings">${sittings.map(({ from_ms, until_ms, authors }) => {
        const when = words.sitting(moment(from_ms, locale), moment(until_ms, locale))
        return html`
          <li><time datetime=${new Date(from_ms).toISOString()}>${when}</time>
            ${authors.map(({ by, inserted, deleted }) => {
              const name = nameOf(by, words.somebody)
              return html`<div class="work">${this.#face(by)} <strong>${name}</strong> <span class="soft">${words.work(inserted, deleted)}</span>
                ${this.writes
                  ? html`<button class="small" aria-label=${words.revertOf(name, when)} @click=${() => { this.doing = { kind: 'revert', by, from_ms, until_ms } }}>${words.revert}</button>`
                  : nothing}</div>`
            })}</li>`
      })}</ol>
      ${this.older === null ? nothing : html`<button class="small" @click=${() => { void this.attempt(() => this.#readSittings(this.older ?? undefined)) }}>${words.more}</button>`}`
  }

  #dialog (doing: Doing): TemplateResult {
    const { words, common, locale } = this
    const close = (): void => { this.doing = null }
    const [title, text, button] = doing.kind === 'restore'
      ? [words.restoreThis(this.#nameOf(doing.version)), words.restoring(this.#nameOf(doing.version)), words.restore]
      : [
          words.revertOf(nameOf(doing.by, words.somebody), words.sitting(moment(doing.from_ms, locale), moment(doing.until_ms, locale))),
          words.reverting(nameOf(doing.by, words.somebody), moment(doing.from_ms, locale), moment(doing.until_ms, locale)),
          words.revert
        ]
    const submit = (event: SubmitEvent): void => {
      event.preventDefault()
      if (doing.kind === 'restore') return void this.#do(doing)
      const fields = new FormData(event.currentTarget as HTMLFormElement)
      const time = (name: string, known: number): number => {
        const chosen = new Date(String(fields.get(name))).getTime()
        // The field has minutes: one that was not changed means the very moment.
        return Number.isNaN(chosen) || minuteOf(known) === String(fields.get(name)) ? known : chosen
      }
      void this.#do({ ...doing, from_ms: time('from', doing.from_ms), until_ms: time('until', doing.until_ms) })
    }
    return html`
      <dialog aria-labelledby="doing" @close=${close}>
        <form @submit=${submit}>
          <h2 id="doing">${title}</h2>
          <p>${text}</p>
          ${doing.kind === 'revert'
            ? html`<div class="two">
                <div class="field"><label for="revert-from">${words.revertFrom}</label><input id="revert-from" name="from" type="datetime-local" required .defaultValue=${minuteOf(doing.from_ms)}></div>
                <div class="field"><label for="revert-until">${words.revertUntil}</label><input id="revert-until" name="until" type="datetime-local" required .defaultValue=${minuteOf(doing.until_ms)}></div>
              </div>`
            : nothing}
          <div class="actions"><button class="strong">${button}</button>
            <button type="button" class="quiet" @click=${() => this.closeDialog()}>${common.cancel}</button></div>
        </form>
      </dialog>`
  }
}

/** A moment as a field for dates and times has it. */
const minuteOf = (ms: number): string => {
  const local = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16)
}

/** `?since=…`: a link asks what changed from a moment on. */
const sinceOf = (search: string): number | null => {
  const since = new URLSearchParams(search).get('since')
  return since !== null && /^\d{1,15}$/.test(since) ? Number(since) : null
}

customElements.define('unisson-history', UnissonHistory)
