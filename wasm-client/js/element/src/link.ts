import { nameKept } from './name.js'

/** What the server answers when a link opens. */
interface Opened { token: string, name: string }
interface Problem { code?: string, detail?: string }

const WORDS = {
  fr: {
    title: 'Vous avez reçu un lien', name: 'Votre nom', password: 'Mot de passe', enter: 'Entrer',
    'password-needed': 'Ce lien demande un mot de passe.',
    'password-wrong': 'Ce n’est pas le bon mot de passe.',
    'too-many-passwords': 'Trop d’essais : réessayez dans un quart d’heure.',
    'guest-name': 'Indiquez votre nom.',
    'no-such-link': 'Ce lien n’existe pas ou a été révoqué.',
    'link-ended': 'Ce lien n’est plus valable.',
    other: 'Le serveur ne répond pas. Réessayez.'
  },
  en: {
    title: 'You have been sent a link', name: 'Your name', password: 'Password', enter: 'Come in',
    'password-needed': 'This link has a password.',
    'password-wrong': 'That is not the password.',
    'too-many-passwords': 'Too many tries: come back in a quarter of an hour.',
    'guest-name': 'Say what you are called.',
    'no-such-link': 'There is no such link, or it was revoked.',
    'link-ended': 'This link has ended.',
    other: 'The server does not answer. Try again.'
  }
} as const
type Words = typeof WORDS['fr'] | typeof WORDS['en']

/** The secret of a link in the address: behind `#`, so that no server's log has it. */
const secretOf = ({ hash, search }: Location): string | null =>
  new URLSearchParams(hash.slice(1)).get('link') ?? new URLSearchParams(search).get('link')

/**
 * Lets in whoever has come by a link: asks for a name, and for a password where there is one.
 * Resolves with the guest's token; null where nobody has come by a link.
 */
export const guestToken = async (root: URL): Promise<string | null> => {
  const link = secretOf(window.location)
  if (link === null) return null
  const kept = recall(link)
  if (kept !== null) return kept
  const words: Words = document.documentElement.lang === 'fr' ? WORDS.fr : WORDS.en
  const token = await ask(words, async (name, password) => open(root, { link, name, ...(password === '' ? {} : { password }) }))
  remember(link, token)
  return token
}

const open = async (root: URL, order: object): Promise<Opened | Problem> => {
  try {
    const answer = await fetch(new URL('api/v1/links/open', root), {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(order)
    })
    return await answer.json() as Opened | Problem
  } catch {
    return {}
  }
}

/** Shows the question until a link opens. It cannot be left unanswered: there is nothing behind it. */
const ask = (words: Words, enter: (name: string, password: string) => Promise<Opened | Problem>): Promise<string> => new Promise((resolve) => {
  const dialog = document.createElement('dialog')
  dialog.className = 'guest'
  dialog.setAttribute('aria-labelledby', 'guest-title')
  const title = document.createElement('h2')
  title.id = 'guest-title'
  title.textContent = words.title
  const name = field('guest-name', words.name, 'text', 'name')
  name.input.value = nameKept()
  name.input.required = true
  name.input.maxLength = 60
  const password = field('guest-password', words.password, 'password', 'current-password')
  password.row.hidden = true
  const said = document.createElement('p')
  said.setAttribute('role', 'alert')
  const button = document.createElement('button')
  button.textContent = words.enter
  const form = document.createElement('form')
  form.append(title, name.row, password.row, said, button)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    button.disabled = true
    void enter(name.input.value.trim(), password.input.value).then((answer) => {
      button.disabled = false
      if ('token' in answer) {
        dialog.close()
        dialog.remove()
        return resolve(answer.token)
      }
      const code = (answer as Problem).code ?? 'other'
      said.textContent = code in words ? words[code as keyof Words] : words.other
      if (!code.startsWith('password')) return
      password.row.hidden = false
      password.input.value = ''
      password.input.focus()
    })
  })
  dialog.addEventListener('cancel', (event) => event.preventDefault())
  dialog.append(form)
  document.body.append(dialog)
  dialog.showModal()
})

const field = (id: string, text: string, type: string, autocomplete: string): { row: HTMLElement, input: HTMLInputElement } => {
  const row = document.createElement('p')
  const label = document.createElement('label')
  label.htmlFor = id
  label.textContent = text
  const input = document.createElement('input')
  input.id = id
  input.type = type
  input.setAttribute('autocomplete', autocomplete)
  row.append(label, input)
  return { row, input }
}

/** For this tab only: on a shared computer the next person is somebody else. */
const key = (link: string): string => `unisson-guest:${link.split('.').slice(0, 3).join('.')}`

const recall = (link: string): string | null => {
  try { return sessionStorage.getItem(key(link)) } catch { return null }
}

const remember = (link: string, token: string): void => {
  try { sessionStorage.setItem(key(link), token) } catch { /* Private windows may keep nothing. */ }
}
