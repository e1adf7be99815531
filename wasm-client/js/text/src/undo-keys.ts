/** What somebody asks for by keys; `null` for everything else. Keys of a composition are its own. */
export const undoOfKey = ({ key, metaKey, ctrlKey, shiftKey, altKey, isComposing }: KeyboardEvent): 'undo' | 'redo' | null => {
  const isMac = /Mac|iPhone|iPad/.test(navigator.platform)
  if (isComposing || altKey || (isMac ? !metaKey : !ctrlKey)) return null
  if (key.toLowerCase() === 'z') return shiftKey ? 'redo' : 'undo'
  return key.toLowerCase() === 'y' && !isMac && !shiftKey ? 'redo' : null
}

/** The same for menus, and for the keyboards of phones. */
export const undoOfInput = ({ inputType }: InputEvent): 'undo' | 'redo' | null =>
  inputType === 'historyUndo' ? 'undo' : inputType === 'historyRedo' ? 'redo' : null
