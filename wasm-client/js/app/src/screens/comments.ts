/**
 * `<unisson-comments document="…">`: what people say about a page. Beside a `<unisson-editor>` of the same
 * document it marks the places in the text and comments on what is selected there; alone it is a list.
 */
import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { Component } from '../component.js'
import { moment } from '../words.js'
import { commentsWords, type CommentsWords } from '../words/comments.js'
import { askedAt, calledIn, meant, named, peopleOf, type Asked, type Colleague } from './comments/people.js'
import { style } from './comments/style.js'
import { edit, inOrder, read, remove, reply, settle, start, type By, type Comment, type Place, type Said, type Thread } from './comments/threads.js'

/** The part of `<unisson-editor>` that is used here. */
interface Editor extends HTMLElement {
  comments: ReadonlyArray<{ id: string, start: unknown, end: unknown, active?: boolean }> | null
  readonly commentsShown: string[]
  readonly selectedPlace: Place | null
  revealComment: (id: string) => boolean
}

/** What is being written. */
type Writing =
  | { kind: 'thread', place: Place | null }
  | { kind: 'reply', thread: string }
  | { kind: 'edit', thread: string, comment: string }

/** The list of people behind `@`. */
interface Naming { asked: Asked, found: Colleague[], at: number }

/** Without an editor nobody tells of news. */
const LOOK_EVERY_MS = 30_000

export class UnissonComments extends Component {
  static override styles = [...Component.styles, style]
  static override properties: PropertyDeclarations = {
    said: { state: true },
    writing: { state: true },
    active: { state: true },
    busy: { state: true },
    naming: { state: true }
  }

  declare protected said: Said | null
  declare protected writing: Writing | null
  declare protected active: string | null
  declare protected busy: boolean
  declare protected naming: Naming | null

  #ended: AbortController | null = null
  #reading: Promise<void> | null = null
  #isStale = false
  /** Read once somebody types `@`. */
  #people: Promise<Colleague[]> | null = null
  #chosen = new Set<string>()

  constructor () {
    super()
    this.said = null
    this.writing = null
    this.active = null
    this.busy = false
    this.naming = null
  }

  get words (): CommentsWords { return this.wordsOf(commentsWords) }

  get #editor (): Editor | null {
    const editors = document.querySelectorAll<Editor>('unisson-editor')
    return [...editors].find((editor) => editor.getAttribute('document') === this.document) ?? null
  }

  override connectedCallback (): void {
    super.connectedCallback()
    const ended = this.#ended = new AbortController()
    const { signal } = ended
    document.addEventListener('comments-changed', (event) => { if (event.target === this.#editor) void this.refresh(true) }, { signal })
    document.addEventListener('comment-wanted', (event) => {
      if (event.target === this.#editor) this.#write({ kind: 'thread', place: (event as CustomEvent<Place>).detail })
    }, { signal })
    document.addEventListener('comment-chosen', (event) => {
      if (event.target === this.#editor) this.#choose((event as CustomEvent<{ id: string }>).detail.id)
    }, { signal })
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void this.refresh(true)
    }, LOOK_EVERY_MS)
    signal.addEventListener('abort', () => clearInterval(timer))
    void this.refresh()
  }

  override disconnectedCallback (): void {
    super.disconnectedCallback()
    this.#ended?.abort()
    this.#ended = null
  }

  /** Reads all again; many wishes at a time are one. */
  async refresh (byOthers = false): Promise<void> {
    if (this.document === '') return
    this.#isStale = true
    this.#reading ??= this.#read(byOthers).finally(() => { this.#reading = null })
    await this.#reading
  }

  async #read (byOthers: boolean): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false
      try {
        const said = await read(this.api, this.document)
        const before = this.said
        this.said = said
        this.#mark()
        if (byOthers && before !== null && count(before) !== count(said)) this.announce(this.words.news)
      } catch (error) {
        // What is shown stays; the next change, or the next try, brings the rest.
        if (this.said === null) this.sayWhy(error)
      }
    }
  }

  /** Shows the places of open threads in the text. */
  #mark (): void {
    const editor = this.#editor
    if (editor === null || this.said === null) return
    const open = this.said.threads.filter(({ anchor, resolved }) => anchor !== null && resolved === null)
    editor.comments = this.said.mayComment || open.length > 0
      ? open.map(({ id, anchor }) => ({ id, ...anchor!, active: id === this.active }))
      : null
  }

  #choose (id: string): void {
    this.active = id
    this.#mark()
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(`[data-thread="${id}"]`)?.focus())
  }

  #reveal (id: string): void {
    this.active = id
    this.#mark()
    this.#editor?.revealComment(id)
  }

  #write (writing: Writing | null): void {
    this.writing = writing
    this.naming = null
    this.#chosen.clear()
    this.sayNothing()
    if (writing !== null) void this.updateComplete.then(() => this.renderRoot.querySelector('textarea')?.focus())
  }

  #onText (): void {
    const place = this.#editor?.selectedPlace ?? null
    if (place === null) return this.say(this.words.selectFirst, 'bad')
    this.#write({ kind: 'thread', place })
  }

  async #send (event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const writing = this.writing
    const text = new FormData(event.target as HTMLFormElement).get('text')?.toString().trim() ?? ''
    if (writing === null || text === '' || this.busy) return
    this.busy = true
    const { api, document } = this
    const mentions = text.includes('@') ? calledIn(text, await this.#colleagues(), this.#chosen) : []
    const done = await this.attempt(async () => {
      if (writing.kind === 'thread') this.active = (await start(api, document, text, mentions, writing.place)).id
      else if (writing.kind === 'reply') await reply(api, document, writing.thread, text, mentions)
      else await edit(api, document, writing.thread, writing.comment, text)
    })
    this.busy = false
    if (!done) return
    this.#write(null)
    await this.refresh()
    this.say(this.words.sent)
  }

  async #change (act: () => Promise<void>, said: string): Promise<void> {
    if (!await this.attempt(act)) return
    await this.refresh()
    this.say(said)
  }

  async #remove (thread: Thread, comment: Comment): Promise<void> {
    if (!window.confirm(this.words.removing)) return
    await this.#change(() => remove(this.api, this.document, thread.id, comment.id), this.words.removed)
  }

  protected override render (): TemplateResult {
    const { words, said } = this
    const open = inOrder(said?.threads.filter(({ resolved }) => resolved === null) ?? [])
    const settled = inOrder(said?.threads.filter(({ resolved }) => resolved !== null) ?? [])
    return html`
      <section aria-labelledby="title">
        <div class="head"><h2 id="title">${words.comments}</h2>${said === null ? nothing : html`<span class="soft">${words.open(open.length)}</span>`}</div>
        ${this.renderNotice()}
        ${said === null ? html`<p class="soft">${this.common.loading}</p>` : nothing}
        ${said?.mayComment === true ? this.#renderBeginning() : nothing}
        ${said !== null && said.threads.length === 0 ? html`<div class="empty"><p>${words.none}</p>${said.mayComment ? html`<p>${words.noneFor}</p>` : nothing}</div>` : nothing}
        <div class="threads">${repeat(open, ({ id }) => id, (thread) => this.#renderThread(thread))}</div>
        ${settled.length === 0
          ? nothing
          : html`<details><summary>${words.settled(settled.length)}</summary><div class="threads">${repeat(settled, ({ id }) => id, (thread) => this.#renderThread(thread))}</div></details>`}
      </section>`
  }

  #renderBeginning (): TemplateResult {
    const { words, writing } = this
    if (writing?.kind === 'thread') {
      return html`${writing.place === null ? html`<p class="quote">${words.aboutPage}</p>` : html`<p class="quote">${writing.place.quote}</p>`}${this.#renderForm(words.yourComment, '')}`
    }
    return html`<div class="actions">
      ${this.#editor === null ? nothing : html`<button @mousedown=${keep} @click=${() => this.#onText()}>${words.onText}</button>`}
      <button @click=${() => this.#write({ kind: 'thread', place: null })}>${words.onPage}</button>
    </div>`
  }

  #renderForm (label: string, text: string): TemplateResult {
    return html`<form @submit=${(event: SubmitEvent) => { void this.#send(event) }}>
      <label for="text">${label}</label>
      <div class="typing">
        <textarea id="text" name="text" required maxlength="10000" aria-describedby="help" aria-autocomplete="list"
          aria-controls=${this.naming === null ? nothing : 'people'} aria-activedescendant=${this.naming === null ? nothing : `person-${this.naming.at}`}
          .value=${text} @input=${(event: Event) => { void this.#look(event.target as HTMLTextAreaElement) }}
          @blur=${() => { this.naming = null }} @keydown=${(event: KeyboardEvent) => this.#keys(event)}></textarea>
        ${this.#renderNaming()}
      </div>
      <p class="help" id="help">${this.words.help}</p>
      <div class="actions">
        <button class="strong" ?disabled=${this.busy}>${this.words.send}</button>
        <button type="button" @click=${() => this.#write(null)}>${this.common.cancel}</button>
      </div>
    </form>`
  }

  #colleagues (): Promise<Colleague[]> {
    this.#people ??= peopleOf(this.api, this.document)
    return this.#people
  }

  /** Opens, narrows or closes the list of people, by what stands before the caret. */
  async #look (field: HTMLTextAreaElement): Promise<void> {
    const asked = askedAt(field.value, field.selectionStart)
    const found = asked === null ? [] : meant(await this.#colleagues(), asked.query)
    // Somebody may have typed on meanwhile.
    const now = askedAt(field.value, field.selectionStart)
    if (now?.from !== asked?.from || now?.query !== asked?.query) return
    const before = this.naming?.found.length ?? 0
    this.naming = asked === null || found.length === 0 ? null : { asked, found, at: 0 }
    if (found.length !== before && asked !== null) this.announce(this.words.found(found.length))
  }

  #call (person: Colleague): void {
    const field = this.renderRoot.querySelector('textarea')
    if (field === null || this.naming === null) return
    const { text, caret } = named(field.value, this.naming.asked, person)
    this.#chosen.add(person.id)
    this.naming = null
    field.value = text
    field.focus()
    field.setSelectionRange(caret, caret)
  }

  #renderNaming (): TemplateResult | typeof nothing {
    const { naming, words } = this
    if (naming === null) return nothing
    return html`<ul class="naming" id="people" role="listbox" aria-label=${words.people}>${naming.found.map((person, at) => html`
      <li role="option" id=${`person-${at}`} aria-selected=${String(at === naming.at)} @mousedown=${keep} @click=${() => this.#call(person)}>${person.name}${person.name === person.id ? nothing : html` <span class="soft">${person.id}</span>`}</li>`)}</ul>`
  }

  /** The keys of the list of people, while it is open; says whether it took one. */
  #namingKeys (event: KeyboardEvent): boolean {
    const { naming } = this
    if (naming === null) return false
    const count = naming.found.length
    const person = naming.found[naming.at]
    if (event.key === 'ArrowDown') this.naming = { ...naming, at: (naming.at + 1) % count }
    else if (event.key === 'ArrowUp') this.naming = { ...naming, at: (naming.at + count - 1) % count }
    else if (event.key === 'Escape') this.naming = null
    else if ((event.key === 'Enter' || event.key === 'Tab') && !event.shiftKey && person !== undefined) this.#call(person)
    else return false
    event.preventDefault()
    event.stopPropagation()
    return true
  }

  #keys (event: KeyboardEvent): void {
    if (this.#namingKeys(event)) return
    if (event.key === 'Escape') return this.#write(null)
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) (event.target as HTMLTextAreaElement).form?.requestSubmit()
  }

  #renderThread (thread: Thread): TemplateResult {
    const { words, writing, said } = this
    const isWritten = writing?.kind === 'reply' && writing.thread === thread.id
    const [first] = thread.comments
    return html`<article class="thread ${this.active === thread.id ? 'active' : ''}" data-thread=${thread.id} tabindex="-1" aria-label=${`${this.#nameOf(thread.by)}, ${moment(thread.created_ms, this.locale)}`}>
      ${this.#renderPlace(thread)}
      ${repeat(thread.comments, ({ id }) => id, (comment) => this.#renderComment(thread, comment))}
      ${thread.resolved === null ? nothing : html`<p class="help">${words.settledBy(this.#nameOf(thread.resolved.by), moment(thread.resolved.at_ms, this.locale))}</p>`}
      ${isWritten
        ? this.#renderForm(words.yourReply(this.#nameOf(first?.by ?? thread.by)), '')
        : said?.mayComment !== true
          ? nothing
          : html`<div class="actions">
              <button class="small" @click=${() => this.#write({ kind: 'reply', thread: thread.id })}>${words.reply}</button>
              <button class="small" @click=${() => { void this.#settle(thread) }}>${thread.resolved === null ? words.settle : words.reopen}</button>
            </div>`}
    </article>`
  }

  async #settle ({ id, resolved }: Thread): Promise<void> {
    const settles = resolved === null
    await this.#change(() => settle(this.api, this.document, id, settles), settles ? this.words.settledNow : this.words.reopenedNow)
  }

  #renderPlace ({ id, anchor, quote, place }: Thread): TemplateResult {
    const { words } = this
    if (anchor === null) return html`<p class="quote">${words.aboutPage}</p>`
    const isThere = place !== 'orphaned' && this.#editor !== null
    return html`${isThere
      ? html`<button class="quote" title=${words.show(quote)} @click=${() => this.#reveal(id)}>${quote}</button>`
      : html`<p class="quote">${quote}</p>`}
      ${place === 'orphaned' ? html`<p class="lost">${words.orphaned}</p>` : place === 'moved' ? html`<p class="lost">${words.moved}</p>` : nothing}`
  }

  #renderComment (thread: Thread, comment: Comment): TemplateResult {
    const { words, writing } = this
    const isEdited = writing?.kind === 'edit' && writing.comment === comment.id
    return html`<div class="comment">
      <div class="by"><strong>${this.#nameOf(comment.by)}</strong>
        <time class="soft" datetime=${new Date(comment.created_ms).toISOString()}>${moment(comment.created_ms, this.locale)}</time>
        ${comment.edited_ms === null ? nothing : html`<span class="soft">(${words.edited})</span>`}</div>
      ${isEdited ? this.#renderForm(words.editing, comment.text) : html`<p class="said">${comment.text}</p>`}
      ${isEdited || (!comment.may_edit && !comment.may_delete)
        ? nothing
        : html`<div class="actions">
            ${comment.may_edit ? html`<button class="small quiet" @click=${() => this.#write({ kind: 'edit', thread: thread.id, comment: comment.id })}>${words.edit}</button>` : nothing}
            ${comment.may_delete ? html`<button class="small quiet" @click=${() => { void this.#remove(thread, comment) }}>${words.remove}</button>` : nothing}
          </div>`}
    </div>`
  }

  #nameOf ({ name, user }: By): string { return name ?? user ?? this.words.somebody }
}

/** The selection stays in the text. */
const keep = (event: Event): void => event.preventDefault()

const count = ({ threads }: Said): number => threads.reduce((sum, { comments }) => sum + comments.length, 0)

customElements.define('unisson-comments', UnissonComments)
