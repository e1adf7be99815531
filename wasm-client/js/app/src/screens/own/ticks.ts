/** The boxes of a guide: each reader ticks them for themselves, and nothing of that is in the document. */
import type { Api } from '../../api.js'
import * as browser from '../../own-browser.js'

interface Heard { changed: () => void, failed: (error: unknown) => void }

export class Ticks {
  readonly #api: Api
  readonly #space: string
  readonly #page: string
  readonly #isKept: boolean
  readonly #heard: Heard
  /** By what the items are called. */
  readonly #boxes = new Map<string, HTMLInputElement>()
  /** Orders go one after the other: the last click counts. */
  #saving: Promise<void> = Promise.resolve()
  #waiting = 0

  /** `ticked`: what the server keeps; null where this browser does. */
  constructor (api: Api, space: string, page: string, items: string[], ticked: string[] | null, heard: Heard) {
    this.#api = api
    this.#space = space
    this.#page = page
    this.#isKept = ticked !== null
    this.#heard = heard
    const article = document.querySelector('article.guide')
    const rows = [...article?.querySelectorAll<HTMLElement>('li[data-type="taskItem"]') ?? []]
    // What the page shows and what its items are called come from the same text; else it stays a plain list.
    if (article === null || rows.length < items.length) return
    items.forEach((item, at) => { if (rows[at] !== undefined) this.#dress(rows[at], item) })
    article.classList.add('ticking')
    this.are(ticked ?? browser.ticks(space, page))
  }

  get all (): number { return this.#boxes.size }
  get done (): number { return [...this.#boxes.values()].filter((box) => box.checked).length }

  /** Shows what is ticked, unless something newer is on its way. */
  are (ticked: string[]): void {
    if (this.#waiting > 0) return
    const done = new Set(ticked)
    this.#boxes.forEach((box, item) => this.#show(box, done.has(item)))
    this.#heard.changed()
  }

  /** Nothing is ticked any more; gives what was. */
  reset (): string[] {
    const before = [...this.#boxes].filter(([, box]) => box.checked).map(([item]) => item)
    this.#boxes.forEach((box) => this.#show(box, false))
    if (!this.#isKept) browser.untick(this.#space, this.#page)
    else this.#save({ untick: [{ space: this.#space, page: this.#page }] })
    this.#heard.changed()
    return before
  }

  /** Ticks these again. */
  put (items: string[]): void {
    for (const item of items) {
      const box = this.#boxes.get(item)
      if (box !== undefined) this.#show(box, true)
    }
    this.#keep(items, true)
  }

  #dress (row: HTMLElement, item: string): void {
    const box = row.querySelector<HTMLInputElement>(':scope > input[type="checkbox"]')
    const words = row.querySelector<HTMLElement>(':scope > div > p') ?? row.querySelector<HTMLElement>(':scope > div')
    if (box === null || words === null) return
    words.id ||= `task-${item}`
    box.removeAttribute('aria-label')
    box.setAttribute('aria-labelledby', words.id)
    box.disabled = false
    box.addEventListener('change', () => {
      this.#show(box, box.checked)
      this.#keep([item], box.checked)
    })
    // Words are a larger target than a box, for a thumb.
    words.addEventListener('click', (event) => {
      if ((event.target as Element).closest('a, button') === null && document.getSelection()?.isCollapsed !== false) box.click()
    })
    this.#boxes.set(item, box)
  }

  #show (box: HTMLInputElement, isDone: boolean): void {
    box.checked = isDone
    box.closest('li')?.setAttribute('data-checked', String(isDone))
  }

  #keep (items: string[], isDone: boolean): void {
    const { space, page } = { space: this.#space, page: this.#page }
    this.#heard.changed()
    if (this.#isKept) this.#save({ ticks: items.map((item) => ({ space, page, item, done: isDone })) })
    else items.forEach((item) => browser.tick(space, page, item, isDone))
  }

  #save (order: unknown): void {
    this.#waiting += 1
    this.#saving = this.#saving
      .then(async () => { await this.#api.raw('PATCH', 'me', { body: order, keepalive: true }) })
      .catch(this.#heard.failed)
      .finally(() => { this.#waiting -= 1 })
  }
}
