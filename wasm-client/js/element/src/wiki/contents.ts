import type { Node } from 'prosemirror-model'
import { Plugin, TextSelection, type Command, type EditorState } from 'prosemirror-state'
import { Decoration, DecorationSet, type EditorView } from 'prosemirror-view'
import { calloutOf } from '@unisson/prosemirror/schema'
import { make } from '../controls/dom.js'
import type { Words } from '../words.js'
import { addressOf, referenceOf } from './reference.js'

interface Heading { level: number, text: string, position: number }

/** A paragraph that is nothing but a link to the table of contents is one. */
export const isContents = (node: Node): boolean => node.type.name === 'paragraph' && node.childCount === 1 &&
  referenceOf(node.firstChild!.marks.find(({ type }) => type.name === 'link')?.attrs.href)?.kind === 'contents'

/** Shows the table of contents, live, and says of callouts how they are meant. */
export const wikiBlocks = (words: Words): Plugin<DecorationSet> => new Plugin<DecorationSet>({
  state: {
    init: (_config, state) => shown(state, words),
    apply: (tr, before, _old, state) => tr.docChanged ? shown(state, words) : before
  },
  props: { decorations (state) { return this.getState(state) } }
})

const shown = ({ doc }: EditorState, words: Words): DecorationSet => {
  const headings: Heading[] = []
  const places: number[] = []
  const decorations: Decoration[] = []
  doc.descendants((node, position) => {
    const callout = node.type.name === 'blockquote' ? calloutOf(node.attrs.callout) : null
    if (callout !== null) decorations.push(Decoration.node(position, position + node.nodeSize, { 'data-label': words.callouts[callout], role: 'note' }))
    if (node.type.name === 'heading') headings.push({ level: Number(node.attrs.level) || 1, text: node.textContent, position })
    if (isContents(node)) places.push(position)
    return !node.isTextblock
  })
  for (const position of places) {
    const end = position + doc.nodeAt(position)!.nodeSize
    decorations.push(Decoration.node(position, end, { class: 'contents-title' }))
    // The key says what is shown: while it is the same, so is the list.
    const said = JSON.stringify(headings.map(({ level, text }) => [level, text]))
    decorations.push(Decoration.widget(end, (view) => listOf(headings, view, words), { side: -1, key: `contents ${said}`, ignoreSelection: true, stopEvent: () => true }))
  }
  return DecorationSet.create(doc, decorations)
}

const listOf = (headings: Heading[], view: EditorView, words: Words): HTMLElement => {
  const top = Math.min(...headings.map(({ level }) => level))
  const items = headings.map(({ level, text }, index) => {
    const link = make('button', { type: 'button' }, text || '…')
    link.addEventListener('click', () => goTo(view, index))
    const item = make('li', {}, link)
    item.style.setProperty('--level', String(level - top))
    return item
  })
  const list = make('nav', { class: 'contents', contenteditable: 'false', 'aria-label': words.contents },
    ...(items.length === 0 ? [make('p', {}, words.wiki.noHeadings)] : [make('ol', {}, ...items)]))
  return list
}

/** Headings move while people write: it is the same one that counts as many before it. */
const goTo = (view: EditorView, index: number): void => {
  let count = 0
  let found: number | null = null
  view.state.doc.descendants((node, position) => {
    if (node.type.name === 'heading' && count++ === index) found = position
    return found === null && !node.isTextblock
  })
  if (found === null) return
  view.dispatch(view.state.tr.setSelection(TextSelection.create(view.state.doc, found + 1)).scrollIntoView())
  view.focus()
  const dom = view.nodeDOM(found)
  if (dom instanceof HTMLElement) dom.scrollIntoView({ block: 'start' })
}

/** Puts a table of contents where the caret is. */
export const insertContents = (words: Words): Command => (state, dispatch) => {
  const { paragraph } = state.schema.nodes
  const { link } = state.schema.marks
  const title = state.schema.text(words.contents, [link!.create({ href: addressOf({ kind: 'contents' }) })])
  const { $from } = state.selection
  if (dispatch === undefined) return true
  const tr = state.tr
  const isEmpty = $from.parent.type === paragraph && $from.parent.content.size === 0
  if (isEmpty) tr.insert($from.pos, title)
  else tr.insert($from.depth === 0 ? 0 : $from.after(), paragraph!.create(null, title))
  // One goes on writing below it, and behind the list no caret would stand.
  const below = isEmpty ? tr.doc.resolve($from.pos).after() : ($from.depth === 0 ? 0 : $from.after()) + title.nodeSize + 2
  if (tr.doc.resolve(below).nodeAfter?.isTextblock !== true) tr.insert(below, paragraph!.create())
  dispatch(tr.setSelection(TextSelection.create(tr.doc, below + 1)).scrollIntoView())
  return true
}
