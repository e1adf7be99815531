/**
 * `<unisson-search>`: the results change while one types. The page is the server's, whole, and works
 * without this: here it is asked for again, and what was found takes the place of what was found before.
 */

/** How long nobody types before the server is asked. */
const PAUSE_MS = 250
/** What one letter finds is no answer. */
const LETTERS_MIN = 2

export class UnissonSearch extends HTMLElement {
  #typing: ReturnType<typeof setTimeout> | null = null
  #asking: AbortController | null = null

  connectedCallback (): void {
    this.addEventListener('input', this.#onInput)
  }

  disconnectedCallback (): void {
    this.removeEventListener('input', this.#onInput)
    if (this.#typing !== null) clearTimeout(this.#typing)
    this.#asking?.abort()
  }

  readonly #onInput = (): void => {
    if (this.#typing !== null) clearTimeout(this.#typing)
    this.#typing = setTimeout(() => { void this.#ask() }, PAUSE_MS)
  }

  async #ask (): Promise<void> {
    const form = this.querySelector('form')
    if (form === null) return
    const asked = new URLSearchParams()
    for (const [name, value] of new FormData(form)) if (typeof value === 'string') asked.append(name, value)
    if ((asked.get('q') ?? '').trim().length < LETTERS_MIN) return
    this.#asking?.abort()
    const asking = this.#asking = new AbortController()
    const address = new URL(`?${asked.toString()}`, window.location.href)
    try {
      const answer = await fetch(address, { signal: asking.signal, credentials: 'same-origin', headers: { Accept: 'text/html' } })
      // What was found stays; the form still works.
      if (!answer.ok) return
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
      const found = page.querySelector('unisson-search')
      if (found === null || asking.signal.aborted) return
      this.#show(found)
      document.title = page.title
      window.history.replaceState(null, '', address)
    } catch (error) {
      if (!asking.signal.aborted) console.warn('unisson: searching did not work', error)
    }
  }

  /** All but the form, in which somebody writes. The status stays the same element, so that it is announced. */
  #show (found: Element): void {
    const own = this.querySelector('[role="status"]')
    const news = found.querySelector('[role="status"]')
    if (own !== null && news !== null && own.textContent !== news.textContent) own.textContent = news.textContent
    for (const child of [...this.children]) if (child.tagName !== 'FORM' && child !== own) child.remove()
    for (const child of [...found.children]) if (child.tagName !== 'FORM' && child !== news) this.append(document.adoptNode(child))
  }
}

customElements.define('unisson-search', UnissonSearch)
