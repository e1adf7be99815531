/**
 * `<unisson-pages space="…" page="…" live>`: the tree of pages beside every page. Without `live` it is the
 * list that the server rendered, and asks nothing: a thousand readers cost no socket. With it, it follows
 * what others change and is where pages are made, renamed, moved and thrown away.
 */
import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { path } from '../api.js'
import { Component } from '../component.js'
import { refreshCrumbs } from '../crumbs.js'
import { follow } from '../follow.js'
import { icon } from '../icons.js'
import { isFavourite, opened, refreshMarks, toggleFavourite } from '../personal.js'
import { Overtaken, move, read, rename, type Seen } from '../reorganise.js'
import { isAtLeast, type Page, type Place, type Zone } from '../tree.js'
import { pagesWords, type PagesWords } from '../words/pages.js'
import { renderDialog, type Acts, type Dialog, type Restriction, type Template } from './pages/dialogs.js'
import { style } from './pages/style.js'

interface RightsAnswer { user: string | null, actions: string[] }

/** How long one hovers above a closed page until it opens. */
const OPEN_AFTER_MS = 700

export class UnissonPages extends Component {
  static override styles = [...Component.styles, style]
  static override properties: PropertyDeclarations = {
    live: { type: Boolean },
    seen: { state: true },
    dialog: { state: true },
    opened: { state: true },
    drop: { state: true },
    dragged: { state: true },
    templates: { state: true }
  }

  declare live: boolean
  declare protected seen: Seen | null
  declare protected dialog: Dialog | null
  /** Pages whose children are shown. */
  declare protected opened: ReadonlySet<string>
  declare protected drop: { page: string, zone: Zone } | null
  declare protected dragged: string | null
  declare protected templates: Template[]

  #user: string | null = null
  #isPerson = false
  #creates = false
  #ended: AbortController | null = null
  #reading: Promise<void> | null = null
  #isStale = false
  #focusAfter: { page: string, on: 'a' | '.more' } | null = null
  #opening: ReturnType<typeof setTimeout> | null = null

  constructor () {
    super()
    this.live = false
    this.seen = null
    this.dialog = null
    this.opened = new Set()
    this.drop = null
    this.dragged = null
    this.templates = []
  }

  get words (): PagesWords { return this.wordsOf(pagesWords) }

  override connectedCallback (): void {
    super.connectedCallback()
    if (this.live && this.space !== '') void this.#begin()
  }

  override disconnectedCallback (): void {
    super.disconnectedCallback()
    this.#ended?.abort()
    this.#ended = null
  }

  async #begin (): Promise<void> {
    this.#ended?.abort()
    const ended = this.#ended = new AbortController()
    try {
      const { value } = await this.api.get<RightsAnswer>(path`spaces/${this.space}/rights`)
      this.#user = value.user
      this.#creates = value.actions.includes('create-pages')
      this.#isPerson = value.user !== null || this.#creates
    } catch { /* The list says why. */ }
    await this.refresh()
    if (ended.signal.aborted) return
    const page = this.seen?.tree.get(this.page)
    if (page !== undefined) opened(this.#user, this.space, page.id, page.title)
    await follow(this.api, this.space, ended.signal, (etag) => {
      if (etag !== this.seen?.etag) void this.refresh(true)
    })
  }

  /** Reads the tree again; many wishes at a time are one. */
  async refresh (byOthers = false): Promise<void> {
    this.#isStale = true
    this.#reading ??= this.#read(byOthers).finally(() => { this.#reading = null })
    await this.#reading
  }

  async #read (byOthers: boolean): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false
      try {
        const { tree, etag } = await read(this.api, this.space)
        const before = this.seen
        if (before?.etag === etag) continue
        this.#keepFocus()
        this.seen = { tree, etag }
        if (before === null) this.opened = new Set(tree.chain(this.page).map((page) => page.id))
        refreshMarks(this.#user, this.space, (id) => tree.get(id)?.title ?? null)
        if (before === null) continue
        if (byOthers) this.announce(this.words.changed)
        refreshCrumbs(this.space, tree.chain(this.page), (path) => this.link(path))
        if (before.tree.get(this.page) !== undefined && tree.get(this.page) === undefined) this.say(this.words.notThere, 'bad')
      } catch (error) {
        // What is shown stays; the next change, or the next try, brings the rest.
        if (this.seen === null) this.sayWhy(error)
      }
    }
  }

  /** A page that has the focus keeps it, wherever it goes. */
  #keepFocus (): void {
    // Also that of the server's list, which the tree takes the place of.
    const early = this.seen === null && this.contains(document.activeElement) ? document.activeElement?.getAttribute('href') : null
    if (early !== null && early !== undefined) this.#focusAfter = { page: early.split('/').at(-1) ?? '', on: 'a' }
    const active = this.shadowRoot?.activeElement
    const page = active?.closest<HTMLElement>('[data-page]')?.dataset['page']
    if (page !== undefined) this.#focusAfter = { page, on: active?.matches('.more') === true ? '.more' : 'a' }
  }

  protected override updated (): void {
    super.updated()
    if (this.#focusAfter === null || this.dialog !== null) return
    const { page, on } = this.#focusAfter
    const row = this.renderRoot.querySelector(`[data-page="${page}"] > .row`)
    // It may only be coming.
    if (row === null && this.#reading !== null) return
    this.#focusAfter = null
    const target = row?.querySelector<HTMLElement>(on)
    if (target !== this.shadowRoot?.activeElement) (target ?? this.renderRoot.querySelector<HTMLElement>('.head button'))?.focus()
  }

  // Changes

  readonly #acts: Acts = {
    ask: (dialog) => this.#ask(dialog),
    cancel: () => this.closeDialog(),
    closed: () => {
      const dialog = this.dialog
      this.dialog = null
      if (dialog !== null && 'page' in dialog) this.#focusAfter ??= { page: dialog.page, on: '.more' }
      else if (dialog?.kind === 'create' && dialog.parent !== null) this.#focusAfter ??= { page: dialog.parent, on: '.more' }
    },
    create: (parent, title, from, write) => { void this.#create(parent, title, from, write) },
    rename: (page, title) => { this.closeDialog(); void this.#rename(page, title) },
    move: (page, place) => { this.closeDialog(); void this.#move(page, place) },
    trash: (page) => { this.closeDialog(); void this.#trash(page) },
    star: (page) => {
      this.closeDialog()
      toggleFavourite(this.#user, this.space, page, this.seen?.tree.get(page)?.title ?? page)
      this.requestUpdate()
    },
    template: (page, isOne) => { this.closeDialog(); void this.#template(page, isOne) },
    restrict: (page, change) => { this.closeDialog(); void this.#restrict(page, change) }
  }

  #ask (dialog: Dialog): void {
    this.dialog = dialog
    if (!this.#creates || (dialog.kind !== 'create' && dialog.kind !== 'menu')) return
    // A dialog without them serves as well.
    this.api.get<{ templates: Template[] }>(path`spaces/${this.space}/templates`).then(({ value }) => { this.templates = value.templates }, () => {})
  }

  async #template (id: string, isOne: boolean): Promise<void> {
    await this.#change(async (seen) => {
      const call = path`spaces/${this.space}/templates/${id}`
      await (isOne ? this.api.put(call, { for: 'space' }) : this.api.delete(call))
      const title = seen.tree.get(id)?.title ?? id
      await this.refresh()
      this.say(isOne ? this.words.isTemplate(title) : this.words.isNoTemplate(title))
    })
  }

  async #restrict (id: string, change: Restriction): Promise<void> {
    await this.#change(async (seen) => {
      await this.api.patch(path`spaces/${this.space}/pages/${id}`, change)
      await this.refresh()
      this.say(this.words.accessChanged(seen.tree.get(id)?.title ?? id))
    })
  }

  async #create (parent: string | null, title: string, from: string, write: boolean): Promise<void> {
    await this.#change(async () => {
      const { value } = await this.api.post<Page>(path`spaces/${this.space}/pages`, {
        title, ...(parent !== null && { parent }), ...(from !== '' && { from })
      })
      this.closeDialog()
      if (write) return window.location.assign(this.link(path`s/${this.space}/${value.id}`) + '?edit')
      if (parent !== null) this.#open(parent, true)
      this.#focusAfter = { page: value.id, on: 'a' }
      await this.refresh()
      this.say(this.words.created(title))
    })
  }

  async #rename (id: string, title: string): Promise<void> {
    await this.#change(async (seen) => {
      await rename(this.api, this.space, id, title, seen)
      await this.refresh()
      this.say(this.words.renamed(title))
    })
  }

  async #move (id: string, place: Place | null): Promise<void> {
    if (place === null) return
    await this.#change(async (seen) => {
      await move(this.api, this.space, id, place, seen)
      if (place.parent !== null) this.#open(place.parent, true)
      this.#focusAfter = { page: id, on: 'a' }
      await this.refresh()
      const tree = this.seen?.tree
      const page = tree?.get(id)
      if (tree === undefined || page === undefined) return
      const parent = tree.parentOf(id)
      const siblings = tree.siblings(id)
      const above = parent === null ? null : tree.get(parent)?.title ?? null
      this.announce(this.words.moved(page.title, above, siblings.indexOf(page) + 1, siblings.length))
    })
  }

  async #trash (id: string): Promise<void> {
    await this.#change(async (seen) => {
      const title = seen.tree.get(id)?.title ?? id
      const call = path`spaces/${this.space}/pages/${id}`
      await this.api.delete(call)
      await this.refresh()
      this.say(this.words.trashed(title), 'good', {
        label: this.words.undo,
        act: () => { void this.#change(async () => { await this.api.post(`${call}/restore`); await this.refresh() }) }
      })
    })
  }

  /** Says what went wrong, and shows the tree as it is then. */
  async #change (change: (seen: Seen) => Promise<void>): Promise<void> {
    const { seen } = this
    if (seen === null) return
    this.sayNothing()
    try {
      await change(seen)
    } catch (error) {
      if (error instanceof Overtaken) this.say(this.words.overtaken[error.why](error.title), 'bad')
      else this.sayWhy(error)
      this.closeDialog()
      await this.refresh()
    }
  }

  #open (id: string, isOpen: boolean): void {
    const opened = new Set(this.opened)
    if (isOpen) opened.add(id)
    else opened.delete(id)
    this.opened = opened
  }

  // Keys

  #onKey (event: KeyboardEvent, id: string): void {
    const { tree } = this.seen ?? {}
    if (tree === undefined || event.ctrlKey || event.metaKey) return
    if (event.altKey && event.shiftKey) {
      const places: Record<string, () => Place | null> = {
        ArrowUp: () => tree.up(id), ArrowDown: () => tree.down(id), ArrowRight: () => tree.deeper(id), ArrowLeft: () => tree.out(id)
      }
      const place = places[event.key]
      if (place === undefined || !this.#manages(tree.get(id))) return
      event.preventDefault()
      void this.#move(id, place())
      return
    }
    if (event.altKey || event.shiftKey) return
    const links = [...this.renderRoot.querySelectorAll<HTMLAnchorElement>('.row a')]
    const at = links.findIndex((link) => link === event.currentTarget)
    const hasChildren = tree.children(id).length > 0
    const focus = (link: HTMLElement | null | undefined): void => { event.preventDefault(); link?.focus() }
    switch (event.key) {
      case 'ArrowDown': return focus(links[at + 1])
      case 'ArrowUp': return focus(links[at - 1])
      case 'Home': return focus(links[0])
      case 'End': return focus(links.at(-1))
      case 'ArrowRight':
        if (hasChildren && !this.opened.has(id)) { event.preventDefault(); return this.#open(id, true) }
        return hasChildren ? focus(links[at + 1]) : undefined
      case 'ArrowLeft':
        if (hasChildren && this.opened.has(id)) { event.preventDefault(); return this.#open(id, false) }
        return focus(this.renderRoot.querySelector<HTMLElement>(`[data-page="${tree.parentOf(id) ?? ''}"] > .row a`))
    }
  }

  // The mouse

  #onDragOver (event: DragEvent, id: string): void {
    const { dragged, seen } = this
    if (dragged === null || seen === null) return
    const { top, height } = (event.currentTarget as HTMLElement).getBoundingClientRect()
    const part = (event.clientY - top) / height
    const zone: Zone = part < 0.28 ? 'before' : part > 0.72 ? 'after' : 'inside'
    if (seen.tree.dropped(dragged, id, zone) === null) {
      this.drop = null
      return
    }
    event.preventDefault()
    if (event.dataTransfer !== null) event.dataTransfer.dropEffect = 'move'
    if (this.drop?.page === id && this.drop.zone === zone) return
    this.drop = { page: id, zone }
    if (this.#opening !== null) clearTimeout(this.#opening)
    if (zone === 'inside') this.#opening = setTimeout(() => this.#open(id, true), OPEN_AFTER_MS)
  }

  #onDrop (event: DragEvent): void {
    event.preventDefault()
    const { dragged, drop, seen } = this
    this.#onDragEnd()
    if (dragged !== null && drop !== null && seen !== null) void this.#move(dragged, seen.tree.dropped(dragged, drop.page, drop.zone))
  }

  #onDragEnd (): void {
    if (this.#opening !== null) clearTimeout(this.#opening)
    this.dragged = null
    this.drop = null
  }

  #manages (page: Page | undefined): boolean { return this.#isPerson && isAtLeast(page?.role, 'facilitator') }

  // What is shown

  protected override render (): TemplateResult {
    const { seen, words } = this
    if (seen === null) return html`${this.renderNotice()}<slot></slot>`
    const { tree } = seen
    const isEmpty = tree.size === 0
    return html`
      <section aria-label=${words.pages}>
        <div class="head">
          <h2>${words.pages}</h2>
          ${this.#creates
            ? html`<button class="small" @click=${() => this.#ask({ kind: 'create', parent: null })}>${icon('plus')} ${words.newPage}</button>`
            : nothing}
        </div>
        ${this.renderNotice()}
        ${isEmpty ? html`<p class="empty">${this.#creates ? words.empty : words.emptyForReaders}</p>` : this.#list(null)}
      </section>
      ${this.#isPerson && !isEmpty ? html`<p class="help" id="help">${words.help}</p>` : nothing}
      ${this.dialog === null
        ? nothing
        : renderDialog(this.dialog, {
          tree, words, common: this.common, acts: this.#acts, isPerson: this.#isPerson,
          isStarred: (page) => isFavourite(this.#user, this.space, page), templates: this.templates, space: this.space,
          link: (path) => this.link(path)
        })}`
  }

  #list (parent: string | null): TemplateResult {
    const pages = this.seen?.tree.children(parent) ?? []
    return html`<ul role="list">${repeat(pages, (page) => page.id, (page) => this.#item(page))}</ul>`
  }

  #item (page: Page): TemplateResult {
    const { words, dragged, drop } = this
    const { id, title } = page
    const hasChildren = (this.seen?.tree.children(id).length ?? 0) > 0
    const isOpen = this.opened.has(id)
    const isHere = id === this.page
    const zone = drop?.page === id ? { before: 'before', inside: 'inside', after: 'behind' }[drop.zone] : ''
    const manages = this.#manages(page)
    return html`
      <li data-page=${id}>
        <div class="row ${isHere ? 'here' : ''} ${dragged === id ? 'moving' : ''} ${zone}" draggable=${manages}
          @dragstart=${(event: DragEvent) => {
            event.dataTransfer?.setData('text/uri-list', this.link(path`s/${this.space}/${id}`))
            this.dragged = id
          }}
          @dragend=${() => this.#onDragEnd()}
          @dragover=${(event: DragEvent) => this.#onDragOver(event, id)}
          @drop=${(event: DragEvent) => this.#onDrop(event)}>
          ${hasChildren
            ? html`<button class="twist" aria-expanded=${isOpen} aria-label=${isOpen ? words.close(title) : words.open(title)}
                @click=${() => this.#open(id, !isOpen)}>${icon(isOpen ? 'opened' : 'closed')}</button>`
            : html`<span class="gap"></span>`}
          <a href=${this.link(path`s/${this.space}/${id}`)} draggable="false" aria-current=${isHere ? 'page' : nothing}
            @keydown=${(event: KeyboardEvent) => this.#onKey(event, id)}>${title}</a>
          ${page.locked ? html`<span class="sign">${icon('lock')}<span class="unseen">${words.locked}</span></span>` : nothing}
          ${page.readers !== undefined ? html`<span class="sign">${icon('eye')}<span class="unseen">${words.restricted}</span></span>` : nothing}
          <button class="more" aria-haspopup="dialog" aria-label=${words.actions(title)}
            @click=${(event: MouseEvent) => this.#ask({ kind: 'menu', page: id, at: (event.currentTarget as HTMLElement).getBoundingClientRect() })}>${icon('more')}</button>
        </div>
        ${hasChildren && isOpen ? this.#list(id) : nothing}
      </li>`
  }
}

customElements.define('unisson-pages', UnissonPages)
