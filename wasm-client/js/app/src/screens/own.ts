/**
 * `<unisson-own space="…" page="…" document="…" kept changed="…" tasks="…" live>`: what is this reader's own of a
 * page, or (without `page`) of a space: what changed since they were here last, their favourite, their ticks.
 *
 * `kept`: the server keeps it; else this browser does, and only ticks. `changed`: the moment of the last edit
 * that the page shows. `tasks`: what the page's tasks are called, where it is a guide. `live`: the page is open
 * in the editor, where one reads what others write as they write it.
 */
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import { path } from '../api.js'
import { Component } from '../component.js'
import { icon } from '../icons.js'
import { favour, myPage, tellOthers, unreadIn, whenItMayDiffer, type MyPage } from '../own.js'
import { moment } from '../words.js'
import { ownWords, type OwnWords } from '../words/own.js'
import { markUnread } from './own/tree.js'
import { Ticks } from './own/ticks.js'

/** A page that somebody only passes through is not read yet; and a crowd does not say so in one moment. */
const GLANCE_MS = 1_500
const SPREAD_MS = 2_500

export class UnissonOwn extends Component {
  static override styles = [...Component.styles, css`
    :host { max-width: 46rem }
    .row { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem 1rem; margin: 0 0 .8rem }
    .notice { margin: 0 0 .8rem }
    progress { width: min(12rem, 40vw); height: .7rem; accent-color: var(--accent) }
    [aria-pressed="true"] .icon { fill: currentColor }
    @media print { :host { display: none } }
  `]

  static override properties: PropertyDeclarations = {
    kept: { type: Boolean }, live: { type: Boolean }, changed: { type: Number }, tasks: { type: String },
    mine: { state: true }, unread: { state: true }, ticks: { state: true }
  }

  declare kept: boolean
  declare live: boolean
  declare changed: number
  declare tasks: string
  declare protected mine: MyPage | null
  /** The pages of the space that others changed since; null while nobody knows. */
  declare protected unread: ReadonlyMap<string, number> | null
  declare protected ticks: Ticks | null
  /** When it was read before this visit, where it was changed since. */
  #since: number | null = null
  #isSaid = false
  #ended: AbortController | null = null

  constructor () {
    super()
    this.kept = false
    this.live = false
    this.changed = 0
    this.tasks = ''
    this.mine = null
    this.unread = null
    this.ticks = null
  }

  get words (): OwnWords { return this.wordsOf(ownWords) }

  override connectedCallback (): void {
    super.connectedCallback()
    const { signal } = this.#ended = new AbortController()
    void this.#begin(signal)
  }

  override disconnectedCallback (): void {
    super.disconnectedCallback()
    this.#ended?.abort()
  }

  async #begin (signal: AbortSignal): Promise<void> {
    await this.#look()
    if (signal.aborted) return
    if (this.tasks !== '') {
      this.ticks = new Ticks(this.api, this.space, this.page, this.tasks.split(' '), this.mine?.ticks ?? null, {
        changed: () => this.requestUpdate(),
        failed: (error) => this.sayWhy(error)
      })
    }
    if (!this.kept) return
    const since = this.mine?.read_ms ?? null
    if (this.unread?.has(this.page) === true && since !== null) {
      this.#since = since
      this.requestUpdate()
    }
    whenItMayDiffer(signal, () => { void this.#look() })
    if (this.page !== '') this.#readWhenLeftOrSeen(signal)
  }

  /** What is shown stays where the server does not answer: none of it is worth a warning above the text. */
  async #look (): Promise<void> {
    if (!this.kept) return
    try {
      if (this.page !== '') this.mine = await myPage(this.api, this.space, this.page)
      this.unread = await unreadIn(this.api, this.space)
    } catch { /* Without an index nothing is marked. */ }
    if (this.mine !== null) this.ticks?.are(this.mine.ticks)
    if (this.unread !== null) markUnread(this.space, this.unread, this.words.unread)
  }

  #readWhenLeftOrSeen (signal: AbortSignal): void {
    const leave = (): void => { if (this.live || !this.#isSaid) void this.#sayRead(true) }
    window.addEventListener('pagehide', leave, { signal })
    document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'hidden') leave() }, { signal })
    const timer = setTimeout(() => { if (!this.#isSaid) void this.#sayRead(false) }, GLANCE_MS + Math.random() * SPREAD_MS)
    signal.addEventListener('abort', () => clearTimeout(timer))
  }

  async #sayRead (isLeaving: boolean): Promise<void> {
    this.#isSaid = true
    const read_ms = this.live || this.changed === 0 ? {} : { read_ms: this.changed }
    try {
      await this.api.raw('PATCH', 'me', { body: { opened: [{ space: this.space, page: this.page, ...read_ms }] }, keepalive: isLeaving })
      if (!isLeaving) tellOthers()
    } catch {
      // The next visit says so again.
      this.#isSaid = false
    }
  }

  async #star (): Promise<void> {
    const isOne = this.mine?.favourite !== true
    await this.attempt(async () => {
      await favour(this.api, this.space, this.page, isOne)
      if (this.mine !== null) this.mine = { ...this.mine, favourite: isOne }
      this.announce(isOne ? this.words.starred : this.words.unstarred)
      tellOthers()
    })
  }

  async #readAll (): Promise<void> {
    await this.attempt(async () => {
      await this.api.patch('me', { read: [this.space] })
      this.say(this.words.allRead)
      tellOthers()
    })
  }

  protected override render (): TemplateResult {
    return html`${this.renderNotice()}${this.page === '' ? this.#ofSpace() : this.#ofPage()}`
  }

  #ofSpace (): TemplateResult | typeof nothing {
    const count = this.unread?.size ?? 0
    return count === 0
      ? nothing
      : html`<div class="row"><span>${this.words.unreadPages(count)}</span>
          <button class="small" @click=${() => { void this.#readAll() }}>${this.words.readAll}</button></div>`
  }

  #ofPage (): TemplateResult {
    const { words, mine } = this
    const isStarred = mine?.favourite === true
    return html`
      ${this.#since === null
        ? nothing
        : html`<p class="notice">${words.changed(moment(this.#since, this.locale))}
            <a href="${this.link(path`s/${this.space}/${this.page}`)}/-/history?since=${this.#since + 1}">${words.whatChanged}</a></p>`}
      ${this.ticks === null ? nothing : this.#progress(this.ticks)}
      ${mine === null || this.live
        ? nothing
        : html`<div class="row"><button class="small quiet" aria-pressed=${isStarred} @click=${() => { void this.#star() }}>
            ${icon('star')} ${isStarred ? words.unstar : words.star}</button></div>`}`
  }

  #progress (ticks: Ticks): TemplateResult | typeof nothing {
    const { words } = this
    const { done, all } = ticks
    if (all === 0) return nothing
    const reset = (): void => {
      const before = ticks.reset()
      this.say(words.resetDone, 'good', { label: words.undo, act: () => ticks.put(before) })
    }
    return html`
      <div class="row">
        <progress max=${all} value=${done} aria-label=${words.progressName}></progress>
        <strong class="progress">${words.progress(done, all)}</strong>
        ${done === 0 ? nothing : html`<button class="small" @click=${reset}>${words.reset}</button>`}
        <span class="soft">${this.mine === null ? words.onlyHere : words.onlyYours}</span>
      </div>`
  }
}

customElements.define('unisson-own', UnissonOwn)
