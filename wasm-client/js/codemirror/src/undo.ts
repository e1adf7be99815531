import type { Command, EditorView, KeyBinding } from '@codemirror/view'
import { bindingPlugin, type Binding } from './binding.js'

const bindingOf = (view: EditorView): Binding | null => view.plugin(bindingPlugin)

/** Whether there is something of one's own to undo or redo. */
export const canUndo = (view: EditorView): boolean => bindingOf(view)?.undo.canUndo ?? false
export const canRedo = (view: EditorView): boolean => bindingOf(view)?.undo.canRedo ?? false

/** What follows is undone apart from what was before. */
export const closeUndoGroup = (view: EditorView): void => bindingOf(view)?.undo.closeGroup()

/** Takes back the last edit of this editor. */
export const undo: Command = (view) => step(view, 'undo')

/** Does again what was taken back. */
export const redo: Command = (view) => step(view, 'redo')

/** An editor that may not be written has its keys all the same: no other history may take them. */
const step = (view: EditorView, direction: 'undo' | 'redo'): boolean => {
  const binding = bindingOf(view)
  if (binding === null) return false
  if (binding.gate.isOpen && !view.state.readOnly) binding.undo[direction]()
  return true
}

export const undoKeymap: readonly KeyBinding[] = [
  { key: 'Mod-z', run: undo, preventDefault: true },
  { key: 'Mod-y', mac: 'Mod-Shift-z', run: redo, preventDefault: true },
  { linux: 'Ctrl-Shift-z', win: 'Ctrl-Shift-z', run: redo, preventDefault: true }
]

/** Keyboards of phones and menus ask this way. */
export const undoInput = (event: InputEvent, view: EditorView): boolean => {
  if (event.inputType !== 'historyUndo' && event.inputType !== 'historyRedo') return false
  event.preventDefault()
  return step(view, event.inputType === 'historyUndo' ? 'undo' : 'redo')
}
