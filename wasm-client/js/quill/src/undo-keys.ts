import type Quill from 'quill'

interface Undoing { undo: () => boolean, redo: () => boolean }

/** Has the keys, the menus and the history module of an editor undo its own edits only; returns what ends it. */
export const takeUndoKeys = (quill: Quill, binding: Undoing): (() => void) => {
  const { container } = quill
  const run = (event: Event, direction: 'undo' | 'redo'): void => {
    event.preventDefault()
    event.stopPropagation()
    binding[direction]()
  }
  const keys = (event: KeyboardEvent): void => {
    const direction = directionOf(event)
    if (direction !== null && isInside(quill, event)) run(event, direction)
  }
  const input = (event: InputEvent): void => {
    if (event.inputType === 'historyUndo') run(event, 'undo')
    if (event.inputType === 'historyRedo') run(event, 'redo')
  }
  // Before Quill's own listeners, which are on an element inside.
  container.addEventListener('keydown', keys, true)
  container.addEventListener('beforeinput', input, true)
  const giveBack = replaceHistory(quill, binding)
  return () => {
    container.removeEventListener('keydown', keys, true)
    container.removeEventListener('beforeinput', input, true)
    giveBack()
  }
}

const isInside = (quill: Quill, { target }: Event): boolean => target instanceof Node && quill.root.contains(target)

const directionOf = ({ key, metaKey, ctrlKey, shiftKey, altKey, isComposing }: KeyboardEvent): 'undo' | 'redo' | null => {
  const isMac = /Mac|iPhone|iPad/.test(navigator.platform)
  if (isComposing || altKey || (isMac ? !metaKey : !ctrlKey)) return null
  if (key.toLowerCase() === 'z') return shiftKey ? 'redo' : 'undo'
  return key.toLowerCase() === 'y' && !isMac && !shiftKey ? 'redo' : null
}

/** Buttons of a toolbar call the history module. */
const replaceHistory = ({ history }: Quill, binding: Undoing): (() => void) => {
  if (history === undefined) return () => {}
  const { undo, redo, record } = history
  history.clear()
  history.undo = () => { binding.undo() }
  history.redo = () => { binding.redo() }
  // What others write is not this person's to take back.
  history.record = () => {}
  return () => {
    history.clear()
    Object.assign(history, { undo, redo, record })
  }
}
