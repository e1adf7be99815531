import { TextSelection, type Selection } from 'prosemirror-state'
import type { EditorView } from 'prosemirror-view'

/**
 * The selection as the browser has it: ProseMirror hears of a move only after what came from the network in
 * between, and would move the caret back. Its way to the browser's selection is not in its types.
 */
export const selectionIn = (view: EditorView): Selection => {
  const { doc, selection } = view.state
  if (!(selection instanceof TextSelection) || view.composing || !view.hasFocus()) return selection
  const { domSelectionRange } = view as unknown as { domSelectionRange?: () => DOMSelectionRange }
  const { anchorNode, anchorOffset = 0, focusNode, focusOffset = 0 } = domSelectionRange?.call(view) ?? {}
  if (!anchorNode || !focusNode || !view.dom.contains(anchorNode) || !view.dom.contains(focusNode)) return selection
  try {
    const [anchor, head] = [view.posAtDOM(anchorNode, anchorOffset), view.posAtDOM(focusNode, focusOffset)]
    const isText = doc.resolve(anchor).parent.inlineContent && doc.resolve(head).parent.inlineContent
    return isText ? TextSelection.create(doc, anchor, head) : selection
  } catch {
    // Not a place in the text: a drawing in it, or one that is being changed.
    return selection
  }
}

interface DOMSelectionRange { anchorNode: globalThis.Node | null, anchorOffset: number, focusNode: globalThis.Node | null, focusOffset: number }
