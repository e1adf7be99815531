import type { Node } from 'prosemirror-model'
import { NodeSelection, Plugin, TextSelection, type EditorState } from 'prosemirror-state'
import { GapCursor } from 'prosemirror-gapcursor'
import type { EditorView } from 'prosemirror-view'
import { isContents } from '../wiki/contents.js'

const CLOSED = new Set(['table', 'codeBlock', 'blockquote'])

/** Blocks that are done: one goes on writing below them, not in them. */
const isClosed = (node: Node): boolean => node.isAtom || CLOSED.has(node.type.name) || isContents(node)

/** Whether the caret is on the last line of the last block; cells of a last row are side by side. */
const isAtEnd = ({ doc, selection }: EditorState, view: EditorView): boolean => {
  const { $head, to, empty } = selection
  if (selection instanceof NodeSelection || selection instanceof GapCursor) return to === doc.content.size
  for (let depth = 0; depth < $head.depth; depth++) {
    const node = $head.node(depth)
    if (node.type.spec.tableRole !== 'row' && $head.index(depth) < node.childCount - 1) return false
  }
  return empty && view.endOfTextblock('down')
}

const writeBelow = (view: EditorView): void => {
  const { doc, schema, tr } = view.state
  tr.insert(doc.content.size, schema.nodes.paragraph!.create())
  view.dispatch(tr.setSelection(TextSelection.create(tr.doc, tr.doc.content.size - 1)).scrollIntoView())
  view.focus()
}

/**
 * Behind a table of contents, an image or a table that ends a page no caret would stand: an arrow down, or a click below, makes a
 * paragraph there.
 */
export const below = (): Plugin => new Plugin({
  props: {
    handleKeyDown: (view, event) => {
      if (event.key !== 'ArrowDown' || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey || !view.editable) return false
      if (!isClosed(view.state.doc.lastChild!) || !isAtEnd(view.state, view)) return false
      writeBelow(view)
      return true
    },
    handleDOMEvents: {
      mousedown: (view, event) => {
        const last = view.dom.lastElementChild
        if (event.button !== 0 || event.shiftKey || event.target !== view.dom || last === null || !view.editable) return false
        if (!isClosed(view.state.doc.lastChild!) || event.clientY <= last.getBoundingClientRect().bottom) return false
        event.preventDefault()
        writeBelow(view)
        return true
      }
    }
  }
})
