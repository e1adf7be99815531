import { english } from './words/en.js'
import { french } from './words/fr.js'

/** What the editor shows of its connection. */
export type Shown =
  'offline' | 'offlineUnkept' | 'offlineClean' | 'connecting' | 'syncing' | 'saving' | 'saved' | 'read-only' | 'refused' | 'failed' |
  'full' | 'fullKept' | 'fullUnkept'

export type StyleName = 'paragraph' | 'heading1' | 'heading2' | 'heading3' | 'heading4' | 'codeBlock'

export type CalloutName = 'info' | 'tip' | 'warning' | 'danger'

export type TableAction =
  'insert' | 'rowAbove' | 'rowBelow' | 'columnLeft' | 'columnRight' | 'headerRow' | 'deleteRow' | 'deleteColumn' | 'deleteTable'

/** What is said about pages, people and days. */
export interface WikiWords {
  lists: Record<'page' | 'mention' | 'block', string>
  found: (count: number) => string
  create: (title: string) => string
  later: (title: string) => string
  created: (title: string) => string
  notCreated: (title: string) => string
  toBeWritten: (title: string) => string
  missing: string
  today: string
  tomorrow: string
  noHeadings: string
  linkToPage: string
  mention: string
  callout: (kind: string) => string
  plainQuote: string
}

/** Everything that people read or hear. */
export interface Words {
  editor: string
  placeholder: string
  toolbar: string
  style: string
  styles: Record<StyleName, string>
  bold: string
  italic: string
  underline: string
  strike: string
  code: string
  link: string
  bulletList: string
  orderedList: string
  taskList: string
  blockquote: string
  codeBlock: string
  horizontalRule: string
  table: string
  image: string
  callout: string
  callouts: Record<CalloutName, string>
  contents: string
  wiki: WikiWords
  undo: string
  redo: string
  done: string
  comment: string
  tables: Record<TableAction, string>
  forms: Record<'address' | 'linkText' | 'alternative' | 'apply' | 'insert' | 'remove' | 'cancel' | 'badAddress', string>
  files: {
    attach: string
    uploading: (name: string) => string
    added: (name: string) => string
    failed: (name: string, reason: string) => string
    describe: string
    missing: (alt: string) => string
    /** By the server's code; `other` for all that have no words of their own. */
    reasons: Record<string, string>
  }
  status: Record<Shown, string>
  /** So much of the room is used. */
  nearlyFull: (percent: number) => string
  words: (count: number) => string
  people: (count: number) => string
  others: (count: number) => string
  you: (name: string) => string
  anonymous: string
  arrived: (names: string) => string
  left: (names: string) => string
  unsupported: (name: string) => string
}

export type Locale = 'fr' | 'en'

/** French for every French, English for everybody else. */
export const localeOf = (...languages: Array<string | null | undefined>): Locale => {
  const first = languages.find((language) => language !== null && language !== undefined && language.trim() !== '')
  return first?.toLowerCase().startsWith('fr') === true ? 'fr' : 'en'
}

export const wordsOf = (locale: Locale): Words => locale === 'fr' ? french : english
