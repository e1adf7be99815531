import { undoOfInput, undoOfKey } from '@unisson/text'
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
    const direction = undoOfKey(event)
    if (direction !== null && isInside(quill, event)) run(event, direction)
  }
  const input = (event: InputEvent): void => {
    const direction = undoOfInput(event)
    if (direction !== null) run(event, direction)
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
