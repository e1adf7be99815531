import { dropCursor } from 'prosemirror-dropcursor'
import { gapCursor } from 'prosemirror-gapcursor'
import { keymap } from 'prosemirror-keymap'
import { EditorState, Plugin, type Command, type EditorState as State } from 'prosemirror-state'
import { EditorView } from 'prosemirror-view'
import { carets, collaboration, comments } from '@unisson/prosemirror'
import { richTextSchema } from '@unisson/prosemirror/schema'
import type { Session } from '@unisson/yjs'
import { copied, pasted } from './attachments/carried.js'
import type { Files } from './attachments/files.js'
import { ImageView } from './attachments/image-view.js'
import { below } from './editing/below.js'
import { cleanHtml } from './editing/paste.js'
import { placeholder } from './editing/placeholder.js'
import { markdownRules } from './editing/rules.js'
import { shortcuts } from './editing/shortcuts.js'
import { tables } from './editing/tables.js'
import { TaskItem } from './editing/tasks.js'
import { chipAt, chipBehind, type Chip } from './wiki/chips.js'
import { wikiBlocks } from './wiki/contents.js'
import { wikiLinks, titlesChanged } from './wiki/links.js'
import { follower } from './wiki/follow.js'
import type { Wiki } from './wiki/host.js'
import { menus } from './wiki/menus.js'
import { suggest } from './wiki/suggest.js'
import { Titles } from './wiki/titles.js'
import type { Locale, Words } from './words.js'

export interface EditorOptions {
  place: HTMLElement
  session: Session
  /** The shared fragment that holds the text. */
  field: string
  words: Words
  locale: Locale
  /** The wiki around the document. */
  wiki: Wiki
  /** Says to screen readers what has happened. */
  announce: (said: string) => void
  /** A link to a page was followed; whether the portal sees to it. */
  pageOpened: (address: string) => boolean
  label: string
  placeholder: string
  /** Whether edits may be made now. */
  writable: () => boolean
  files: Files
  /** What stands between the text and its files: see `uploads`. */
  uploads: Plugin
  /** Opens the form for an image. */
  askForImage: () => void
  /** Opens the form for a link. */
  askForLink: () => void
  /** Somebody wants to say something about what is selected. */
  comment: () => void
  /** A comment's place was clicked. */
  commentChosen: (id: string) => void
  /** Goes from the text to the bar. */
  focusToolbar: () => void
  /** After everything that changed what is shown. */
  updated: (view: EditorView, before: State) => void
}

/** The text itself, joined to the session's document. */
export const openEditor = (options: EditorOptions): EditorView => {
  const { session, words, writable, wiki, announce } = options
  const schema = richTextSchema(words.unsupported)
  const link: Command = () => { options.askForLink(); return true }
  // In lists and tables the tab key has its own use; this one is other editors' too.
  const comment: Command = () => { options.comment(); return true }
  const bar: Command = () => { options.focusToolbar(); return true }
  const titles = new Titles(wiki, () => { if (!view.isDestroyed) titlesChanged(view) })
  const { open, create } = follower({ wiki, titles, words, announce, pageOpened: options.pageOpened })
  const plugins = [
    suggest({
      words,
      announce,
      place: () => options.place.parentElement!,
      suggestions: menus({ wiki, words, locale: options.locale, image: options.askForImage, create })
    }),
    wikiLinks({ titles, words, open }),
    wikiBlocks(words),
    collaboration({ fragment: session.doc.getXmlFragment(options.field), writable }),
    comments(options.commentChosen),
    carets({ awareness: session.awareness }),
    markdownRules(schema),
    below(),
    keymap({ 'Mod-k': link, 'Mod-Alt-m': comment, 'Alt-F10': bar }),
    ...shortcuts(schema),
    options.uploads,
    tables(),
    dropCursor({ class: 'drop-cursor', color: false }),
    gapCursor(),
    placeholder(() => options.placeholder),
    new Plugin({ view: () => ({ update: options.updated, destroy: () => titles.destroy() }) })
  ]
  const view = new EditorView(options.place, {
    state: EditorState.create({ schema, plugins }),
    editable: writable,
    transformPastedHTML: cleanHtml,
    transformCopied: (slice) => copied(slice, options.files),
    transformPasted: (slice) => pasted(slice, options.files),
    nodeViews: {
      image: (node) => new ImageView(node, options.files, words),
      taskItem: (node, view, getPosition) => new TaskItem(node, view, getPosition, words.done)
    },
    // Also what may only be read is scrolled by keys.
    attributes: { role: 'textbox', tabindex: '0', 'aria-multiline': 'true', 'aria-label': options.label, part: 'text' },
    handleDOMEvents: {
      // Keys of what may only be read: those of the keymaps are for writing.
      keydown: (view, event) => {
        const isComment = event.altKey && (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'm'
        if (view.editable || !isComment) return false
        options.comment()
        event.preventDefault()
        return true
      },
      // A link in a text that is being written opens only when asked for.
      click: (view, event) => {
        const link = (event.target as Element).closest?.('a, .present-title')
        const chip = link === null ? null : chipOf(view, link)
        if (chip !== null && (event.ctrlKey || event.metaKey || !view.editable || chip.reference.kind === 'new-page')) {
          open(view, chip)
          event.preventDefault()
          return true
        }
        const anchor = chip === null ? link?.closest('a') : undefined
        if (anchor === null || anchor === undefined || (view.editable && !(event.ctrlKey || event.metaKey))) return false
        const show = (address: string): void => { window.open(address, '_blank', 'noopener,noreferrer') }
        const address = anchor.getAttribute('href')
        if (options.files.isFile(address)) options.files.shown(address).then(show, () => {})
        else show(anchor.href)
        event.preventDefault()
        return true
      }
    }
  })
  return view
}

/** The page, person or day that an element in the text shows. */
const chipOf = (view: EditorView, shown: Element): Chip | null => {
  const position = view.posAtDOM(shown, 0)
  // The present title stands behind what it is shown in the place of.
  return shown.tagName === 'A' ? chipBehind(view.state.doc, position) : chipAt(view.state.doc, position, true)
}
