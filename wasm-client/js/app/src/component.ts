/** What all components have in common: where the server is, which language, and how things are said. */
import { LitElement, html, nothing, unsafeCSS, type CSSResultGroup, type PropertyDeclarations, type TemplateResult } from 'lit'
import controls from './controls.css' with { type: 'text' }
import theme from './theme.css' with { type: 'text' }
import { Api } from './api.js'
import { guestTokenOf } from './guest.js'
import { announce } from './live.js'
import { ownRoot } from './root.js'
import { commonWords, localeOf, reasonOf, type Both, type CommonWords, type Locale } from './words.js'

/** What has just happened, for everybody to see, and what may be done about it. */
interface Notice { text: string, kind: 'good' | 'bad', remedy?: Remedy }

/** A button beside a notice. */
export interface Remedy { label: string, act: () => void }

export abstract class Component extends LitElement {
  /** A component that has a sheet of its own says `[...Component.styles, css`…`]`. */
  static override styles: CSSResultGroup[] = [
    unsafeCSS(theme),
    unsafeCSS(controls),
    unsafeCSS(':host { display: block; color: var(--ink); font: 1rem/1.6 var(--font) } :host([hidden]) { display: none }')
  ]

  static override properties: PropertyDeclarations = {
    space: { type: String },
    page: { type: String },
    document: { type: String },
    server: { type: String },
    token: { type: String },
    notice: { state: true }
  }

  /** The space's id, where the component is about one. */
  declare space: string
  /** The page's id, where the component is about one. */
  declare page: string
  /** The page's document. */
  declare document: string
  /** Another server than the one of the script; for portals. */
  declare server: string
  /** A portal's token for this person; a browser that is signed in needs none. */
  declare token: string
  declare protected notice: Notice | null

  #api: { made: Api, of: string } | null = null

  constructor () {
    super()
    this.space = ''
    this.page = ''
    this.document = ''
    this.server = ''
    this.token = ''
    this.notice = null
  }

  /** The server's address, with a `/` at its end. */
  get root (): URL {
    return this.server === '' ? ownRoot() : new URL(this.server.replace(/\/?$/, '/'), window.location.href)
  }

  get api (): Api {
    const of = this.root.href
    if (this.#api?.of !== of) {
      const made = new Api(this.root, async () => this.token === '' ? guestTokenOf(this.space) : this.token)
      this.#api = { made, of }
    }
    return this.#api.made
  }

  get locale (): Locale {
    return localeOf(this.closest('[lang]')?.getAttribute('lang') ?? navigator.language)
  }

  get common (): CommonWords { return commonWords(this.locale) }

  /** The words of a screen, in the page's language. */
  protected wordsOf<W> (both: Both<W>): W { return both[this.locale] }

  /** The address of a page of the wiki. */
  protected link (path: string): string { return new URL(path, this.root).href }

  /** Tells screen readers. */
  protected announce (text: string): void { announce(text) }

  /** Tells everybody, until the next thing is said. */
  protected say (text: string, kind: 'good' | 'bad' = 'good', remedy?: Remedy): void {
    this.notice = { text, kind, ...(remedy !== undefined && { remedy }) }
    announce(text)
  }

  protected sayNothing (): void { this.notice = null }

  /** Tells everybody why something did not work. */
  protected sayWhy (error: unknown): void { this.say(reasonOf(error, this.locale), 'bad') }

  /** Where notices stand. */
  protected renderNotice (): TemplateResult | typeof nothing {
    if (this.notice === null) return nothing
    const { text, kind, remedy } = this.notice
    return html`<div class="notice ${kind}">${text}${remedy === undefined
      ? nothing
      : html` <button class="small" @click=${() => { this.sayNothing(); remedy.act() }}>${remedy.label}</button>`}</div>`
  }

  /** Does something and says why where it fails; says whether it worked. */
  protected async attempt (act: () => Promise<void>): Promise<boolean> {
    try {
      await act()
      return true
    } catch (error) {
      this.sayWhy(error)
      return false
    }
  }

  /** A dialog that a component renders is shown; what has the focus is the dialog's until it closes. */
  protected override updated (): void {
    this.renderRoot.querySelectorAll<HTMLDialogElement>('dialog:not([open])').forEach((dialog) => dialog.showModal())
  }

  /** Closes the dialog that is shown; its `close` event says so to the component. */
  protected closeDialog (): void {
    this.renderRoot.querySelector<HTMLDialogElement>('dialog[open]')?.close()
  }
}
