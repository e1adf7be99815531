import type { Session } from '@unisson/yjs'
import type { Quota } from '../../types/index.js'
import { percentOf } from '../quota.js'
import type { Shown, Words } from '../words.js'
import { make } from './dom.js'
import { icon, type IconName } from './icons.js'

const ICONS: Record<Shown, IconName> = {
  offline: 'offline',
  offlineUnkept: 'offline',
  offlineClean: 'offline',
  connecting: 'saving',
  syncing: 'saving',
  saving: 'saving',
  saved: 'check',
  'read-only': 'lock',
  refused: 'warning',
  failed: 'warning',
  full: 'warning',
  fullKept: 'warning',
  fullUnkept: 'warning'
}
/** What somebody who does not see the line has to hear; saving and saved alternate all day. */
const ANNOUNCED: ReadonlySet<Shown> = new Set([
  'offline', 'offlineUnkept', 'offlineClean', 'read-only', 'refused', 'failed', 'full', 'fullKept', 'fullUnkept'
])
/** What is over sooner than this is not worth a word: savings, and a change of transports. */
const SHOWN_AFTER_MS = 400
const PASSING: ReadonlySet<Shown> = new Set(['connecting', 'syncing', 'saving'])

/** The line under the text: what has become of what was typed, and how much it is. */
export class StatusLine {
  readonly dom: HTMLElement
  readonly #state = make('span', { class: 'state', part: 'status' })
  readonly #room = make('span', { class: 'room', part: 'room' })
  readonly #count = make('span', { class: 'count', part: 'count' })
  readonly #session: Session
  readonly #words: Words
  readonly #announce: (text: string) => void
  #shown: Shown | null = null
  #later: ReturnType<typeof setTimeout> | null = null
  #wasAway = false
  #isFull = false

  constructor (session: Session, words: Words, announce: (text: string) => void, ...more: HTMLElement[]) {
    this.#session = session
    this.#words = words
    this.#announce = announce
    this.dom = make('div', { class: 'status-line', part: 'status-line' }, this.#state, this.#room, this.#count, ...more)
    this.update()
  }

  update (): void {
    if (this.#later !== null) clearTimeout(this.#later)
    this.#later = null
    const shown = this.#toShow()
    if (PASSING.has(shown) && this.#shown === 'saved') {
      this.#later = setTimeout(() => this.#show(this.#toShow()), SHOWN_AFTER_MS)
    } else this.#show(shown)
  }

  /** The server has said how much room is left. */
  room (quota: Quota): void {
    this.#isFull = quota.state === 'full'
    const text = quota.state === 'near' ? this.#words.nearlyFull(percentOf(quota)) : ''
    if (text !== '' && this.#room.textContent === '') this.#announce(text)
    this.#room.replaceChildren(...(text === '' ? [] : [icon('warning'), make('span', {}, text)]))
    this.update()
  }

  count (words: number): void { this.#count.textContent = this.#words.words(words) }

  destroy (): void { if (this.#later !== null) clearTimeout(this.#later) }

  #toShow (): Shown {
    const { status, unsaved, localCopy } = this.#session
    if (status === 'read-only' && this.#isFull) {
      if (!unsaved) return 'full'
      return localCopy === 'kept' ? 'fullKept' : 'fullUnkept'
    }
    if (status !== 'offline') return status
    if (!unsaved) return 'offlineClean'
    return localCopy === 'kept' ? 'offline' : 'offlineUnkept'
  }

  #show (shown: Shown): void {
    if (shown === this.#shown) return
    // Whoever has just come has not been away: the first connection is still being made.
    const isComing = this.#shown === null && shown === 'offlineClean'
    this.#shown = shown
    const text = this.#words.status[shown]
    this.#state.dataset.state = shown
    this.#state.replaceChildren(icon(ICONS[shown]), make('span', {}, text))
    if (isComing) return
    if (ANNOUNCED.has(shown)) {
      this.#announce(text)
      this.#wasAway = true
    } else if (shown === 'saved' && this.#wasAway) {
      this.#announce(text)
      this.#wasAway = false
    }
  }
}
