import { TextSelection, type Selection, type Transaction } from 'prosemirror-state'
import type { EditorView } from 'prosemirror-view'

interface DOMSelectionRange { anchorNode: globalThis.Node | null, anchorOffset: number, focusNode: globalThis.Node | null, focusOffset: number }

/** ProseMirror's way to the browser's selection, and what it last knew of it: neither is in its types. */
interface Inside {
  domSelectionRange?: () => DOMSelectionRange
  domObserver?: { currentSelection?: { eq: (range: DOMSelectionRange) => boolean } }
}

/** A transaction that was not made for a key, with a move of the caret that was not heard of yet before it. */
export const withSelection = (view: EditorView, tr: Transaction): Transaction => {
  const selection = selectionIn(view)
  return selection.eq(tr.selection) ? tr : tr.setSelection(selection)
}

/**
 * The selection as the browser has it: ProseMirror hears of a move only after what came from the network in
 * between, and would move the caret back. Whoever dispatches for others, and not for a key, asks for it.
 */
export const selectionIn = (view: EditorView): Selection => {
  const { doc, selection } = view.state
  if (view.composing || !view.hasFocus()) return selection
  const inside = view as unknown as Inside
  const range = inside.domSelectionRange?.()
  if (range === undefined || inside.domObserver?.currentSelection?.eq(range) === true) return selection
  const { anchorNode, anchorOffset, focusNode, focusOffset } = range
  if (anchorNode === null || focusNode === null || !view.dom.contains(anchorNode) || !view.dom.contains(focusNode)) return selection
  try {
    const [$anchor, $head] = [doc.resolve(view.posAtDOM(anchorNode, anchorOffset)), doc.resolve(view.posAtDOM(focusNode, focusOffset))]
    return TextSelection.between($anchor, $head)
  } catch {
    // Not a place in the text: a drawing in it, or one that is being changed.
    return selection
  }
}
