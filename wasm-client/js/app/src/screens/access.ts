/** `<unisson-access space="…" page="…">`: who may see and write a page and what is below, and where that comes from. */
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { path } from '../api.js'
import { Following } from '../following.js'
import { dayOf, endOfDay, roleChoice, roleGuide } from '../roles.js'
import { isAtLeast, type Role } from '../tree.js'
import { accessWords, type AccessWords } from '../words/access.js'
import { pagesWords, type Access, type PagesWords } from '../words/pages.js'
import { roleWords } from '../words/roles.js'

interface Granted { page: string, role: Role, until_ms?: number }
interface Has { role: Role | null, in_space: Role | null, grants: Granted[] }
interface PersonAccess extends Has { user: string, name?: string }
interface GroupAccess extends Has { group: string }
interface LinkAccess { id: string, label: string | null, role: Role | null, until_ms: number | null }
interface Step { page: string, title: string | null, readers?: Role, writers?: Role, locked: boolean }
interface Answer {
  anonymous: Role | null
  signed_in: Role | null
  people: PersonAccess[]
  next: string | null
  groups: GroupAccess[]
  links: LinkAccess[]
  way: Step[]
}

/** Somebody in a table, or a group. */
interface One extends Has { kind: 'people' | 'groups', id: string, name: string }

const ROLES: Role[] = ['reader', 'commenter', 'editor', 'facilitator']
const ACCESS: Access[] = ['open', 'write', 'read']

export class UnissonAccess extends Following {
  static override styles = [...Following.styles, css`
    th small { display: block; color: var(--soft); font-weight: 400; overflow-wrap: anywhere }
    td ul { margin: 0; padding: 0; list-style: none } td li { display: flex; flex-wrap: wrap; gap: .3rem .5rem; align-items: center; padding: .15rem 0 }
    td input[type="date"] { width: 10.5rem }
    tbody th { font-weight: 600; overflow-wrap: anywhere; min-width: 9rem }
    form { border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.1rem; margin: 1rem 0 2rem; background: var(--paper) }
    form h3 { margin: 0 0 .8rem } .row { display: flex; flex-wrap: wrap; gap: 0 1rem } .row .field { flex: 1 1 12rem }
    form fieldset { border: 0; padding: 0 }
    dl { margin: .6rem 0 1rem } dd { margin: 0 0 .5rem; color: var(--soft) }
    summary { cursor: pointer; color: var(--accent) }
    @media (max-width: 40rem) {
      thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
      tr { display: grid; grid-template-columns: 1fr; gap: .3rem; border-bottom: 1px solid var(--line); padding: .6rem 0 }
      td, tbody th { border: 0; padding: 0 }
    }
  `]

  static override properties: PropertyDeclarations = { all: { state: true } }

  declare protected all: Answer | null
  #user: string | null = null

  constructor () {
    super()
    this.all = null
  }

  get words (): AccessWords { return this.wordsOf(accessWords) }
  get #pages (): PagesWords { return this.wordsOf(pagesWords) }
  get #here (): Step | undefined { return this.all?.way.at(-1) }

  protected override async read (): Promise<void> {
    await this.attempt(async () => {
      const call = path`spaces/${this.space}/pages/${this.page}/access`
      const [first, rights] = await Promise.all([
        this.api.get<Answer>(call),
        this.api.get<{ user: string | null }>(path`spaces/${this.space}/rights`)
      ])
      const all = first.value
      while (all.next !== null) {
        const more = (await this.api.get<Answer>(`${call}?cursor=${encodeURIComponent(all.next)}`)).value
        all.people.push(...more.people)
        all.next = more.next
      }
      this.etag = first.etag
      this.#user = rights.value.user
      this.all = all
    })
  }

  #role (role: Role | null): string { return role === null || role === 'guest' ? this.words.nothing : this.wordsOf(roleWords).names[role] }

  // Changes

  /** Makes a change, says so, and shows what counts then: where it failed as well. */
  async #change (change: () => Promise<unknown>, said: string): Promise<boolean> {
    const isDone = await this.attempt(async () => {
      await change()
      this.say(said)
    })
    await this.read()
    this.requestUpdate()
    return isDone
  }

  #restrict (event: SubmitEvent): void {
    event.preventDefault()
    const fields = new FormData(event.currentTarget as HTMLFormElement)
    const chosen = fields.get('access')
    // Portals restrict to other roles as well: what was not touched stays.
    const order = {
      ...(chosen !== accessOf(this.#here) && { readers: chosen === 'read' ? 'facilitator' : null, writers: chosen === 'write' ? 'facilitator' : null }),
      locked: fields.has('locked')
    }
    void this.#change(() => this.api.patch(path`spaces/${this.space}/pages/${this.page}`, order), this.#pages.accessChanged(this.#here?.title ?? ''))
  }

  #grant (one: Pick<One, 'kind' | 'id' | 'name'>, role: Role, until: number | null): Promise<boolean> {
    const order = { role, ...(until !== null && { until_ms: until }) }
    return this.#change(
      () => this.api.put(path`spaces/${this.space}/pages/${this.page}/grants/${one.kind}/${one.id}`, order),
      this.words.granted(one.name, this.#role(role))
    )
  }

  #takeBack ({ kind, id, name }: One): void {
    void this.#change(() => this.api.delete(path`spaces/${this.space}/pages/${this.page}/grants/${kind}/${id}`), this.words.takenBack(name))
  }

  #add (event: SubmitEvent, kind: One['kind']): void {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const text = (name: string): string => String(new FormData(form).get(name) ?? '').trim()
    const id = text('id')
    void this.#grant({ kind, id, name: id }, text('role') as Role, endOfDay(text('until'))).then((isDone) => { if (isDone) form.reset() })
  }

  // What is shown

  protected override render (): TemplateResult {
    const { words, all, locale } = this
    const here = this.#here
    if (all === null || here === undefined) return html`${this.renderNotice()}${this.notice === null ? html`<p class="soft">${this.common.loading}</p>` : nothing}`
    const people: One[] = all.people.map((person) => ({ ...person, kind: 'people', id: person.user, name: person.name ?? person.user }))
    const groups: One[] = all.groups.map((group) => ({ ...group, kind: 'groups', id: group.group, name: group.group }))
    return html`
      <p>${words.intro(here.title ?? '')}</p>
      ${this.renderNotice()}
      ${this.#above(all.way.slice(0, -1))}
      <h2>${words.here}</h2>
      ${this.#restrictions(here)}
      <h2>${words.who}</h2>
      ${roleGuide(locale, ROLES)}
      <h3>${words.everybody}</h3>
      <table>
        <tbody>
          <tr><th scope="row">${words.anonymous}</th><td>${this.#role(all.anonymous)}</td></tr>
          <tr><th scope="row">${words.signedIn}</th><td>${this.#role(all.signed_in)}</td></tr>
        </tbody>
      </table>
      <h3 id="people">${words.people}</h3>
      <p class="soft">${words.peopleIntro}</p>
      ${people.length === 0 ? html`<p class="empty">${words.noPeople}</p>` : this.#table(people, 'people')}
      ${this.#form('people', words.addPerson, words.person, words.personHelp)}
      <h3 id="groups">${words.groups}</h3>
      ${groups.length === 0 ? html`<p class="empty">${words.noGroups}</p>` : this.#table(groups, 'groups')}
      ${this.#form('groups', words.addGroup, words.group, words.groupHelp)}
      ${all.links.length === 0
        ? nothing
        : html`<h3>${words.links}</h3>
          <p class="soft">${words.linksIntro} <a href=${this.link(path`s/${this.space}/-/links`)}>${words.linksManage}</a></p>
          <ul>${all.links.map((link) => html`<li>${link.label ?? words.aLink}: ${this.#role(link.role)}${link.until_ms === null ? nothing : `, ${this.#untilDay(link.until_ms)}`}</li>`)}</ul>`}`
  }

  /** What pages above say, each with the way to where it is decided. */
  #above (way: Step[]): TemplateResult | typeof nothing {
    const { words } = this
    const names = this.wordsOf(roleWords).names
    const said = way.flatMap((step) => {
      const title = step.title ?? words.hiddenPage
      return [
        ...(step.readers === undefined ? [] : [words.onlyRead(title, names[step.readers])]),
        ...(step.writers === undefined ? [] : [words.onlyWrite(title, names[step.writers])]),
        ...(step.locked ? [words.lockedAbove(title)] : [])
      ].map((text) => ({ text, step }))
    })
    if (said.length === 0) return nothing
    return html`
      <h2>${words.above}</h2>
      <p class="soft">${words.aboveIntro}</p>
      <ul>${said.map(({ text, step }) => html`<li>${step.title === null ? text : html`<a href=${this.link(path`s/${this.space}/${step.page}/-/access`)}>${text}</a>`}</li>`)}</ul>`
  }

  #restrictions (here: Step): TemplateResult {
    const words = this.#pages
    const now = accessOf(here)
    return html`
      <form @submit=${this.#restrict}>
        <fieldset><legend>${words.access.replace('…', '')}</legend>
          ${ACCESS.map((access) => html`
            <div class="choice"><input type="radio" name="access" id="access-${access}" value=${access} .checked=${access === now}>
              <label for="access-${access}"><strong>${words.accessChoices[access]}</strong><br><span class="soft">${words.accessHelp[access]}</span></label></div>`)}
        </fieldset>
        <div class="choice"><input type="checkbox" name="locked" id="locked" .checked=${here.locked}>
          <label for="locked"><strong>${words.lock}</strong><br><span class="soft">${words.lockHelp}</span></label></div>
        <button class="strong">${this.words.save}</button>
      </form>`
  }

  #table (ones: One[], labelled: string): TemplateResult {
    const { words } = this
    return html`
      <table aria-labelledby=${labelled}>
        <thead><tr><th scope="col">${words.name}</th><th scope="col">${words.may}</th><th scope="col">${words.comesFrom}</th></tr></thead>
        <tbody>${repeat(ones, ({ id }) => id, (one) => html`
          <tr>
            <th scope="row">${one.name}${one.kind === 'people' && one.id === this.#user ? ` ${words.you}` : ''}${one.name === one.id ? nothing : html`<small>${one.id}</small>`}</th>
            <td><strong>${this.#role(one.role)}</strong></td>
            <td><ul>
              ${one.in_space === null ? nothing : html`<li class="soft">${words.inSpace(this.wordsOf(roleWords).names[one.in_space])}</li>`}
              ${one.grants.map((grant) => html`<li>${grant.page === this.page ? this.#own(one, grant) : this.#fromAbove(grant)}</li>`)}
            </ul></td>
          </tr>`)}</tbody>
      </table>`
  }

  /** What was granted on this very page, to be changed here. */
  #own (one: One, { role, until_ms: until }: Granted): TemplateResult {
    const { words, locale } = this
    return html`
      <span>${words.openedHere}</span>
      ${roleChoice({ locale, roles: ROLES, value: role, label: words.roleOf(one.name), changed: (chosen) => { void this.#grant(one, chosen, until ?? null) } })}
      <label>${words.until} <input type="date" aria-label=${words.untilOf(one.name)} .value=${dayOf(until)}
        @change=${(event: Event) => { void this.#grant(one, role, endOfDay((event.currentTarget as HTMLInputElement).value)) }}></label>
      ${until !== undefined && until < Date.now() ? html`<span class="tag">${words.ended}</span>` : nothing}
      <button class="small" aria-label=${words.takeBack(one.name)} @click=${() => this.#takeBack(one)}>${this.common.remove}</button>`
  }

  #fromAbove ({ page, role, until_ms: until }: Granted): TemplateResult {
    const title = this.all?.way.find((step) => step.page === page)?.title ?? this.words.hiddenPage
    return html`<a href=${this.link(path`s/${this.space}/${page}/-/access`)}>${this.words.onPage(title, this.#role(role))}</a>${until === undefined ? nothing : html`<span class="soft">${this.#untilDay(until)}</span>`}`
  }

  #untilDay (until: number): string { return this.words.untilDay(new Date(until).toLocaleDateString(this.locale)) }

  #form (kind: One['kind'], title: string, label: string, help: string): TemplateResult {
    const { words, locale } = this
    return html`
      <form @submit=${(event: SubmitEvent) => this.#add(event, kind)}>
        <h3>${title}</h3>
        <div class="row">
          <div class="field"><label for="${kind}-id">${label}</label><input id="${kind}-id" name="id" required maxlength="200" autocomplete="off" aria-describedby="${kind}-id-help"><p class="help" id="${kind}-id-help">${help}</p></div>
          <div class="field"><label for="${kind}-role">${words.role}</label>${roleChoice({ locale, roles: ROLES, value: 'editor', id: `${kind}-role`, label: words.role })}</div>
          <div class="field"><label for="${kind}-until">${words.until}</label><input type="date" id="${kind}-until" name="until" aria-describedby="${kind}-until-help"><p class="help" id="${kind}-until-help">${words.untilHelp}</p></div>
        </div>
        <button class="strong">${words.add}</button>
      </form>`
  }
}

/** What is chosen for a page; other restrictions of portals count as the nearest of these. */
const accessOf = (step: Step | undefined): Access => {
  if (step?.readers !== undefined && isAtLeast(step.readers, 'commenter')) return 'read'
  return step?.writers !== undefined && isAtLeast(step.writers, 'editor') ? 'write' : 'open'
}

customElements.define('unisson-access', UnissonAccess)
