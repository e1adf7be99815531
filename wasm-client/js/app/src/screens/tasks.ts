/** `<unisson-tasks>`: the tasks that name me, on all pages that I may read, by when they are due. */
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import { path, query } from '../api.js'
import { Component } from '../component.js'
import { tasksWords, type TaskGroup, type TasksWords } from '../words/tasks.js'

interface Task {
  document: string
  title: string
  space: string | null
  page: string | null
  space_title: string | null
  id: string
  text: string
  due: string | null
}
type State = 'open' | 'done'

const GROUPS: TaskGroup[] = ['overdue', 'today', 'week', 'later', 'undated']
const WEEK_DAYS = 7

/** `2026-12-01` of a date in local time. */
const dayOf = (date: Date): string => `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`

const groupOf = ({ due }: Task, now: Date): TaskGroup => {
  if (due === null) return 'undated'
  const today = dayOf(now)
  if (due <= today) return due < today ? 'overdue' : 'today'
  return due <= dayOf(new Date(now.getFullYear(), now.getMonth(), now.getDate() + WEEK_DAYS)) ? 'week' : 'later'
}

export class UnissonTasks extends Component {
  static override styles = [...Component.styles, css`
    .choice { display: flex; gap: .5rem; margin: 0 0 1rem }
    .choice button { margin: 0 }
    .choice [aria-pressed="true"] { background: var(--tint); border-color: var(--accent); font-weight: 600 }
    ul { list-style: none; padding: 0 }
    li { padding: .5rem 0; border-bottom: 1px solid var(--line) }
    li a { display: block; overflow-wrap: anywhere }
    .overdue .when { color: var(--bad); font-weight: 600 }
  `]
  static override properties: PropertyDeclarations = { tasks: { state: true }, next: { state: true }, state: { state: true } }
  declare protected tasks: Task[] | null
  declare protected next: string | null
  declare protected state: State

  constructor () {
    super()
    this.tasks = null
    this.next = null
    this.state = 'open'
  }

  get words (): TasksWords { return this.wordsOf(tasksWords) }

  override connectedCallback (): void {
    super.connectedCallback()
    void this.#read(null)
  }

  async #read (cursor: string | null): Promise<void> {
    const { state } = this
    await this.attempt(async () => {
      const { value } = await this.api.get<{ tasks: Task[], next: string | null }>('tasks' + query({ state, cursor }))
      if (state !== this.state) return
      this.tasks = [...cursor === null ? [] : this.tasks ?? [], ...value.tasks]
      this.next = value.next
      this.announce(this.words.shown(this.tasks.length))
    })
  }

  #choose (state: State): void {
    this.state = state
    this.tasks = null
    this.sayNothing()
    void this.#read(null)
  }

  #address ({ document, space, page }: Task): string {
    return this.link(space === null || page === null ? `d/${document.split('/').map(encodeURIComponent).join('/')}` : path`s/${space}/${page}`)
  }

  protected override render (): TemplateResult {
    const { words, state, next } = this
    const choice = (of: State): TemplateResult =>
      html`<button aria-pressed=${String(state === of)} @click=${() => { if (state !== of) this.#choose(of) }}>${words[of]}</button>`
    return html`
      <p>${words.intro}</p>
      ${this.renderNotice()}
      <div class="choice" role="group">${choice('open')}${choice('done')}</div>
      ${this.#renderTasks()}
      ${next === null ? nothing : html`<button @click=${() => { void this.#read(next) }}>${words.more}</button>`}`
  }

  #renderTasks (): TemplateResult | typeof nothing {
    const { words, tasks, state } = this
    if (tasks === null) return this.notice === null ? html`<p class="soft">${this.common.loading}</p>` : nothing
    if (tasks.length === 0) return html`<p class="empty">${state === 'open' ? words.empty : words.emptyDone}</p>`
    if (state === 'done') return html`<ul>${tasks.map((task) => this.#renderTask(task))}</ul>`
    const now = new Date()
    const byDay = [...tasks].sort((one, other) => (one.due ?? '9').localeCompare(other.due ?? '9'))
    return html`${GROUPS.map((group) => {
      const of = byDay.filter((task) => groupOf(task, now) === group)
      return of.length === 0 ? nothing : html`<section class=${group}><h2>${words.groups[group]}</h2><ul>${of.map((task) => this.#renderTask(task))}</ul></section>`
    })}`
  }

  #renderTask (task: Task): TemplateResult {
    const { words, locale } = this
    const day = task.due === null ? null : new Intl.DateTimeFormat(locale === 'fr' ? 'fr-FR' : 'en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(`${task.due}T00:00:00Z`))
    return html`<li><a href=${this.#address(task)}>${task.text}</a>
      <span class="soft">${words.on(task.title, task.space_title)}</span>${day === null ? nothing : html` · <time class="when" datetime=${task.due!}>${words.due(day)}</time>`}</li>`
  }
}

customElements.define('unisson-tasks', UnissonTasks)
