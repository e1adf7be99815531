/** `<unisson-admin>`: how the server is doing, who is connected, the banner; for those who look after it. */
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import { path, query, Refused } from '../api.js'
import { Component } from '../component.js'
import { moment } from '../words.js'
import { adminWords, type AdminWords } from '../words/admin.js'

interface Overview {
  version: string
  node: string
  uptime_s: number
  sockets: { open: number, max: number, transports: Record<string, number>, slow_readers: number }
  documents: { open: number, cold: number, memory_bytes: number, stored: number }
  store: { health: string, last_error: string | null, waiting: number, waiting_bytes: number, bytes: number | null, measured_ms: number | null }
  queues: { webhook_messages_waiting: number, webhooks_disabled: number, events_lost: number, audit_lines_lost: number }
}
interface Connected { document: string, user: string | null, name: string | null, may_write: boolean, socket: string, transport: string, address: string, since_ms: number }
interface KeptOut { user: string, until_ms: number }
interface Size { documents: number, bytes: number }
interface SpaceSize extends Size { id: string, title: string | null, members: number, is_deleted: boolean }
interface SpaceSizes { spaces: SpaceSize[], elsewhere: Size, own: Size, measured_ms: number, next: string | null }
type Level = 'info' | 'warning' | 'danger'
interface Banner { level: Level, text: { fr: string, en: string }, until_ms: number | null }

const LEVELS: Level[] = ['info', 'warning', 'danger']
const MINUTES = 60

export class UnissonAdmin extends Component {
  static override styles = [...Component.styles, css`
    section { margin: 0 0 2.2rem }
    dl { display: grid; grid-template-columns: minmax(9rem, max-content) 1fr; gap: .35rem 1.2rem; margin: 0 }
    dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
    .bad { color: var(--bad); font-weight: 600 }
    form { border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.1rem; margin: 1rem 0; background: var(--paper) }
    .row { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: flex-end } .row .field { flex: 1 1 14rem }
    .who { display: grid } .who small, td small { color: var(--soft); overflow-wrap: anywhere }
    td.number, th.number { text-align: end; font-variant-numeric: tabular-nums }
    .wide:focus-visible { outline: 3px solid var(--accent) }
    @media (max-width: 40rem) { dl { grid-template-columns: 1fr } dd { margin: 0 0 .5rem } }
  `]

  static override properties: PropertyDeclarations = {
    overview: { state: true }, sizes: { state: true }, people: { state: true }, more: { state: true },
    kept: { state: true }, banner: { state: true }, isDenied: { state: true }, leaving: { state: true }
  }

  declare protected overview: Overview | null
  declare protected sizes: SpaceSizes | null
  declare protected people: Connected[]
  declare protected more: string | null
  declare protected kept: KeptOut[]
  declare protected banner: Banner | null
  declare protected isDenied: boolean
  declare protected leaving: { user: string, name: string } | null
  #whom = ''

  constructor () {
    super()
    this.overview = null
    this.sizes = null
    this.people = []
    this.more = null
    this.kept = []
    this.banner = null
    this.isDenied = false
    this.leaving = null
  }

  get words (): AdminWords { return this.wordsOf(adminWords) }

  override connectedCallback (): void {
    super.connectedCallback()
    // What a page has set before this script came counts from the first update on.
    void this.updateComplete.then(() => this.#read())
  }

  // What is read

  async #read (): Promise<boolean> {
    try {
      this.sizes = (await this.api.get<SpaceSizes>('admin/spaces')).value
      const [overview, kept, banner] = await Promise.all([
        this.api.get<Overview>('admin/overview'),
        this.api.get<{ people: KeptOut[] }>('admin/kept-out'),
        this.api.get<{ banner: Banner | null }>('banner'),
        this.#readPeople()
      ])
      this.overview = overview.value
      this.kept = kept.value.people
      this.banner = banner.value.banner
      return true
    } catch (error) {
      this.isDenied = error instanceof Refused && (error.status === 401 || error.status === 403)
      if (!this.isDenied) this.sayWhy(error)
      return false
    }
  }

  /** A name with a slash is a page's; else it may be a person's or a space's, and the first that is there counts. */
  async #readPeople (cursor: string | null = null): Promise<void> {
    const ask = async (filter: Record<string, string>): Promise<Connected[]> => {
      const { value } = await this.api.get<{ people: Connected[], next: string | null }>(`admin/people${query({ limit: 100, cursor, ...filter })}`)
      this.more = value.next
      return value.people
    }
    const whom = this.#whom
    let found = await ask(whom === '' ? {} : whom.includes('/') ? { document: whom } : { user: whom })
    if (found.length === 0 && cursor === null && whom !== '' && !whom.includes('/')) found = await ask({ space: whom })
    this.people = cursor === null ? found : [...this.people, ...found]
  }

  // What is done

  async #refresh (): Promise<void> {
    if (await this.#read()) this.say(this.words.refreshed)
  }

  #search (event: SubmitEvent): void {
    event.preventDefault()
    this.#whom = this.#text(event, 'whom')
    void this.attempt(async () => {
      await this.#readPeople()
      this.announce(this.people.length === 0 ? this.words.nobody : String(this.people.length))
    })
  }

  #text (event: SubmitEvent, name: string): string {
    return String(new FormData(event.currentTarget as HTMLFormElement).get(name) ?? '').trim()
  }

  async #do (act: () => Promise<unknown>, said: string): Promise<void> {
    const worked = await this.attempt(async () => { await act() })
    if (worked && await this.#read()) this.say(said)
  }

  #showBanner (event: SubmitEvent): void {
    event.preventDefault()
    const until = this.#text(event, 'until')
    void this.#do(() => this.api.put('admin/banner', {
      level: this.#text(event, 'level'),
      text: { fr: this.#text(event, 'fr'), en: this.#text(event, 'en') },
      ...(until !== '' && { until_ms: new Date(until).getTime() })
    }), this.words.shown)
  }

  #keepOut (event: SubmitEvent): void {
    event.preventDefault()
    const leaving = this.leaving
    const minutes = Number(this.#text(event, 'minutes'))
    this.closeDialog()
    if (leaving !== null) void this.#do(() => this.api.put(path`admin/kept-out/${leaving.user}`, { minutes }), this.words.isOut(leaving.name))
  }

  #lock (event: SubmitEvent): void {
    event.preventDefault()
    const locked = (event.submitter as HTMLButtonElement | null)?.value !== 'unlock'
    const [space, page] = [this.#text(event, 'space'), this.#text(event, 'page')]
    void this.#do(() => this.api.post('admin/locks', { space, page, locked }), locked ? this.words.locked : this.words.unlocked)
  }

  // What is shown

  protected override render (): TemplateResult {
    if (this.isDenied) return html`<p class="empty">${this.words.notAdmin}</p>`
    if (this.overview === null) return html`${this.renderNotice()}${this.notice === null ? html`<p class="soft">${this.common.loading}</p>` : nothing}`
    return html`
      ${this.renderNotice()}
      ${this.#renderOverview(this.overview)}
      ${this.#renderBanner()}
      ${this.#renderPeople()}
      ${this.#renderSpaces()}
      ${this.#renderLock()}
      ${this.#renderDialog()}
    `
  }

  #renderOverview ({ version, node, uptime_s, sockets, documents, store, queues }: Overview): TemplateResult {
    const { words, locale } = this
    const lost = queues.events_lost + queues.audit_lines_lost
    const transports = Object.entries(sockets.transports).map(([name, count]) => `${name} ${count}`).join(' · ')
    const measured = store.bytes === null || store.measured_ms === null ? '—' : `${size(store.bytes, locale)}, ${words.measured(moment(store.measured_ms, locale))}`
    const facts: Array<[string, string | TemplateResult]> = [
      [words.store, store.health === 'ready' ? words.health['ready'] ?? '' : html`<span class="bad">${words.health[store.health] ?? store.health}</span>${store.last_error === null ? nothing : html` (${store.last_error})`}`],
      [words.waiting, words.waitingOf(store.waiting, size(store.waiting_bytes, locale))],
      [words.sockets, words.socketsOf(sockets.open, sockets.max)],
      [words.transports, transports],
      [words.slow, String(sockets.slow_readers)],
      [words.documents, words.documentsOf(documents.open, documents.cold)],
      [words.memory, size(documents.memory_bytes, locale)],
      [words.stored, String(documents.stored)],
      [words.size, measured],
      [words.queues, words.queuesOf(queues.webhook_messages_waiting, queues.webhooks_disabled)],
      [words.lost, lost === 0 ? '0' : html`<span class="bad">${lost}</span>`],
      [words.uptime, words.uptimeOf(Math.floor(uptime_s / 86_400), Math.floor(uptime_s / 3_600) % 24, Math.floor(uptime_s / 60) % 60)]
    ]
    return html`<section aria-labelledby="how">
      <h2 id="how">${words.how}</h2>
      <dl>${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
      <p class="soft">Unisson ${version}, ${node}</p>
      <button @click=${() => { void this.#refresh() }}>${words.refresh}</button>
    </section>`
  }

  #renderBanner (): TemplateResult {
    const { words, banner, locale } = this
    return html`<section aria-labelledby="banner">
      <h2 id="banner">${words.banner}</h2>
      <p>${words.bannerIntro}</p>
      ${banner === null
        ? html`<p class="soft">${words.noBanner}</p>`
        : html`<p>${words.bannerNow(banner.text[locale])} <span class="tag">${words.levels[banner.level]}</span>
            <button class="small" @click=${() => { void this.#do(() => this.api.delete('admin/banner'), words.takenAway) }}>${words.takeAway}</button></p>`}
      <form @submit=${this.#showBanner}>
        <div class="field"><label for="fr">${words.french}</label><input id="fr" name="fr" required maxlength="500" lang="fr"></div>
        <div class="field"><label for="en">${words.english}</label><input id="en" name="en" required maxlength="500" lang="en"></div>
        <div class="row">
          <div class="field"><label for="level">${words.level}</label>
            <select id="level" name="level">${LEVELS.map((level) => html`<option value=${level}>${words.levels[level]}</option>`)}</select></div>
          <div class="field"><label for="until">${words.until}</label>
            <input id="until" name="until" type="datetime-local" aria-describedby="until-help"><p class="help" id="until-help">${words.untilHelp}</p></div>
        </div>
        <button class="strong">${words.show}</button>
      </form>
    </section>`
  }

  #renderPeople (): TemplateResult {
    const { words, people, kept, locale } = this
    return html`<section aria-labelledby="people">
      <h2 id="people">${words.people}</h2>
      <p>${words.peopleIntro}</p>
      <form role="search" @submit=${this.#search}>
        <div class="row"><div class="field"><label for="whom">${words.whom}</label>
          <input id="whom" name="whom" aria-describedby="whom-help"></div>
          <div class="field"><button>${words.search}</button></div></div>
        <p class="help soft" id="whom-help">${words.whomHelp}</p>
      </form>
      ${people.length === 0 ? html`<p class="empty">${words.nobody}</p>` : this.#renderTable()}
      ${this.more === null ? nothing : html`<p><button @click=${() => { void this.attempt(() => this.#readPeople(this.more)) }}>${words.more}</button></p>`}
      <h3>${words.kept}</h3>
      ${kept.length === 0
        ? html`<p class="soft">${words.nobodyKept}</p>`
        : html`<ul class="plain">${kept.map(({ user, until_ms }) => html`<li>${user}, ${words.keptUntil} ${moment(until_ms, locale)}
            <button class="small" aria-label=${words.letInOf(user)} @click=${() => { void this.#do(() => this.api.delete(path`admin/kept-out/${user}`), words.isIn(user)) }}>${words.letIn}</button></li>`)}</ul>`}
    </section>`
  }

  #renderTable (): TemplateResult {
    const { words, locale } = this
    return html`<div class="wide" tabindex="0" role="region" aria-labelledby="people"><table>
      <thead><tr><th scope="col">${words.person}</th><th scope="col">${words.page}</th><th scope="col">${words.connection}</th><th scope="col">${words.since}</th><td></td></tr></thead>
      <tbody>${this.people.map(({ document, user, name, may_write, socket, transport, address, since_ms }) => {
        const who = name ?? user ?? words.unknown
        return html`<tr>
          <th scope="row"><span class="who">${who}<small>${user !== null && user !== who ? `${user} · ` : ''}${may_write ? words.writes : words.reads}</small></span></th>
          <td>${document}</td><td>${transport}<br><small>${address}</small></td><td>${moment(since_ms, locale)}</td>
          <td><div class="actions">
            <button class="small" aria-label=${words.closeOf(who)} @click=${() => { void this.#do(() => this.api.delete(path`admin/sockets/${socket}`), words.closed) }}>${words.close}</button>
            ${user === null ? nothing : html`<button class="small danger" aria-label=${words.keepOutOf(who)} @click=${() => { this.leaving = { user, name: who } }}>${words.keepOut}</button>`}
          </div></td></tr>`
      })}</tbody></table></div>`
  }

  #renderSpaces (): TemplateResult {
    const { words, sizes, locale } = this
    if (sizes === null) return html``
    const row = (name: TemplateResult | string, members: string, { documents, bytes }: Size): TemplateResult =>
      html`<tr><th scope="row">${name}</th><td class="number">${members}</td><td class="number">${documents}</td><td class="number">${size(bytes, locale)}</td></tr>`
    return html`<section aria-labelledby="spaces">
      <h2 id="spaces">${words.spaces}</h2>
      <p>${words.spacesIntro}</p>
      ${sizes.spaces.length === 0 ? html`<p class="empty">${words.noSpaces}</p>` : nothing}
      <div class="wide" tabindex="0" role="region" aria-labelledby="spaces"><table>
        <thead><tr><th scope="col">${words.space}</th><th scope="col" class="number">${words.members}</th><th scope="col" class="number">${words.pages}</th><th scope="col" class="number">${words.takes}</th></tr></thead>
        <tbody>
          ${sizes.spaces.map((space) => row(html`${space.title ?? space.id} <small>${space.id}</small>${space.is_deleted ? html` <span class="tag">${words.deleted}</span>` : nothing}`, String(space.members), space))}
          ${row(words.elsewhere, '', sizes.elsewhere)}
          ${row(words.own, '', sizes.own)}
        </tbody></table></div>
      ${sizes.next === null ? nothing : html`<p><button @click=${() => { void this.attempt(() => this.#moreSpaces(sizes)) }}>${words.more}</button></p>`}
    </section>`
  }

  async #moreSpaces (sizes: SpaceSizes): Promise<void> {
    const { value } = await this.api.get<SpaceSizes>(`admin/spaces${query({ cursor: sizes.next })}`)
    this.sizes = { ...value, spaces: [...sizes.spaces, ...value.spaces] }
  }

  #renderLock (): TemplateResult {
    const { words } = this
    return html`<section aria-labelledby="lock">
      <h2 id="lock">${words.lock}</h2>
      <p>${words.lockIntro}</p>
      <form @submit=${this.#lock}>
        <div class="row">
          <div class="field"><label for="lock-space">${words.lockSpace}</label><input id="lock-space" name="space" required></div>
          <div class="field"><label for="lock-page">${words.lockPage}</label><input id="lock-page" name="page" required></div>
        </div>
        <div class="actions"><button name="what" value="lock">${words.doLock}</button><button name="what" value="unlock">${words.unlock}</button></div>
      </form>
    </section>`
  }

  #renderDialog (): TemplateResult | typeof nothing {
    const { words, leaving } = this
    if (leaving === null) return nothing
    return html`<dialog aria-labelledby="leaving" @close=${() => { this.leaving = null }}>
      <form method="dialog" @submit=${this.#keepOut}>
        <h2 id="leaving">${words.keepingOut(leaving.name)}</h2>
        <p>${words.keepingOutText}</p>
        <div class="field"><label for="minutes">${words.minutes}</label><input id="minutes" name="minutes" type="number" min="1" max="10080" value=${MINUTES} required></div>
        <div class="actions"><button class="danger">${words.keepOut.replace('…', '')}</button><button type="button" @click=${() => { this.closeDialog() }}>${this.common.cancel}</button></div>
      </form>
    </dialog>`
  }
}

/** So many bytes, as people say it. */
const size = (bytes: number, locale: string): string => {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  return new Intl.NumberFormat(locale, { style: 'unit', unit: units[step], maximumFractionDigits: step === 0 ? 0 : 1 }).format(bytes / 1000 ** step)
}

customElements.define('unisson-admin', UnissonAdmin)
