import { personOf, type Person } from '@unisson/prosemirror'
import type { Session } from '@unisson/yjs'
import type { Words } from '../words.js'
import { make } from './dom.js'

/** Faces in the bar; the rest is a number. */
const FACES_MAX = 5
/** Who was there already is known so long after the document is. */
const KNOWN_AFTER_MS = 1_000

const initials = (name: string): string =>
  name.split(/[\s-]+/).filter((word) => word !== '').slice(0, 2).map((word) => [...word][0]!.toUpperCase()).join('') || '?'

interface Present extends Person { isMe: boolean }

/** Who is on the page: faces, and words for who comes and goes. */
export class People {
  readonly dom = make('ul', { class: 'people', part: 'people' })
  readonly #session: Session
  readonly #words: Words
  readonly #announce: (text: string) => void
  #present: Present[] | null = null
  #before: Map<number, string> | null = null
  #settling: ReturnType<typeof setTimeout> | null = null
  #isSettled = false

  constructor (session: Session, words: Words, announce: (text: string) => void) {
    this.#session = session
    this.#words = words
    this.#announce = announce
    this.update()
  }

  /** As of the last update. */
  get present (): Present[] { return this.#present ?? [] }

  #whoIsThere (): Present[] {
    const { awareness } = this.#session
    return [...awareness.getStates()]
      .filter(([, state]) => state.user !== undefined)
      .map(([clientId, state]) => ({ ...personOf(state, clientId), isMe: clientId === awareness.clientID }))
      .sort((one, other) => Number(other.isMe) - Number(one.isMe) || one.name.localeCompare(other.name))
  }

  /** While there is no connection nobody comes and nobody goes; afterwards it is told who has. */
  connected (isConnected: boolean): void {
    if (this.#settling !== null) clearTimeout(this.#settling)
    this.#isSettled = false
    this.#settling = isConnected
      ? setTimeout(() => { this.#isSettled = true; this.#tellChanges() }, KNOWN_AFTER_MS)
      : null
  }

  destroy (): void { this.connected(false) }

  /** A crowd's carets move all the time; faces change when people do. */
  update (): void {
    const present = this.#whoIsThere()
    const isSame = JSON.stringify(present) === JSON.stringify(this.#present)
    this.#present = present
    if (!isSame) this.#show(present)
    this.#tellChanges()
  }

  #show (present: Present[]): void {
    const shown = present.slice(0, FACES_MAX)
    const faces = shown.map((person) => {
      const name = this.#nameOf(person)
      const face = make('li', { class: 'face', title: name }, make('span', { 'aria-hidden': 'true' }, initials(person.name)), make('span', { class: 'unseen' }, name))
      face.style.setProperty('--unisson-person', person.color)
      return face
    })
    const more = present.length - shown.length
    if (more > 0) faces.push(make('li', { class: 'face more', title: this.#words.others(more) }, `+${more}`))
    this.dom.setAttribute('aria-label', this.#words.people(present.length))
    this.dom.replaceChildren(...faces)
  }

  #nameOf ({ name, isMe }: Present): string {
    const shown = name || this.#words.anonymous
    return isMe ? this.#words.you(shown) : shown
  }

  /** Who was there when the page opened is not announced. */
  #tellChanges (): void {
    if (!this.#isSettled) return
    const now = new Map<number, string>()
    for (const [clientId, state] of this.#session.awareness.getStates()) {
      if (clientId !== this.#session.awareness.clientID && state.user !== undefined) {
        now.set(clientId, personOf(state, clientId).name || this.#words.anonymous)
      }
    }
    const before = this.#before
    this.#before = now
    if (before === null) return
    const names = (of: Map<number, string>, without: Map<number, string>): string =>
      [...of].filter(([clientId]) => !without.has(clientId)).map(([, name]) => name).slice(0, FACES_MAX).join(', ')
    const [arrived, left] = [names(now, before), names(before, now)]
    if (arrived !== '') this.#announce(this.#words.arrived(arrived))
    if (left !== '') this.#announce(this.#words.left(left))
  }
}
