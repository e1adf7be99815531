/** The page of one document (`/d/…`), and the same in a frame of another page (`/embed/…`). */
import type { UnissonEditor } from './element.js'
import { listenToParent } from './frame.js'
import { guestToken } from './link.js'
import { startName } from './name.js'

const editor = document.querySelector<UnissonEditor>('unisson-editor')
const script = document.querySelector<HTMLScriptElement>('script[src$="client/page.js"]')

const start = async (): Promise<void> => {
  const token = script === null ? null : await guestToken(new URL('../', script.src))
  if (editor !== null) {
    if (token !== null) editor.setAttribute('token', token)
    if (window.parent !== window) listenToParent(editor)
    else startName(editor)
  }
  // Only now: the editor asks for a token as soon as it is there.
  await import('./element.js')
}
void start()
