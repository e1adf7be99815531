/** `<unisson-members space="…">`: who belongs to a space as what, person by person and group by group. */
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { path, query } from '../api.js'
import { Following } from '../following.js'
import { dayOf, endOfDay, roleChoice, roleGuide } from '../roles.js'
import type { Role } from '../tree.js'
import { membersWords, type MembersWords } from '../words/members.js'
import { roleWords } from '../words/roles.js'
import { readList } from './members/list.js'

interface Member { user: string, role: Role, name?: string, until_ms?: number }
interface Group { group: string, role: Role }
interface Part { members: Member[], total: number, next: string | null }
interface Everything extends Part { groups: Group[], user: string | null, manages: boolean, owns: boolean }

/** Who is to be removed. */
type Leaving = { kind: 'member', id: string, name: string } | { kind: 'group', id: string, name: string }

const ROLES: Role[] = ['guest', 'reader', 'commenter', 'editor', 'facilitator']
/** As many are added by one call. */
const MANY_MAX = 1_000
/** From so many people on a list is searched, not read. */
const SEARCH_FROM = 20
/** How long somebody pauses who has typed what they look for. */
const TYPING_MS = 250

export class UnissonMembers extends Following {
  static override styles = [...Following.styles, css`
    .who small { display: block; color: var(--soft); font-weight: 400; overflow-wrap: anywhere }
    form { border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.1rem; margin: 1rem 0 2rem; background: var(--paper) }
    form h3 { margin: 0 0 .8rem }
    .row { display: flex; flex-wrap: wrap; gap: 0 1rem } .row .field { flex: 1 1 14rem }
    td input[type="date"] { width: 10.5rem } td:last-child { text-align: end }
    dl { margin: .6rem 0 1rem } dd { margin: 0 0 .5rem; color: var(--soft) }
    summary { cursor: pointer; color: var(--accent) } .many { margin-block-end: 2rem } .search { max-width: 24rem }
    @media (max-width: 40rem) {
      thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
      tr { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem .6rem; border-bottom: 1px solid var(--line); padding: .6rem 0 }
      td, tbody th { border: 0; padding: 0; font-weight: 400 } .who, td:last-child { flex: 1 0 100%; text-align: start }
    }
  `]

  static override properties: PropertyDeclarations = {
    all: { state: true }, leaving: { state: true }, wanted: { state: true }, listed: { state: true }
  }

  declare protected all: Everything | null
  declare protected leaving: Leaving | null
  /** What is looked for among the members. */
  declare protected wanted: string
  /** How many people are in the list that is about to be added. */
  declare protected listed: number
  /** How many members are shown at least, so that a change elsewhere folds nothing away. */
  #shown = 0
  #typing = 0

  constructor () {
    super()
    this.all = null
    this.leaving = null
    this.wanted = ''
    this.listed = 0
  }

  get words (): MembersWords { return this.wordsOf(membersWords) }

  protected override async read (): Promise<void> {
    await this.attempt(async () => {
      const { space } = this
      const [members, groups, rights] = await Promise.all([
        this.#members(),
        this.api.get<{ groups: Group[] }>(path`spaces/${space}/groups`),
        this.api.get<{ user: string | null, actions: string[] }>(path`spaces/${space}/rights`)
      ])
      const { user, actions } = rights.value
      this.etag = members.etag
      this.all = {
        ...members.part, groups: groups.value.groups, user,
        manages: actions.includes('manage-members'), owns: actions.includes('own')
      }
    })
  }

  /** As many as are shown already, or the first ones. */
  async #members (): Promise<{ part: Part, etag: string }> {
    const part: Part = { members: [], total: 0, next: null }
    let etag = ''
    do {
      const asked = query({ q: this.wanted === '' ? null : this.wanted, cursor: part.next })
      const answer = await this.api.get<Part>(path`spaces/${this.space}/members` + asked)
      part.members.push(...answer.value.members)
      part.total = answer.value.total
      part.next = answer.value.next
      etag = answer.etag
    } while (part.next !== null && part.members.length < this.#shown)
    return { part, etag }
  }

  async #more (): Promise<void> {
    this.#shown = (this.all?.members.length ?? 0) + 1
    await this.read()
  }

  #look (event: InputEvent): void {
    const words = (event.currentTarget as HTMLInputElement).value.trim()
    window.clearTimeout(this.#typing)
    this.#typing = window.setTimeout(() => {
      this.wanted = words
      this.#shown = 0
      void this.read().then(() => { if (this.all !== null) this.say(this.words.found(this.all.total)) })
    }, TYPING_MS)
  }

  // Changes

  async #put (member: Member, isNew: boolean): Promise<void> {
    const { user, role, name, until_ms } = member
    const who = name ?? user
    await this.attempt(async () => {
      await this.api.put(path`spaces/${this.space}/members/${user}`, {
        role, ...(name !== undefined && { name }), ...(until_ms !== undefined && { until_ms })
      })
      this.say(isNew ? this.words.added(who) : this.words.changed(who, this.wordsOf(roleWords).names[role]))
    })
    // Where it failed the fields show again what counts.
    await this.read()
    this.requestUpdate()
  }

  async #putGroup (group: string, role: Role): Promise<void> {
    await this.attempt(async () => {
      await this.api.put(path`spaces/${this.space}/groups/${group}`, { role })
      this.say(this.words.changed(group, this.wordsOf(roleWords).names[role]))
    })
    await this.read()
  }

  async #remove ({ kind, id, name }: Leaving): Promise<void> {
    this.closeDialog()
    await this.attempt(async () => {
      await this.api.delete(kind === 'member' ? path`spaces/${this.space}/members/${id}` : path`spaces/${this.space}/groups/${id}`)
      this.say(this.words.removed(name))
    })
    await this.read()
  }

  #addMember (event: SubmitEvent): void {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const fields = new FormData(form)
    const text = (name: string): string => String(fields.get(name) ?? '').trim()
    const until = endOfDay(text('until'))
    const member: Member = {
      user: text('user'), role: text('role') as Role,
      ...(text('name') !== '' && { name: text('name') }), ...(until !== null && { until_ms: until })
    }
    void this.#put(member, true).then(() => { if (this.notice?.kind === 'good') form.reset() })
  }

  async #addMany (event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const fields = new FormData(form)
    const role = String(fields.get('role')) as Role
    const members = readList(String(fields.get('list') ?? '')).map((person) => ({ ...person, role }))
    if (members.length === 0) return
    const done = { added: 0, changed: 0 }
    let left = members
    await this.attempt(async () => {
      while (left.length > 0) {
        const { value } = await this.api.post<{ added: number, changed: number }>(path`spaces/${this.space}/members`, { members: left.slice(0, MANY_MAX) })
        done.added += value.added
        done.changed += value.changed
        left = left.slice(MANY_MAX)
      }
      form.reset()
      this.listed = 0
      this.say(this.words.addedMany(done.added, done.changed))
    })
    await this.read()
  }

  #addGroup (event: SubmitEvent): void {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const fields = new FormData(form)
    void this.#putGroup(String(fields.get('group')).trim(), String(fields.get('role')) as Role).then(() => form.reset())
  }

  // What is shown

  protected override render (): TemplateResult {
    const { words, all, locale } = this
    if (all === null) return html`${this.renderNotice()}${this.notice === null ? html`<p class="soft">${this.common.loading}</p>` : nothing}`
    const roles: Role[] = all.owns ? [...ROLES, 'owner'] : ROLES
    return html`
      <p>${words.intro}</p>
      ${roleGuide(locale, [...ROLES, 'owner'])}
      ${this.renderNotice()}
      <h2>${words.members} <span class="tag">${words.count(all.total)}</span></h2>
      ${this.wanted !== '' || all.total > SEARCH_FROM ? this.#searchField() : nothing}
      ${all.members.length === 0 ? html`<p class="empty">${this.wanted === '' ? words.noMembers : words.nobody}</p>` : this.#membersTable(all, roles)}
      ${all.next === null ? nothing : html`<p><button @click=${() => { void this.#more() }}>${words.more(all.total - all.members.length)}</button></p>`}
      ${all.manages ? html`${this.#memberForm(roles)}${this.#manyForm(roles)}` : nothing}
      <h2>${words.groups}</h2>
      <p class="soft">${words.groupsIntro}</p>
      ${all.groups.length === 0 ? html`<p class="empty">${words.noGroups}</p>` : this.#groupsTable(all, roles)}
      ${all.manages ? this.#groupForm(roles) : nothing}
      ${this.leaving === null ? nothing : this.#leavingDialog(this.leaving, all)}`
  }

  #membersTable (all: Everything, roles: Role[]): TemplateResult {
    const { words, locale } = this
    const now = Date.now()
    return html`
      <table>
        <thead><tr><th scope="col">${words.name}</th><th scope="col">${words.role}</th><th scope="col">${words.until}</th><td></td></tr></thead>
        <tbody>${repeat(all.members, ({ user }) => user, (member) => {
          const { user, role, name, until_ms: until } = member
          const who = name ?? user
          const isSelf = user === all.user
          const changes = all.manages && (role !== 'owner' || all.owns)
          return html`
            <tr>
              <th scope="row" class="who">${who}${isSelf ? ` ${words.you}` : ''}${name === undefined ? nothing : html`<small>${user}</small>`}</th>
              <td>${changes
                ? roleChoice({ locale, roles, value: role, label: words.roleOf(who), changed: (chosen) => { void this.#put({ ...member, role: chosen }, false) } })
                : roleWords[locale].names[role]}</td>
              <td>${changes && role !== 'owner'
                ? html`<input type="date" aria-label=${words.untilOf(who)} .value=${dayOf(until)} @change=${(event: Event) => {
                    const { until_ms: _, ...rest } = member
                    const end = endOfDay((event.currentTarget as HTMLInputElement).value)
                    void this.#put({ ...rest, ...(end !== null && { until_ms: end }) }, false)
                  }}>`
                : until === undefined ? words.forever : new Date(until).toLocaleDateString(locale)}
                ${until !== undefined && until < now ? html`<span class="tag">${words.ended}</span>` : nothing}</td>
              <td>${changes || isSelf
                ? html`<button class="small" aria-label=${words.removeOf(who)} @click=${() => { this.leaving = { kind: 'member', id: user, name: who } }}>${this.common.remove}</button>`
                : nothing}</td>
            </tr>`
        })}</tbody>
      </table>`
  }

  #memberForm (roles: Role[]): TemplateResult {
    const { words, locale } = this
    return html`
      <form @submit=${this.#addMember}>
        <h3>${words.addMember}</h3>
        <div class="row">
          <div class="field"><label for="user">${words.person}</label><input id="user" name="user" required maxlength="200" autocomplete="off" aria-describedby="user-help"><p class="help" id="user-help">${words.personHelp}</p></div>
          <div class="field"><label for="name">${words.name}</label><input id="name" name="name" maxlength="120" autocomplete="off" aria-describedby="name-help"><p class="help" id="name-help">${words.nameHelp}</p></div>
        </div>
        <div class="row">
          <div class="field"><label for="role">${words.role}</label>${roleChoice({ locale, roles, value: 'editor', id: 'role', label: words.role })}</div>
          <div class="field"><label for="until">${words.until}</label><input type="date" id="until" name="until" aria-describedby="until-help"><p class="help" id="until-help">${words.untilHelp}</p></div>
        </div>
        <button class="strong">${words.add}</button>
      </form>`
  }

  #searchField (): TemplateResult {
    const { words } = this
    return html`<div class="field search"><label for="wanted">${words.search}</label><input type="search" id="wanted" autocomplete="off" @input=${this.#look}></div>`
  }

  #manyForm (roles: Role[]): TemplateResult {
    const { words, locale } = this
    return html`
      <details class="many">
        <summary>${words.addMany}</summary>
        <form @submit=${(event: SubmitEvent) => { void this.#addMany(event) }}>
          <div class="field">
            <label for="list">${words.list}</label>
            <textarea id="list" name="list" rows="8" required spellcheck="false" aria-describedby="list-help"
              @input=${(event: InputEvent) => { this.listed = readList((event.currentTarget as HTMLTextAreaElement).value).length }}></textarea>
            <p class="help" id="list-help">${words.listHelp}</p>
          </div>
          <div class="row"><div class="field"><label for="many-role">${words.role}</label>${roleChoice({ locale, roles: roles.filter((role) => role !== 'owner'), value: 'editor', id: 'many-role', label: words.role })}</div></div>
          <button class="strong" ?disabled=${this.listed === 0}>${words.addCount(this.listed)}</button>
        </form>
      </details>`
  }

  #groupsTable (all: Everything, roles: Role[]): TemplateResult {
    const { words, locale } = this
    return html`
      <table>
        <thead><tr><th scope="col">${words.group}</th><th scope="col">${words.role}</th><td></td></tr></thead>
        <tbody>${repeat(all.groups, ({ group }) => group, ({ group, role }) => {
          const changes = all.manages && (role !== 'owner' || all.owns)
          return html`
            <tr>
              <th scope="row" class="who">${group}</th>
              <td>${changes
                ? roleChoice({ locale, roles, value: role, label: words.roleOf(group), changed: (chosen) => { void this.#putGroup(group, chosen) } })
                : roleWords[locale].names[role]}</td>
              <td>${changes
                ? html`<button class="small" aria-label=${words.removeOf(group)} @click=${() => { this.leaving = { kind: 'group', id: group, name: group } }}>${this.common.remove}</button>`
                : nothing}</td>
            </tr>`
        })}</tbody>
      </table>`
  }

  #groupForm (roles: Role[]): TemplateResult {
    const { words, locale } = this
    return html`
      <form @submit=${this.#addGroup}>
        <h3>${words.addGroup}</h3>
        <div class="row">
          <div class="field"><label for="group">${words.group}</label><input id="group" name="group" required maxlength="200" autocomplete="off" aria-describedby="group-help"><p class="help" id="group-help">${words.groupHelp}</p></div>
          <div class="field"><label for="group-role">${words.role}</label>${roleChoice({ locale, roles, value: 'reader', id: 'group-role', label: words.role })}</div>
        </div>
        <button class="strong">${words.add}</button>
      </form>`
  }

  #leavingDialog (leaving: Leaving, all: Everything): TemplateResult {
    const { words, common } = this
    const isSelf = leaving.kind === 'member' && leaving.id === all.user
    return html`
      <dialog aria-labelledby="leaving" @close=${() => { this.leaving = null }}>
        <h2 id="leaving">${words.removeOf(leaving.name)}</h2>
        <p>${isSelf ? words.leaving : words.removing(leaving.name)}</p>
        <div class="actions">
          <button class="danger" autofocus @click=${() => { void this.#remove(leaving) }}>${common.remove}</button>
          <button class="quiet" @click=${() => this.closeDialog()}>${common.cancel}</button>
        </div>
      </dialog>`
  }
}

customElements.define('unisson-members', UnissonMembers)
