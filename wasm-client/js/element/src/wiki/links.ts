import { Plugin, PluginKey, TextSelection, type EditorState, type Transaction } from 'prosemirror-state'
import { Decoration, DecorationSet, type EditorView } from 'prosemirror-view'
import { closeUndoGroup } from '@unisson/prosemirror'
import { chipAt, chipsOf, type Chip } from './chips.js'
import type { Titles } from './titles.js'
import type { Words } from '../words.js'

export interface LinkOptions {
  titles: Titles
  words: Words
  /** Follows a link, or creates the page that it is to lead to. */
  open: (view: EditorView, chip: Chip) => void
}

const key = new PluginKey<DecorationSet>('unissonLinks')

/** Shows links to pages, people and days as what they are, and takes each as one thing. */
export const wikiLinks = (options: LinkOptions): Plugin<DecorationSet> => new Plugin<DecorationSet>({
  key,
  state: {
    init: (_config, state) => shown(state, options),
    apply: (tr, before, _old, state) => tr.docChanged || tr.getMeta(key) === true ? shown(state, options) : before
  },
  props: {
    decorations: (state) => key.getState(state),
    handleKeyDown: (view, event) => erase(view, event) || follow(view, event, options)
  },
  appendTransaction: (_transactions, before, state) => aside(before, state)
})

/** Titles have come, or changed. */
export const titlesChanged = (view: EditorView): void =>
  view.dispatch(view.state.tr.setMeta(key, true).setMeta('addToHistory', false))

const shown = (state: EditorState, { titles, words }: LinkOptions): DecorationSet => {
  const decorations: Decoration[] = []
  for (const chip of chipsOf(state.doc)) {
    const { from, to, reference } = chip
    const show = (name: string, tip?: string): void => {
      decorations.push(Decoration.inline(from, to, { class: `chip ${name}`, ...(tip === undefined ? {} : { title: tip }) }))
    }
    if (reference.kind !== 'page') {
      show(reference.kind, reference.kind === 'new-page' ? words.wiki.toBeWritten(reference.title) : undefined)
      continue
    }
    const title = titles.of(reference)
    show(title === null ? 'page missing' : 'page', title === null ? words.wiki.missing : undefined)
    if (!chip.follows || typeof title !== 'string' || title === chip.text) continue
    show('stale')
    decorations.push(Decoration.widget(to, () => titleOf(title), { side: -1, key: `title ${title}`, ignoreSelection: true }))
  }
  return DecorationSet.create(state.doc, decorations)
}

const titleOf = (title: string): HTMLElement => {
  const shown = document.createElement('span')
  shown.className = 'chip page present-title'
  shown.contentEditable = 'false'
  shown.textContent = title
  return shown
}

/** Nobody's caret stands inside of a chip: it goes on to the other end, or round both. */
const aside = (before: EditorState, state: EditorState): Transaction | null => {
  const { selection, doc } = state
  if (!(selection instanceof TextSelection) || selection.eq(before.selection)) return null
  const { anchor, head, empty } = selection
  const start = chipAt(doc, anchor)
  const end = chipAt(doc, head)
  if (start === null && end === null) return null
  const came = before.doc.eq(doc) ? before.selection.head : null
  const newHead = end === null ? head : farEnd(end, head, came)
  const newAnchor = empty ? newHead : start === null ? anchor : anchor <= head ? start.from : start.to
  return state.tr.setSelection(TextSelection.create(doc, newAnchor, newHead))
}

const farEnd = ({ from, to }: Chip, at: number, came: number | null): number => {
  if (came === from) return to
  if (came === to) return from
  return at - from < to - at ? from : to
}

const erase = (view: EditorView, { key: name }: KeyboardEvent): boolean => {
  const { selection, doc, tr } = view.state
  if (!selection.empty || !view.editable || (name !== 'Backspace' && name !== 'Delete')) return false
  const chip = chipAt(doc, selection.head, true)
  if (chip === null || selection.head !== (name === 'Backspace' ? chip.to : chip.from)) return false
  // Nobody typed it letter by letter: undo brings it back alone.
  closeUndoGroup(view)
  view.dispatch(tr.delete(chip.from, chip.to).scrollIntoView())
  return true
}

/** Alt and Enter at a link follow it, as a click does. */
const follow = (view: EditorView, event: KeyboardEvent, { open }: LinkOptions): boolean => {
  if (event.key !== 'Enter' || !event.altKey) return false
  const chip = chipAt(view.state.doc, view.state.selection.head, true)
  if (chip === null) return false
  open(view, chip)
  return true
}
