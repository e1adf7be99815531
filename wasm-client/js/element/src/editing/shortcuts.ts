import { baseKeymap, chainCommands, deleteSelection, exitCode } from 'prosemirror-commands'
import { undoInputRule } from 'prosemirror-inputrules'
import { keymap } from 'prosemirror-keymap'
import type { Schema } from 'prosemirror-model'
import { liftListItem, sinkListItem, splitListItem } from 'prosemirror-schema-list'
import { AllSelection, type Command, type Plugin } from 'prosemirror-state'
import { goToNextCell } from 'prosemirror-tables'
import { closeUndoGroup, redo, undo } from '@unisson/prosemirror'
import { mark, setStyle, toggleList, toggleQuote } from './commands.js'

/** Does it where it applies, and keeps the key from the browser in any case. */
const always = (command: Command): Command => (state, dispatch, view) => {
  // What was typed before is undone apart.
  if (view !== undefined) closeUndoGroup(view)
  command(state, dispatch, view)
  return true
}

const lineBreak: Command = (state, dispatch) => {
  const { hardBreak } = state.schema.nodes
  if (!state.selection.$from.parent.inlineContent || state.selection.$from.parent.type.spec.code) return false
  dispatch?.(state.tr.replaceSelectionWith(hardBreak!.create()).scrollIntoView())
  return true
}

/** Like any other selection, all of the document gives way to a new line. */
const deleteAll: Command = (state, dispatch) => state.selection instanceof AllSelection && deleteSelection(state, dispatch)

/** A tab moves within lists, tables and code, and leaves the editor elsewhere. */
const indentCode: Command = (state, dispatch) => {
  if (!state.selection.$from.parent.type.spec.code) return false
  dispatch?.(state.tr.insertText('  ').scrollIntoView())
  return true
}

/** Enter in an emptied code block, or below one, leaves it. */
const keys = ({ nodes }: Schema): Record<string, Command> => ({
  'Mod-z': always(undo),
  'Mod-y': always(redo),
  'Shift-Mod-z': always(redo),
  'Mod-b': always(mark('bold')),
  'Mod-i': always(mark('italic')),
  'Mod-u': always(mark('underline')),
  'Mod-Shift-s': always(mark('strike')),
  'Mod-e': always(mark('code')),
  'Mod-Shift-7': always(toggleList('orderedList')),
  'Mod-Shift-8': always(toggleList('bulletList')),
  'Mod-Shift-9': always(toggleList('taskList')),
  'Mod-Shift-b': always(toggleQuote),
  'Mod-Alt-0': always(setStyle('paragraph')),
  'Mod-Alt-1': always(setStyle('heading1')),
  'Mod-Alt-2': always(setStyle('heading2')),
  'Mod-Alt-3': always(setStyle('heading3')),
  'Mod-Alt-4': always(setStyle('heading4')),
  'Mod-Alt-c': always(setStyle('codeBlock')),
  Enter: chainCommands(deleteAll, splitListItem(nodes.listItem!), splitListItem(nodes.taskItem!, { checked: false })),
  'Shift-Enter': chainCommands(exitCode, lineBreak),
  'Mod-Enter': chainCommands(exitCode, lineBreak),
  Tab: chainCommands(goToNextCell(1), sinkListItem(nodes.listItem!), sinkListItem(nodes.taskItem!), indentCode),
  'Shift-Tab': chainCommands(goToNextCell(-1), liftListItem(nodes.listItem!), liftListItem(nodes.taskItem!)),
  Backspace: undoInputRule
})

export const shortcuts = (schema: Schema): Plugin[] => [keymap(keys(schema)), keymap(baseKeymap)]
