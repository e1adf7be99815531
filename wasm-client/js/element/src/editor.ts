import { dropCursor } from 'prosemirror-dropcursor'
import { gapCursor } from 'prosemirror-gapcursor'
import { keymap } from 'prosemirror-keymap'
import { EditorState, Plugin, type Command, type EditorState as State } from 'prosemirror-state'
import { EditorView } from 'prosemirror-view'
import { carets, collaboration, comments } from '@unisson/prosemirror'
import { richTextSchema } from '@unisson/prosemirror/schema'
import type { Session } from '@unisson/yjs'
import { cleanHtml } from './editing/paste.js'
import { placeholder } from './editing/placeholder.js'
import { markdownRules } from './editing/rules.js'
import { shortcuts } from './editing/shortcuts.js'
import { tables } from './editing/tables.js'
import { TaskItem } from './editing/tasks.js'
import type { Words } from './words.js'

export interface EditorOptions {
  place: HTMLElement
  session: Session
  /** The shared fragment that holds the text. */
  field: string
  words: Words
  label: string
  placeholder: string
  /** Whether edits may be made now. */
  writable: () => boolean
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
  const { session, words, writable } = options
  const schema = richTextSchema(words.unsupported)
  const link: Command = () => { options.askForLink(); return true }
  // In lists and tables the tab key has its own use; this one is other editors' too.
  const comment: Command = () => { options.comment(); return true }
  const bar: Command = () => { options.focusToolbar(); return true }
  const plugins = [
    collaboration({ fragment: session.doc.getXmlFragment(options.field), writable }),
    comments(options.commentChosen),
    carets({ awareness: session.awareness }),
    markdownRules(schema),
    keymap({ 'Mod-k': link, 'Mod-Alt-m': comment, 'Alt-F10': bar }),
    ...shortcuts(schema),
    tables(),
    dropCursor({ class: 'drop-cursor', color: false }),
    gapCursor(),
    placeholder(() => options.placeholder),
    new Plugin({ view: () => ({ update: options.updated }) })
  ]
  return new EditorView(options.place, {
    state: EditorState.create({ schema, plugins }),
    editable: writable,
    transformPastedHTML: cleanHtml,
    nodeViews: {
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
        const address = (event.target as Element).closest?.('a')?.href
        if (address === undefined || (view.editable && !(event.ctrlKey || event.metaKey))) return false
        window.open(address, '_blank', 'noopener,noreferrer')
        event.preventDefault()
        return true
      }
    }
  })
}
