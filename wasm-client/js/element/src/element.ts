import { DOMSerializer } from 'prosemirror-model'
import type { EditorView } from 'prosemirror-view'
import type { CommentMark, CommentPlace } from '@unisson/prosemirror'
import { Session, type Status, type TokenReason } from '@unisson/yjs'
import { Files } from './attachments/files.js'
import { upload, uploads, type UploadsOptions } from './attachments/uploads.js'
import type { Quota, TokenAnswer, TokenProvider, UnissonEditor as Published, UnissonEditorEventMap } from '../types/index.js'
import { BannerLine } from './controls/banner.js'
import { askFor } from './controls/form.js'
import { Commenting } from './controls/commenting.js'
import { make } from './controls/dom.js'
import { People } from './controls/people.js'
import { StatusLine } from './controls/status-line.js'
import { Toolbar } from './controls/toolbar.js'
import { openEditor } from './editor.js'
import { describeImage, insertImage, linkAt, removeLink, setLink } from './editing/commands.js'
import { markdownOf } from './markdown.js'
import { keepFromPage } from './own-events.js'
import { quotaIn } from './quota.js'
import { personOfToken, type TokenPerson } from './token-person.js'
import { styleSheet } from './style.js'
import { Wiki } from './wiki/host.js'
import { localeOf, wordsOf, type Words } from './words.js'

/** Where TipTap's collaboration extension keeps its text. */
const DEFAULT_FIELD = 'default'
/** How long after typing the words are counted. */
const COUNT_AFTER_MS = 300
/** This script is `…/client/assets/….js`: the server is two folders up. */
const OWN_SERVER = new URL('../../', import.meta.url).href

/** The listeners of the published type are those of every element. */
type Promised = Omit<Published, 'addEventListener' | 'removeEventListener'>

/** Everything that exists while a document is open. */
interface Open {
  session: Session
  view: EditorView
  toolbar: Toolbar
  people: People
  status: StatusLine
  banner: BannerLine
  commenting: Commenting
  words: Words
  uploading: UploadsOptions
  counting: ReturnType<typeof setTimeout> | null
}

/** `<unisson-editor document="…">`: see docs/guide/embed.md for attributes, methods and events. */
export class UnissonEditor extends HTMLElement implements Promised {
  static readonly observedAttributes = ['server', 'document', 'token', 'access', 'locale', 'field', 'name', 'color', 'offline']
  readonly #root = this.attachShadow({ mode: 'open', delegatesFocus: true })
  readonly #live = make('div', { class: 'unseen', role: 'status', 'aria-live': 'polite' })
  #tokenProvider: TokenProvider | null = null
  #open: Open | null = null
  #isDue = false

  constructor () {
    super()
    this.#root.adoptedStyleSheets = [styleSheet()]
    keepFromPage(this.#root)
    this.#tokenProvider = this.#early<TokenProvider>('tokenProvider') ?? null
    this.#comments = this.#early<readonly CommentMark[]>('comments') ?? null
  }

  /** Pages may set a property before this script has come: then it lies on the element itself. */
  #early<T> (name: string): T | undefined {
    const value = Object.getOwnPropertyDescriptor(this, name)?.value as T | undefined
    if (value !== undefined) delete (this as Record<string, unknown>)[name]
    return value
  }

  /** Called when the server wants a token, where the attribute has none. */
  get tokenProvider (): TokenProvider | null { return this.#tokenProvider }
  set tokenProvider (provider: TokenProvider | null) { this.#tokenProvider = provider }

  connectedCallback (): void { this.#openSoon() }

  disconnectedCallback (): void {
    // An element that is only moved within the page stays open.
    queueMicrotask(() => { if (!this.isConnected) this.#close() })
  }

  attributeChangedCallback (name: string, before: string | null, after: string | null): void {
    if (before === after || !this.isConnected) return
    if (name === 'token' && this.#open !== null && after !== null) {
      this.#shownToken = after
      this.#open.session.setToken(after)
    } else if (name === 'access' && this.#open !== null) this.#follow()
    else if ((name === 'name' || name === 'color') && this.#open !== null) this.#introduce(this.#open.session)
    else this.#openSoon()
  }

  /** The document's session: its status, its `Y.Doc`, its presence. */
  get session (): Session | null { return this.#open?.session ?? null }
  /** The ProseMirror view. */
  get view (): EditorView | null { return this.#open?.view ?? null }
  get status (): Status { return this.#open?.session.status ?? 'offline' }
  /** Whether the server has called everything durable that was typed here. */
  get saved (): boolean { return this.#open !== null && this.#open.session.synced && !this.#open.session.unsaved }
  get quota (): Quota | null { return this.#quota }
  get readOnly (): boolean { return this.#open === null || !this.#writable(this.#open.session) }

  toHTML (): string {
    if (this.#open === null) return ''
    const { view } = this.#open
    const holder = document.createElement('div')
    holder.append(DOMSerializer.fromSchema(view.state.schema).serializeFragment(view.state.doc.content))
    return holder.innerHTML
  }

  toMarkdown (): string { return this.#open === null ? '' : markdownOf(this.#open.view.state.doc) }

  toText (): string {
    const doc = this.#open?.view.state.doc
    return doc === undefined ? '' : doc.textBetween(0, doc.content.size, '\n\n', '\n')
  }

  /** The comments to mark in the text; `null`, as at first, where nobody comments. */
  get comments (): readonly CommentMark[] | null { return this.#comments }
  set comments (comments: readonly CommentMark[] | null) {
    this.#comments = comments
    this.#open?.commenting.show(comments)
  }

  /** The ids of the comments whose place is in the text now. */
  get commentsShown (): string[] { return this.#open?.commenting.shown ?? [] }

  /** What is selected, as the place of a comment; null where nothing is. */
  get selectedPlace (): CommentPlace | null { return this.#open?.commenting.selected ?? null }

  /** Brings the place of a comment into sight. Says whether it is in the text. */
  revealComment (id: string): boolean { return this.#open?.commenting.reveal(id) ?? false }

  override focus (): void { this.#open?.view.focus() }

  /** Resolves when everything typed so far is durable. */
  async whenSaved (): Promise<void> { await this.#open?.session.whenSaved() }

  /** Removes the copy on this device: for shared computers. Rejects while something is unsaved. */
  async signOut (options: { discardUnsaved?: boolean } = {}): Promise<void> { await this.#open?.session.signOut(options) }

  /** Once for all attributes that a page sets at a time. */
  #openSoon (): void {
    if (this.#isDue) return
    this.#isDue = true
    queueMicrotask(() => {
      this.#isDue = false
      this.#close()
      if (this.isConnected) this.#start()
    })
  }

  get #writes (): boolean { return this.getAttribute('access') !== 'reader' }

  #writable (session: Session): boolean {
    // Rendering writes nothing, but typing before the text is there would put it in the wrong place.
    const isThere = session.synced || this.#wasSynced || session.doc.getXmlFragment(this.#field).length > 0
    return this.#writes && isThere && !session.readOnly && session.status !== 'refused' && session.status !== 'failed'
  }

  #wasSynced = false
  #comments: readonly CommentMark[] | null = null

  get #field (): string { return this.getAttribute('field') ?? DEFAULT_FIELD }

  #start (): void {
    const document = this.getAttribute('document')?.trim() ?? ''
    if (document === '') return
    const locale = localeOf(this.getAttribute('locale'), this.closest('[lang]')?.getAttribute('lang'), navigator.language)
    const words = wordsOf(locale)
    const root = serverRoot(this.getAttribute('server') ?? OWN_SERVER)
    this.#wasSynced = false
    this.#quota = null
    this.#said = {}
    this.#shownToken = ''
    this.#undescribed.length = 0
    const session = new Session({
      url: socketAddress(root),
      document,
      token: async (reason) => {
        const token = await this.#token(reason)
        this.#shownToken = token ?? this.#shownToken
        this.#said = token === null ? this.#said : personOfToken(token)
        this.#introduce(session)
        return token
      },
      persistence: this.getAttribute('offline') === 'none' ? 'none' : 'indexeddb'
    })
    this.#introduce(session)
    const text = make('div', { class: 'text' })
    const frame = make('div', { class: 'frame', part: 'frame', lang: locale }, text)
    const announce = (said: string): void => { this.#live.textContent = said }
    this.#root.replaceChildren(frame, this.#live)
    const files = new Files({ server: root, document, token: () => this.#shownToken })
    const uploading: UploadsOptions = { files, words, announce, describe: (address) => this.#askForDescription(address) }
    const view = openEditor({
      place: text,
      session,
      files,
      uploads: uploads(uploading),
      words,
      locale,
      wiki: new Wiki(root.href, document, () => this.getAttribute('token') ?? (this.#shownToken === '' ? null : this.#shownToken)),
      announce,
      pageOpened: (address) => !this.dispatchEvent(new CustomEvent('page-link', { detail: { address }, bubbles: true, composed: true, cancelable: true })),
      field: this.#field,
      label: this.getAttribute('aria-label') ?? words.editor,
      placeholder: this.getAttribute('placeholder') ?? words.placeholder,
      writable: () => this.#writable(session),
      askForImage: () => this.#askForImage(),
      askForLink: () => this.#askForLink(),
      comment: () => { this.#open?.commenting.ask() },
      commentChosen: (id) => this.#emit('comment-chosen', { id }),
      focusToolbar: () => this.#open?.toolbar.focus(),
      updated: (_view, before) => this.#updated(before.doc)
    })
    const people = new People(session, words, announce)
    const status = new StatusLine(session, words, announce, people.dom)
    const toolbar = new Toolbar(view, words, { link: () => this.#askForLink(), image: () => this.#askForImage(), file: () => this.#askForFiles() })
    const banner = new BannerLine(this.getAttribute('server') ?? OWN_SERVER, words === wordsOf('fr') ? 'fr' : 'en')
    frame.prepend(banner.dom, toolbar.dom)
    frame.append(status.dom)
    const commenting = new Commenting(view, frame, words, (place) => this.#emit('comment-wanted', place))
    this.#open = { session, view, toolbar, people, status, banner, commenting, words, uploading, counting: null }
    if (this.#comments !== null) commenting.show(this.#comments)
    this.#listen(session)
    this.#count()
  }

  #listen (session: Session): void {
    let wasReady = false
    session.on('status', (status) => { this.#follow(); this.#emit('status', { status }) })
    session.on('local-copy', () => this.#follow())
    session.on('read-only', () => this.#follow())
    session.on('synced', (synced) => {
      this.#wasSynced ||= synced
      this.#open?.people.connected(synced)
      this.#follow()
      if (!synced || wasReady) return
      wasReady = true
      this.#emit('ready')
    })
    session.on('saved', () => { this.#wasDirty = false; this.#emit('saved') })
    session.on('refused', ({ reason }) => { this.#follow(); this.#emit('refused', { reason }) })
    session.on('stateless', (message) => this.#hear(message))
    session.on('presence', () => {
      this.#open?.people.update()
      this.#emit('presence', { people: this.#open?.people.present ?? [] })
    })
  }

  #quota: Quota | null = null

  /** The server says how much room is left; what else is said belongs to the page's own script. */
  #hear (message: string): void {
    if (isCommentNews(message)) return this.#emit('comments-changed')
    const quota = quotaIn(message)
    if (quota === null || this.#open === null) return
    this.#quota = quota
    this.#open.status.room(quota)
    this.#emit('quota', quota)
  }

  #wasDirty = false
  /** What the session has shown last of who this is. */
  #shownToken = ''
  /** What the token says of this person; others see that in any case. */
  #said: TokenPerson = {}

  /** Shows what the session says now. */
  #follow (): void {
    if (this.#open === null) return
    const { view, toolbar, status, session } = this.#open
    // Asked again where it matters only: it puts the caret where ProseMirror believes it to be, and that
    // hears of a move a moment later.
    if (view.editable !== this.#writable(session)) view.setProps({})
    view.dom.setAttribute('aria-readonly', String(!view.editable))
    toolbar.update()
    status.update()
    this.#tellDirty(session)
  }

  #tellDirty (session: Session): void {
    if (!session.unsaved || this.#wasDirty) return
    this.#wasDirty = true
    this.#emit('dirty')
  }

  #updated (before: unknown): void {
    if (this.#open === null) return
    const { session, view, toolbar, status, commenting } = this.#open
    toolbar.update()
    commenting.update()
    if (view.state.doc === before) return
    status.update()
    this.#tellDirty(session)
    this.#emit('change')
    this.#open.counting ??= setTimeout(() => this.#count(), COUNT_AFTER_MS)
  }

  #count (): void {
    if (this.#open === null) return
    this.#open.counting = null
    this.#open.status.count(this.toText().match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu)?.length ?? 0)
  }

  #introduce (session: Session): void {
    const name = this.getAttribute('name') ?? this.#said.name ?? ''
    const color = this.getAttribute('color') ?? this.#said.color
    const user = color === undefined ? { name } : { name, color }
    if (JSON.stringify(session.awareness.getLocalState()?.user) !== JSON.stringify(user)) session.awareness.setLocalStateField('user', user)
  }

  #token (reason: TokenReason): TokenAnswer {
    const attribute = this.getAttribute('token')
    if (attribute !== null && reason === 'open') return attribute
    if (this.#tokenProvider !== null) return this.#tokenProvider(reason)
    let answer: TokenAnswer = reason === 'open' ? '' : null
    this.#emit('token-needed', { reason, respondWith: (token: TokenAnswer) => { answer = token } })
    return answer
  }

  #askForLink (): void {
    if (this.#open === null || !this.#open.view.editable) return
    const { view, words } = this.#open
    const current = linkAt(view.state)
    const isEmpty = view.state.selection.empty && current === null
    const run = (command: ReturnType<typeof setLink>): boolean => command(view.state, view.dispatch)
    askFor(this.#root.querySelector('.frame')!, words, {
      title: words.link,
      fields: [
        { label: words.forms.address, value: current?.href ?? '', type: 'url' },
        ...(isEmpty ? [{ label: words.forms.linkText, value: '', type: 'text' as const }] : [])
      ],
      apply: words.forms.apply,
      ...(current === null ? {} : { remove: { label: words.forms.remove, act: () => { run(removeLink) } } }),
      act: ([address = '', text = '']) => run(setLink(address, text)),
      closed: () => view.focus()
    })
  }

  #askForImage (): void {
    if (this.#open === null || !this.#open.view.editable) return
    const { view, words } = this.#open
    askFor(this.#root.querySelector('.frame')!, words, {
      title: words.image,
      fields: [
        { label: words.forms.address, value: '', type: 'url' },
        { label: words.forms.alternative, value: '', type: 'text' }
      ],
      apply: words.forms.insert,
      act: ([address = '', alternative = '']) => insertImage(address, alternative)(view.state, view.dispatch),
      closed: () => view.focus()
    })
  }

  /** Any files of this device, into the text. */
  #askForFiles (): void {
    if (this.#open === null || !this.#open.view.editable) return
    const { view, uploading } = this.#open
    const chooser = make('input', { type: 'file', multiple: '' })
    chooser.addEventListener('change', () => {
      for (const file of chooser.files ?? []) void upload(view, file, view.state.selection.from, uploading)
      view.focus()
    })
    chooser.click()
  }

  /** Pictures that have no description yet: one is asked for after the other. */
  readonly #undescribed: string[] = []

  #askForDescription (address: string): void {
    this.#undescribed.push(address)
    if (this.#undescribed.length === 1) this.#askForNextDescription()
  }

  #askForNextDescription (): void {
    const address = this.#undescribed[0]
    if (this.#open === null || address === undefined) return
    const { view, words } = this.#open
    askFor(this.#root.querySelector('.frame')!, words, {
      title: words.files.describe,
      fields: [{ label: words.forms.alternative, value: '', type: 'text' }],
      apply: words.forms.apply,
      act: ([alternative = '']) => { describeImage(address, alternative.trim())(view.state, view.dispatch); return true },
      closed: () => {
        this.#undescribed.shift()
        if (this.#undescribed.length === 0) view.focus()
        else this.#askForNextDescription()
      }
    })
  }

  #emit<Name extends keyof UnissonEditorEventMap> (name: Name, detail: UnissonEditorEventMap[Name]['detail'] = null): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }))
  }

  #close (): void {
    if (this.#open === null) return
    const { session, view, people, status, banner, commenting, counting } = this.#open
    this.#open = null
    if (counting !== null) clearTimeout(counting)
    people.destroy()
    status.destroy()
    banner.destroy()
    commenting.destroy()
    view.destroy()
    session.destroy()
    this.#root.replaceChildren()
  }
}

/** The server says that somebody commented; what was said, it says to whoever asks. */
const isCommentNews = (message: string): boolean => {
  try {
    return (JSON.parse(message) as { type?: unknown } | null)?.type === 'comments'
  } catch {
    return false
  }
}

const serverRoot = (server: string): URL => new URL(server.endsWith('/') ? server : `${server}/`, document.baseURI)

/** `https://portal.example/notes/` is served at `wss://portal.example/notes/hocuspocus`. */
const socketAddress = (root: URL): string => {
  const url = new URL('hocuspocus', root)
  url.protocol = url.protocol === 'http:' || url.protocol === 'ws:' ? 'ws:' : 'wss:'
  return url.href
}

if (customElements.get('unisson-editor') === undefined) customElements.define('unisson-editor', UnissonEditor)
