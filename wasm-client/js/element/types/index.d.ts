/**
 * `<unisson-editor>`: importing this package defines the element. Nothing else is needed at run time;
 * the script that a Unisson server has at `/client/unisson-editor.js` is the same.
 */

/** What a person may be told of what they typed, truthful at every moment. */
export type Status =
  'offline' | 'connecting' | 'syncing' | 'saving' | 'saved' | 'read-only' | 'refused' | 'failed'

/** Why a token is wanted: a connection opens, the last one will soon end, or it was not taken. */
export type TokenReason = 'open' | 'expiring' | 'refused'

/** `null`: there is no token, or none better than the last. */
export type TokenAnswer = string | null | Promise<string | null>

export type TokenProvider = (reason: TokenReason) => TokenAnswer

/** Somebody who is on the page now. */
export interface Person {
  name: string
  /** As the caret has it. */
  color: string
  /** The person at this page. */
  isMe: boolean
}

/** How much of the room of this document's place is used. */
export interface Quota {
  /** `full`: nothing can be written until there is room again. */
  state: 'fine' | 'near' | 'full'
  usedBytes: number
  bytesMax: number
}

/** A comment to mark in the text. Positions are the JSON of Yjs. */
export interface CommentMark {
  id: string
  start: unknown
  end: unknown
  /** It is the one that is being read. */
  active?: boolean
}

/** A place in the text that somebody wants to say something about. */
export interface CommentPlace {
  anchor: { start: unknown, end: unknown }
  /** What stands there, and before and behind it. */
  quote: string
  before: string
  after: string
}

/** What the element's session offers to a page. `doc` is the `Y.Doc`, of the Yjs that is in the script. */
export interface EditorSession {
  readonly document: string
  readonly status: Status
  /** Client and server have exchanged everything since the connection opened. */
  readonly synced: boolean
  /** The server has not yet called some edit durable, connected or not. */
  readonly unsaved: boolean
  readonly readOnly: boolean
  /** What carries the document now. */
  readonly transport: 'websocket' | 'http' | null
  /** The state of the copy on the device. */
  readonly localCopy: string
  readonly doc: object
  readonly awareness: object
  /** Connects, or tries again at once. */
  connect (): void
  /** Goes offline until `connect()`. */
  disconnect (): void
  /** Uses another token at once. */
  setToken (token: string | TokenProvider): void
  whenSynced (): Promise<void>
  whenSaved (): Promise<void>
  /** Sends a message of the application to the others; says whether it could be sent. */
  sendStateless (text: string): boolean
}

/** The attributes, as HTML has them. */
export interface UnissonEditorAttributes {
  /** The document's name; without it nothing opens. */
  document?: string
  /** The server's address; where the script comes from unless given. */
  server?: string
  token?: string
  /** `reader` shows the text without a way to change it. */
  access?: 'reader'
  name?: string
  /** As `#0063cb`. */
  color?: string
  locale?: 'fr' | 'en'
  theme?: 'light' | 'dark'
  /** `none` keeps no copy on the device. */
  offline?: 'none'
  /** The shared fragment that holds the text. */
  field?: string
  placeholder?: string
}

/** The element's own events. All bubble, and cross shadow roots. */
export interface UnissonEditorEventMap {
  /** The document is there. */
  'ready': CustomEvent<null>
  /** The text changed, by anybody. */
  'change': CustomEvent<null>
  /** Something is not durable yet. */
  'dirty': CustomEvent<null>
  /** Everything is on the server's stable storage. */
  'saved': CustomEvent<null>
  'status': CustomEvent<{ status: Status }>
  /** The server refuses this person, or an edit. */
  'refused': CustomEvent<{ reason: string }>
  /** Somebody came, left or moved. */
  'presence': CustomEvent<{ people: Person[] }>
  /** The room of the document's place is nearly used, used, or there is room again. */
  'quota': CustomEvent<Quota>
  /** Somebody wants to say something about what is selected. */
  'comment-wanted': CustomEvent<CommentPlace>
  /** A comment's place was clicked. */
  'comment-chosen': CustomEvent<{ id: string }>
  /** Somebody commented: the API says what. */
  'comments-changed': CustomEvent<null>
  /** Asks the page for a token, where neither attribute nor `tokenProvider` has one. */
  'token-needed': CustomEvent<{ reason: TokenReason, respondWith: (token: TokenAnswer) => void }>
}

type Listener<Name extends keyof UnissonEditorEventMap> = (this: UnissonEditor, event: UnissonEditorEventMap[Name]) => unknown

/** `<unisson-editor document="…">`. */
export declare class UnissonEditor extends HTMLElement {
  /** Called when the server wants a token, where the attribute has none. */
  tokenProvider: TokenProvider | null
  /** `null` while no document is open. */
  readonly session: EditorSession | null
  /** ProseMirror's `EditorView`, of the ProseMirror that is in the script. */
  readonly view: object | null
  readonly status: Status
  /** Whether the server has called everything durable that was typed here. */
  readonly saved: boolean
  readonly readOnly: boolean
  /** `null` where nothing was said of one. */
  readonly quota: Quota | null
  /** The comments to mark in the text; `null`, as at first, where nobody comments. */
  comments: readonly CommentMark[] | null
  /** The ids of the comments whose place is in the text now. */
  readonly commentsShown: string[]
  /** What is selected, as the place of a comment; `null` where nothing is. */
  readonly selectedPlace: CommentPlace | null
  /** Brings the place of a comment into sight; says whether it is in the text. */
  revealComment (id: string): boolean
  toHTML (): string
  toMarkdown (): string
  toText (): string
  /** Resolves when everything typed so far is durable. */
  whenSaved (): Promise<void>
  /** Removes the copy on this device. Rejects while something is unsaved, unless that may be lost. */
  signOut (options?: { discardUnsaved?: boolean }): Promise<void>

  addEventListener<Name extends keyof UnissonEditorEventMap> (name: Name, listener: Listener<Name>, options?: boolean | AddEventListenerOptions): void
  addEventListener<Name extends keyof HTMLElementEventMap> (name: Name, listener: (this: UnissonEditor, event: HTMLElementEventMap[Name]) => unknown, options?: boolean | AddEventListenerOptions): void
  addEventListener (name: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void
  removeEventListener<Name extends keyof UnissonEditorEventMap> (name: Name, listener: Listener<Name>, options?: boolean | EventListenerOptions): void
  removeEventListener<Name extends keyof HTMLElementEventMap> (name: Name, listener: (this: UnissonEditor, event: HTMLElementEventMap[Name]) => unknown, options?: boolean | EventListenerOptions): void
  removeEventListener (name: string, listener: EventListenerOrEventListenerObject, options?: boolean | EventListenerOptions): void
}

declare global {
  interface HTMLElementTagNameMap {
    'unisson-editor': UnissonEditor
  }
}
