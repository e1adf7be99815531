/** `<unisson-templates space="…">`: pages that new pages may begin as. Without a space: those of all spaces. */
import { css, html, nothing, unsafeCSS, type PropertyDeclarations, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { unsafeHTML } from 'lit/directives/unsafe-html.js'
import typography from '../wiki.css' with { type: 'text' }
import { path } from '../api.js'
import { Component } from '../component.js'
import { follow } from '../follow.js'
import { read as readTree } from '../reorganise.js'
import { Tree, isAtLeast, type Page } from '../tree.js'
import { templatesWords, type TemplatesWords } from '../words/templates.js'

type For = 'space' | 'all'
interface Template { document: string, space: string, page: string, title: string, space_title: string, for: For }

export class UnissonTemplates extends Component {
  static override styles = [...Component.styles, unsafeCSS(typography), css`
    th small { display: block; color: var(--soft); font-weight: 400 }
    form { border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.1rem; background: var(--paper); flex: 1 1 18rem }
    form h3 { margin: 0 0 .8rem } .two { display: flex; flex-wrap: wrap; gap: 1rem; align-items: stretch }
    dialog { width: min(52rem, 94vw) }
    .paper { border: 1px solid var(--line); border-radius: .6rem; padding: 1rem clamp(.8rem, 4%, 2rem); margin: 0 0 1rem; overflow: auto }
    mark { background: var(--warn-tint); color: inherit; border-bottom: 2px solid var(--warn) }
    code { overflow-wrap: anywhere }
    @media (max-width: 40rem) {
      .list thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
      .list tr { display: grid; grid-template-columns: 1fr; gap: .4rem; border-bottom: 1px solid var(--line); padding: .6rem 0 }
      .list td, .list tbody th { border: 0; padding: 0 }
    }
  `]

  static override properties: PropertyDeclarations = {
    templates: { state: true }, tree: { state: true }, shown: { state: true }, leaving: { state: true }
  }

  declare protected templates: Template[] | null
  /** The pages of the space; none where it is about all spaces. */
  declare protected tree: Tree
  /** What is previewed. */
  declare protected shown: { template: Template, html: string } | null
  declare protected leaving: Template | null
  #etag = ''
  #ended: AbortController | null = null

  constructor () {
    super()
    this.templates = null
    this.tree = new Tree([])
    this.shown = null
    this.leaving = null
  }

  get words (): TemplatesWords { return this.wordsOf(templatesWords) }

  override connectedCallback (): void {
    super.connectedCallback()
    const ended = this.#ended = new AbortController()
    void this.#read().then(() => {
      if (this.space === '') return
      return follow(this.api, this.space, ended.signal, (etag) => { if (etag !== this.#etag) void this.#read() })
    })
  }

  override disconnectedCallback (): void {
    super.disconnectedCallback()
    this.#ended?.abort()
  }

  async #read (): Promise<void> {
    await this.attempt(async () => {
      if (this.space !== '') {
        const { tree, etag } = await readTree(this.api, this.space)
        this.tree = tree
        this.#etag = etag
      }
      const call = this.space === '' ? 'templates' : path`spaces/${this.space}/templates`
      this.templates = (await this.api.get<{ templates: Template[] }>(call)).value.templates
    })
  }

  /** Whether somebody looks after this page; the operator looks after all. */
  #manages (page: Page | undefined): boolean { return this.space === '' || isAtLeast(page?.role, 'facilitator') }

  // Changes

  async #offer (space: string, page: string, whose: For, said: string): Promise<boolean> {
    const isDone = await this.attempt(async () => {
      await this.api.put(path`spaces/${space}/templates/${page}`, { for: whose })
      this.say(said)
    })
    await this.#read()
    this.requestUpdate()
    return isDone
  }

  async #remove (template: Template): Promise<void> {
    this.closeDialog()
    const { space, page, title } = template
    await this.attempt(async () => {
      await this.api.delete(path`spaces/${space}/templates/${page}`)
      this.say(this.words.removed(title), 'good', {
        label: this.words.undo, act: () => { void this.#offer(space, page, template.for, this.words.made(title)) }
      })
    })
    await this.#read()
  }

  async #write (event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const fields = new FormData(event.currentTarget as HTMLFormElement)
    const title = String(fields.get('title')).trim()
    if (title === '') return
    await this.attempt(async () => {
      const { value } = await this.api.post<Page>(path`spaces/${this.space}/pages`, { title })
      await this.api.put(path`spaces/${this.space}/templates/${value.id}`, { for: fields.get('for') })
      window.location.assign(`${this.link(path`s/${this.space}/${value.id}`)}?edit`)
    })
  }

  async #preview (template: Template): Promise<void> {
    await this.attempt(async () => {
      const answer = await this.api.raw('GET', `${path`documents/${template.document}`}/content?format=html`)
      this.shown = { template, html: filled(await answer.text(), this.words, this.locale) }
    })
  }

  // What is shown

  protected override render (): TemplateResult {
    const { words, templates } = this
    if (templates === null) return html`${this.renderNotice()}${this.notice === null ? html`<p class="soft">${this.common.loading}</p>` : nothing}`
    const offered = new Set(templates.filter(({ space }) => space === this.space).map(({ page }) => page))
    const free = this.tree.ids.map((id) => this.tree.get(id)).filter((page) => page !== undefined && !offered.has(page.id) && this.#manages(page)) as Page[]
    const mayMake = this.space !== '' && this.tree.ids.some((id) => this.#manages(this.tree.get(id)))
    const nothingYet = this.space === '' ? words.emptyAll : mayMake || this.tree.size === 0 ? words.empty : words.emptyForWriters
    return html`
      <p>${this.space === '' ? words.introAll : words.intro}</p>
      ${this.renderNotice()}
      ${templates.length === 0 ? html`<p class="empty">${nothingYet}</p>` : this.#list(templates)}
      ${mayMake || (this.space !== '' && this.tree.size === 0) ? this.#forms(free) : nothing}
      <h2>${words.placeholders}</h2>
      <p class="soft">${words.placeholdersIntro}</p>
      <table>
        <thead><tr><th scope="col">${words.placeholder}</th><th scope="col">${words.becomes}</th></tr></thead>
        <tbody>${words.meanings.map(({ names, text }) => html`
          <tr><td>${names.map((name) => html`<code>${name}</code> `)}</td><td>${text}</td></tr>`)}</tbody>
      </table>
      ${this.shown === null ? nothing : this.#shownDialog(this.shown)}
      ${this.leaving === null ? nothing : this.#leavingDialog(this.leaving)}`
  }

  #list (templates: Template[]): TemplateResult {
    const { words, common } = this
    return html`
      <table class="list">
        <thead><tr><th scope="col">${words.name}</th><th scope="col">${words.offered}</th><td></td></tr></thead>
        <tbody>${repeat(templates, ({ document }) => document, (template) => {
          const { title, space, page } = template
          const manages = this.space === '' || (space === this.space && this.#manages(this.tree.get(page)))
          return html`
            <tr>
              <th scope="row"><a href=${this.link(path`s/${space}/${page}`)}>${title}</a>${space === this.space ? nothing : html`<small>${template.space_title}</small>`}</th>
              <td>${manages
                ? this.#whose(template.for, words.offeredOf(title), '', (whose) => { void this.#offer(space, page, whose, words.changed(title, this.#where(whose))) })
                : this.#where(template.for)}</td>
              <td><div class="actions">
                <button class="small" aria-label=${words.previewOf(title)} @click=${() => { void this.#preview(template) }}>${words.preview}</button>
                ${manages
                  ? html`<a class="button small" aria-label=${words.editOf(title)} href="${this.link(path`s/${space}/${page}`)}?edit">${words.edit}</a>
                    <button class="small" aria-label=${words.remove(title)} @click=${() => { this.leaving = template }}>${common.remove}</button>`
                  : nothing}
              </div></td>
            </tr>`
        })}</tbody>
      </table>`
  }

  #where (whose: For): string { return whose === 'all' ? this.words.everywhere : this.words.inSpace }

  #whose (value: For, label: string, id: string, changed?: (whose: For) => void): TemplateResult {
    return html`
      <select name="for" id=${id === '' ? nothing : id} aria-label=${label} .value=${value} @change=${(event: Event) => changed?.((event.currentTarget as HTMLSelectElement).value as For)}>
        ${(['space', 'all'] as const).map((whose) => html`<option value=${whose} ?selected=${whose === value}>${this.#where(whose)}</option>`)}
      </select>`
  }

  #forms (free: Page[]): TemplateResult {
    const { words } = this
    const offer = (event: SubmitEvent): void => {
      event.preventDefault()
      const fields = new FormData(event.currentTarget as HTMLFormElement)
      const page = String(fields.get('page'))
      void this.#offer(this.space, page, fields.get('for') as For, words.made(this.tree.get(page)?.title ?? page))
    }
    return html`
      <h2>${words.make}</h2>
      <div class="two">
        <form @submit=${this.#write}>
          <h3>${words.makeNew}</h3>
          <div class="field"><label for="title">${words.newTitle}</label>
            <input id="title" name="title" required maxlength="200" autocomplete="off" aria-describedby="title-help"><p class="help" id="title-help">${words.newHelp}</p></div>
          <div class="field"><label for="new-for">${words.where}</label>${this.#whose('space', words.where, 'new-for')}</div>
          <button class="strong">${words.begin}</button>
        </form>
        ${free.length === 0
          ? nothing
          : html`
            <form @submit=${offer}>
              <h3>${words.makeOf}</h3>
              <div class="field"><label for="page">${words.page}</label>
                <select id="page" name="page" aria-describedby="page-help">
                  ${free.map(({ id, title }) => html`<option value=${id}>${'\u2003'.repeat(this.tree.chain(id).length - 1)}${title}</option>`)}
                </select><p class="help" id="page-help">${words.pageHelp}</p></div>
              <div class="field"><label for="page-for">${words.where}</label>${this.#whose('space', words.where, 'page-for')}</div>
              <button>${words.offer}</button>
            </form>`}
      </div>`
  }

  #shownDialog ({ template, html: text }: { template: Template, html: string }): TemplateResult {
    const { words, common } = this
    return html`
      <dialog aria-labelledby="preview" @close=${() => { this.shown = null }}>
        <h2 id="preview">${words.previewOf(template.title)}</h2>
        <p class="soft">${words.previewNote}</p>
        ${text.trim() === '' ? html`<p class="empty">${words.previewEmpty}</p>` : html`<article class="text paper" tabindex="0" aria-labelledby="preview">${unsafeHTML(text)}</article>`}
        <div class="actions"><button autofocus @click=${() => this.closeDialog()}>${common.close}</button></div>
      </dialog>`
  }

  #leavingDialog (template: Template): TemplateResult {
    const { words, common } = this
    return html`
      <dialog aria-labelledby="leaving" @close=${() => { this.leaving = null }}>
        <h2 id="leaving">${words.remove(template.title)}</h2>
        <p>${words.removing(template.title)}</p>
        <div class="actions">
          <button class="danger" autofocus @click=${() => { void this.#remove(template) }}>${common.remove}</button>
          <button class="quiet" @click=${() => this.closeDialog()}>${common.cancel}</button>
        </div>
      </dialog>`
  }
}

/** The server's HTML of a page, with its placeholders shown as they would be filled in: only in text, never in attributes. */
const filled = (fragment: string, { sample, tick }: TemplatesWords, locale: string): string => {
  const values: Record<string, string> = {
    title: sample.title, titre: sample.title, space: sample.space, espace: sample.space,
    author: sample.author, auteur: sample.author, autrice: sample.author,
    date: new Date().toLocaleDateString(locale, { dateStyle: 'long' })
  }
  const page = document.createElement('template')
  page.innerHTML = fragment
  for (const box of page.content.querySelectorAll<HTMLInputElement>('input[type="checkbox"]')) box.setAttribute('aria-label', box.hasAttribute('checked') ? tick.done : tick.open)
  const texts = document.createTreeWalker(page.content, NodeFilter.SHOW_TEXT)
  const found: Text[] = []
  while (texts.nextNode() !== null) found.push(texts.currentNode as Text)
  for (const text of found) {
    const parts = text.data.split(/\{\{\s*(\p{L}+)\s*\}\}/u)
    if (parts.length === 1) continue
    text.replaceWith(...parts.map((part, at) => {
      const value = values[part.toLowerCase()]
      if (at % 2 === 0) return part
      if (value === undefined) return `{{${part}}}`
      const mark = document.createElement('mark')
      mark.textContent = value
      return mark
    }))
  }
  return page.innerHTML
}

customElements.define('unisson-templates', UnissonTemplates)
