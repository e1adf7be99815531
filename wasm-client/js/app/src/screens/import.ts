/** `<unisson-import space="…">`: pages in out of files, and the whole space out as files. */
import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import { path, query } from '../api.js'
import { Component } from '../component.js'
import { importWords, type ImportWords } from '../words/import.js'

interface Page { id: string, title: string, parent: string | null, deleted_ms?: number, role: string | null }
interface Made { pages: Array<{ id: string, title: string, from: string }>, left_out: Array<{ path: string, code: string, problem: string }> }
type Form = keyof ImportWords['formats']

const FORMS: Form[] = ['markdown', 'html', 'docx', 'odt']
const MAY_CREATE = new Set(['editor', 'facilitator', 'owner'])

export class UnissonImport extends Component {
  static override properties: PropertyDeclarations = {
    pages: { state: true }, made: { state: true }, isWorking: { state: true }, form: { state: true }
  }

  declare protected pages: Page[]
  declare protected made: Made | null
  declare protected isWorking: boolean
  declare protected form: Form

  constructor () {
    super()
    this.pages = []
    this.made = null
    this.isWorking = false
    this.form = 'markdown'
  }

  get words (): ImportWords { return this.wordsOf(importWords) }

  override connectedCallback (): void {
    super.connectedCallback()
    void this.attempt(async () => {
      const { value } = await this.api.all<Page, 'pages'>(path`spaces/${this.space}/pages`, 'pages')
      this.pages = value.filter((page) => page.deleted_ms === undefined && MAY_CREATE.has(page.role ?? ''))
    })
  }

  async #bring (event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const form = event.target as HTMLFormElement
    const file = form.querySelector<HTMLInputElement>('[name="file"]')?.files?.[0]
    const parent = form.querySelector<HTMLSelectElement>('[name="parent"]')?.value ?? ''
    if (file === undefined) return this.say(this.words.choose, 'bad')
    this.made = null
    this.isWorking = true
    this.say(this.words.working)
    await this.attempt(async () => {
      const call = path`spaces/${this.space}/import` + query({ name: file.name, parent: parent === '' ? null : parent })
      const answer = await this.api.raw('POST', call, { content: file, headers: { 'Content-Type': 'application/octet-stream' } })
      this.made = await answer.json() as Made
      this.say(this.words.made(this.made.pages.length))
      form.reset()
    })
    this.isWorking = false
  }

  /** Asked for by this script and not by a link: a guest's token goes along. */
  async #take (event: SubmitEvent): Promise<void> {
    event.preventDefault()
    this.isWorking = true
    await this.attempt(async () => {
      const answer = await this.api.raw('GET', path`spaces/${this.space}/export` + query({ format: this.form }))
      const address = URL.createObjectURL(await answer.blob())
      const link = document.createElement('a')
      link.href = address
      link.download = `${this.space}.zip`
      link.click()
      setTimeout(() => URL.revokeObjectURL(address), 60_000)
      this.say(this.words.taken)
    })
    this.isWorking = false
  }

  protected override render (): TemplateResult {
    const { words } = this
    return html`
      ${this.renderNotice()}
      ${this.made === null ? nothing : this.#renderMade(this.made)}
      <section aria-labelledby="bring">
        <h2 id="bring">${words.bring}</h2>
        <p>${words.bringIntro}</p>
        <form @submit=${(event: SubmitEvent) => { void this.#bring(event) }}>
          <div class="field">
            <label for="file">${words.file}</label>
            <input id="file" name="file" type="file" accept=".zip,.md,.markdown,.html,.htm,.docx,.odt" aria-describedby="file-help">
            <p class="help" id="file-help">${words.fileHelp}</p>
          </div>
          <div class="field">
            <label for="parent">${words.below}</label>
            <select id="parent" name="parent">
              <option value="">${words.top}</option>
              ${this.pages.map(({ id, title }) => html`<option value=${id}>${title}</option>`)}
            </select>
          </div>
          <button class="strong" ?disabled=${this.isWorking}>${words.start}</button>
        </form>
      </section>
      <section aria-labelledby="take">
        <h2 id="take">${words.take}</h2>
        <p>${words.takeIntro}</p>
        <form @submit=${(event: SubmitEvent) => { void this.#take(event) }}>
          <fieldset>
            <legend>${words.form}</legend>
            ${FORMS.map((form) => html`
              <label class="choice">
                <input type="radio" name="form" value=${form} .checked=${this.form === form} @change=${() => { this.form = form }}>
                <span>${words.formats[form].name}<br><span class="soft">${words.formats[form].help}</span></span>
              </label>`)}
          </fieldset>
          <button class="strong" ?disabled=${this.isWorking}>${words.download}</button>
        </form>
      </section>`
  }

  #renderMade ({ pages, left_out: leftOut }: Made): TemplateResult {
    return html`
      <ul class="plain">${pages.map(({ id, title }) => html`<li><a href=${this.link(path`s/${this.space}/${id}`)}>${title}</a></li>`)}</ul>
      ${leftOut.length === 0 ? nothing : html`
        <h3>${this.words.leftOut}</h3>
        <ul>${leftOut.map(({ path: file, code, problem }) => html`<li>${file} <span class="soft">${this.words.reasons[code] ?? problem}</span></li>`)}</ul>`}`
  }
}

customElements.define('unisson-import', UnissonImport)
