/** The page of one document (`/d/…`), and the same in a frame of another page (`/embed/…`). */
import type { UnissonEditor } from './element.js'
import { listenToParent } from './frame.js'
import { startName } from './name.js'

const editor = document.querySelector<UnissonEditor>('unisson-editor')
if (editor !== null) {
  if (window.parent !== window) listenToParent(editor)
  else startName(editor)
}
// Only now: the editor asks for a token as soon as it is there.
void import('./element.js')
