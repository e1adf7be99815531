import type { Field } from './field.js'

interface Undoing { undo: () => boolean, redo: () => boolean }

/** Has the keys and menus of a field undo its own edits only: the browser's history knows nothing of others'. Returns what ends it. */
export const listenForUndo = (field: Field, binding: Undoing): (() => void) => {
  const run = (event: Event, direction: 'undo' | 'redo'): void => {
    event.preventDefault()
    binding[direction]()
  }
  const keys = (event: KeyboardEvent): void => {
    const direction = directionOf(event)
    if (direction !== null) run(event, direction)
  }
  const input = (event: InputEvent): void => {
    if (event.inputType === 'historyUndo') run(event, 'undo')
    if (event.inputType === 'historyRedo') run(event, 'redo')
  }
  field.addEventListener('keydown', keys as EventListener)
  field.addEventListener('beforeinput', input as EventListener)
  return () => {
    field.removeEventListener('keydown', keys as EventListener)
    field.removeEventListener('beforeinput', input as EventListener)
  }
}

const directionOf = ({ key, metaKey, ctrlKey, shiftKey, altKey, isComposing }: KeyboardEvent): 'undo' | 'redo' | null => {
  const isMac = /Mac|iPhone|iPad/.test(navigator.platform)
  if (isComposing || altKey || (isMac ? !metaKey : !ctrlKey)) return null
  if (key.toLowerCase() === 'z') return shiftKey ? 'redo' : 'undo'
  return key.toLowerCase() === 'y' && !isMac && !shiftKey ? 'redo' : null
}
