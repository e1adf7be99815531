/** The way of a link's guest to the door, `-/enter`: the secret stands behind `#`, so that no server's log has it. */
import { ownRoot } from './root.js'

const KNOCKED = 'unisson-knocked:'

/** Sends whoever has come by a link to the door, once; whoever is signed in and gets in already needs none. */
export const knock = (): void => {
  const link = new URLSearchParams(window.location.hash.slice(1)).get('link')
  const root = ownRoot()
  const to = window.location.pathname.slice(root.pathname.length)
  if (link === null || !to.startsWith('s/') || document.querySelector('form.door') !== null) return
  const isClosed = document.querySelector('main.closed') !== null
  if (!isClosed && (document.querySelector('.me') !== null || hasKnocked(link))) return
  const form = document.createElement('form')
  form.className = 'door'
  form.method = 'post'
  form.action = new URL('-/enter', root).href
  for (const [name, value] of Object.entries({ link, to })) {
    const field = document.createElement('input')
    field.type = 'hidden'
    field.name = name
    field.value = value
    form.append(field)
  }
  document.body.append(form)
  form.submit()
}

/** Whether this tab was at the door of a link before; notes that it is. */
const hasKnocked = (link: string): boolean => {
  // Its id, and not its secret.
  const key = KNOCKED + link.split('.').slice(1, 3).join('.')
  try {
    const has = sessionStorage.getItem(key) !== null
    sessionStorage.setItem(key, '')
    return has
  } catch {
    return false
  }
}
