import { lift, setBlockType, toggleMark, wrapIn } from 'prosemirror-commands'
import type { MarkType, Node, NodeType } from 'prosemirror-model'
import { liftListItem, wrapInList } from 'prosemirror-schema-list'
import { AllSelection, TextSelection, type Command, type EditorState } from 'prosemirror-state'
import { isInTable } from 'prosemirror-tables'
import { safeImage, safeLink } from '@unisson/prosemirror'
import { calloutOf } from '@unisson/prosemirror/schema'
import type { StyleName } from '../words.js'

const HEADING = /^heading(\d)$/

/** The node of this type around the selection, nearest first. */
export const around = (state: EditorState, ...types: NodeType[]): { node: Node, position: number } | null => {
  const { $from } = state.selection instanceof AllSelection ? TextSelection.atStart(state.doc) : state.selection
  for (let depth = $from.depth; depth > 0; depth--) {
    if (types.includes($from.node(depth).type)) return { node: $from.node(depth), position: $from.before(depth) }
  }
  return null
}

export const hasMark = (state: EditorState, type: MarkType): boolean => {
  const { from, to, $from, empty } = state.selection
  if (empty) return type.isInSet(state.storedMarks ?? $from.marks()) !== undefined
  return state.doc.rangeHasMark(from, to, type)
}

export const mark = (name: string): Command => (state, dispatch) => toggleMark(state.schema.marks[name]!)(state, dispatch)

/** The style of the paragraph, where all selected ones share it. */
export const styleAt = (state: EditorState): StyleName | null => {
  const found = new Set<string>()
  state.doc.nodesBetween(state.selection.from, state.selection.to, (node) => {
    if (node.isTextblock) found.add(node.type.name === 'heading' ? `heading${node.attrs.level}` : node.type.name)
    return !node.isTextblock
  })
  return found.size === 1 ? [...found][0] as StyleName : null
}

export const setStyle = (style: StyleName): Command => (state, dispatch) => {
  const level = HEADING.exec(style)?.[1]
  const { nodes } = state.schema
  const command = level === undefined ? setBlockType(nodes[style]!) : setBlockType(nodes.heading!, { level: Number(level) })
  return command(state, dispatch)
}

const itemOf = (list: NodeType): NodeType => list.schema.nodes[list.name === 'taskList' ? 'taskItem' : 'listItem']!

/** All of the document is selected as its text: commands for blocks look for those around the selection. */
const onText = (command: Command): Command => (state, dispatch, view) => {
  const { doc, selection, tr } = state
  if (!(selection instanceof AllSelection)) return command(state, dispatch, view)
  const text = TextSelection.between(doc.resolve(0), doc.resolve(doc.content.size))
  return command(state.apply(tr.setSelection(text)), dispatch, view)
}

/** Makes a list of this kind, changes the kind of one, or ends it. */
export const toggleList = (name: string): Command => onText((state, dispatch) => {
  const { nodes } = state.schema
  const wanted = nodes[name]!
  const current = around(state, nodes.bulletList!, nodes.orderedList!, nodes.taskList!)
  if (current === null) return wrapInList(wanted)(state, dispatch)
  if (current.node.type === wanted) return liftListItem(itemOf(wanted))(state, dispatch)
  dispatch?.(changeList(state, current, wanted))
  return true
})

const changeList = (state: EditorState, { node, position }: { node: Node, position: number }, wanted: NodeType) => {
  const item = itemOf(wanted)
  const items: Node[] = []
  node.forEach((child) => items.push(child.type === itemOf(node.type) ? item.create(null, child.content) : child))
  const { from, to } = state.selection
  const tr = state.tr.replaceWith(position, position + node.nodeSize, wanted.create(null, items))
  return tr.setSelection(TextSelection.between(tr.doc.resolve(from), tr.doc.resolve(to))).scrollIntoView()
}

export const toggleQuote: Command = onText((state, dispatch) =>
  around(state, state.schema.nodes.blockquote!) === null ? wrapIn(state.schema.nodes.blockquote!)(state, dispatch) : lift(state, dispatch))

/** Makes a callout of what is selected, changes how one is meant, or leaves a plain quote. */
export const setCallout = (callout: string | null): Command => onText((state, dispatch, view) => {
  const { blockquote } = state.schema.nodes
  const current = around(state, blockquote!)
  if (current === null) return wrapIn(blockquote!, { callout })(state, dispatch, view)
  dispatch?.(state.tr.setNodeAttribute(current.position, 'callout', callout))
  return true
})

/** How the callout around the selection is meant; null where there is none. */
export const calloutAt = (state: EditorState): string | null => calloutOf(around(state, state.schema.nodes.blockquote!)?.node.attrs.callout)

export const toggleCallout: Command = (state, dispatch, view) =>
  calloutAt(state) === null ? setCallout('info')(state, dispatch, view) : toggleQuote(state, dispatch, view)

export const insertRule: Command = (state, dispatch) => {
  dispatch?.(state.tr.replaceSelectionWith(state.schema.nodes.horizontalRule!.create()).scrollIntoView())
  return true
}

const TABLE_ROWS = 3
const TABLE_COLUMNS = 3

export const insertTable: Command = (state, dispatch) => {
  if (isInTable(state)) return false
  const { table, tableRow, tableHeader, tableCell } = state.schema.nodes
  const row = (type: NodeType): Node => tableRow!.create(null, Array.from({ length: TABLE_COLUMNS }, () => type.createAndFill()!))
  const rows = Array.from({ length: TABLE_ROWS }, (_, index) => row(index === 0 ? tableHeader! : tableCell!))
  if (dispatch) {
    const from = state.selection.from
    const tr = state.tr.replaceSelectionWith(table!.create(null, rows))
    let first: number | null = null
    tr.doc.nodesBetween(Math.max(0, from - 1), tr.doc.content.size, (node, position) => {
      if (first === null && node.type === tableHeader) first = position
      return first === null
    })
    if (first !== null) tr.setSelection(TextSelection.near(tr.doc.resolve(first + 1)))
    dispatch(tr.scrollIntoView())
  }
  return true
}

export const insertImage = (address: string, alternative: string): Command => (state, dispatch) => {
  const src = safeImage(address)
  if (src === null) return false
  dispatch?.(state.tr.replaceSelectionWith(state.schema.nodes.image!.create({ src, alt: alternative })).scrollIntoView())
  return true
}

/** Says of a picture what whoever does not see it should know. */
export const describeImage = (address: string, alternative: string): Command => (state, dispatch) => {
  let found: number | null = null
  state.doc.descendants((node, position) => {
    if (found === null && node.type.name === 'image' && node.attrs.src === address) found = position
    return found === null
  })
  if (found === null) return false
  dispatch?.(state.tr.setNodeAttribute(found, 'alt', alternative))
  return true
}

/** The link at the selection, and how far it reaches. */
export const linkAt = (state: EditorState): { href: string, from: number, to: number } | null => {
  const { link } = state.schema.marks
  const { $from, from, to, empty } = state.selection
  const found = link!.isInSet($from.marks()) ?? link!.isInSet($from.nodeAfter?.marks ?? [])
  if (found === undefined) return null
  if (!empty) return { href: String(found.attrs.href ?? ''), from, to }
  const start = $from.start()
  let range: { from: number, to: number } | null = null
  let position = start
  $from.parent.forEach((child) => {
    const end = position + child.nodeSize
    if (found.isInSet(child.marks)) {
      if (range !== null && range.to === position) range = { from: range.from, to: end }
      else if (range === null || range.to < from) range = { from: position, to: end }
    }
    position = end
  })
  const reach = range as { from: number, to: number } | null
  return reach === null ? null : { href: String(found.attrs.href ?? ''), ...reach }
}

export const setLink = (address: string, text: string): Command => (state, dispatch) => {
  const href = safeLink(/^[\w-]+(\.[\w-]+)+([/?#]|$)/.test(address.trim()) ? `https://${address.trim()}` : address)
  if (href === null) return false
  const type = state.schema.marks.link!
  const current = linkAt(state)
  const [from, to] = current === null ? [state.selection.from, state.selection.to] : [current.from, current.to]
  if (dispatch) {
    const { tr } = state
    if (from === to) tr.replaceWith(from, to, state.schema.text(text.trim() || href, type.create({ href }).addToSet(state.selection.$from.marks())))
    else tr.removeMark(from, to, type).addMark(from, to, type.create({ href }))
    dispatch(tr.removeStoredMark(type).scrollIntoView())
  }
  return true
}

export const removeLink: Command = (state, dispatch) => {
  const current = linkAt(state)
  if (current === null) return false
  dispatch?.(state.tr.removeMark(current.from, current.to, state.schema.marks.link!))
  return true
}
