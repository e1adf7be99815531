import { undoOfInput, undoOfKey } from '@unisson/text'
import type { Field } from './field.js'

interface Undoing { undo: () => boolean, redo: () => boolean }

/** Has the keys and menus of a field undo its own edits only: the browser's history knows nothing of others'. Returns what ends it. */
export const listenForUndo = (field: Field, binding: Undoing): (() => void) => {
  const run = (event: Event, direction: 'undo' | 'redo'): void => {
    event.preventDefault()
    binding[direction]()
  }
  const keys = (event: KeyboardEvent): void => {
    const direction = undoOfKey(event)
    if (direction !== null) run(event, direction)
  }
  const input = (event: InputEvent): void => {
    const direction = undoOfInput(event)
    if (direction !== null) run(event, direction)
  }
  field.addEventListener('keydown', keys as EventListener)
  field.addEventListener('beforeinput', input as EventListener)
  return () => {
    field.removeEventListener('keydown', keys as EventListener)
    field.removeEventListener('beforeinput', input as EventListener)
  }
}
