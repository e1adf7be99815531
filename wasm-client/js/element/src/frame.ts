import type { TokenAnswer } from '../types/index.js'
import type { UnissonEditor } from './element.js'

/** The version of these messages; see docs/guide/embed.md. */
const VERSION = 1
/** How long the page around may take to answer with a token. */
const TOKEN_MAX_MS = 15_000
const TOLD = ['ready', 'status', 'change', 'saved', 'dirty', 'refused', 'presence', 'quota'] as const

interface Command { unisson?: unknown, command?: unknown, id?: unknown, token?: unknown, name?: unknown, locale?: unknown }

/** Talks with the page around this one. Which pages may be around it is the server's decision. */
export const listenToParent = (editor: UnissonEditor): void => {
  const tell = (event: string, detail: object = {}, target = '*'): void =>
    window.parent.postMessage({ unisson: VERSION, event, document: editor.getAttribute('document'), ...detail }, target)
  let tokenCame: ((token: string | null) => void) | null = null
  editor.addEventListener('token-needed', (event) => {
    const { reason, respondWith } = (event as CustomEvent<{ reason: string, respondWith: (token: TokenAnswer) => void }>).detail
    respondWith(new Promise((resolve) => {
      const late = setTimeout(() => resolve(reason === 'open' ? '' : null), TOKEN_MAX_MS)
      tokenCame = (token) => { clearTimeout(late); resolve(token) }
      tell('token-needed', { reason })
    }))
  })
  for (const name of TOLD) {
    editor.addEventListener(name, (event) => tell(name, { ...((event as CustomEvent<object | undefined>).detail ?? {}) }))
  }
  window.addEventListener('message', ({ source, origin, data }: MessageEvent<Command>) => {
    if (source !== window.parent || typeof data !== 'object' || data?.unisson !== VERSION) return
    switch (data.command) {
      case 'token': {
        const token = typeof data.token === 'string' ? data.token : null
        if (tokenCame !== null) tokenCame(token)
        else if (token !== null) editor.session?.setToken(token)
        tokenCame = null
        return
      }
      case 'focus': return editor.focus()
      case 'name': if (typeof data.name === 'string') editor.setAttribute('name', data.name); return
      case 'locale': if (typeof data.locale === 'string') editor.setAttribute('locale', data.locale); return
      // What is in the document goes to the page that asked, and to no other.
      case 'content': tell('content', { id: data.id, html: editor.toHTML(), markdown: editor.toMarkdown(), text: editor.toText() }, origin)
    }
  })
  tell('loaded')
}
