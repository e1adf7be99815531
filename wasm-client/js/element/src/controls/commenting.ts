import type { EditorView } from 'prosemirror-view'
import { commentsIn, placeOf, showComments, type CommentMark, type CommentPlace } from '@unisson/prosemirror'
import type { Words } from '../words.js'
import { make } from './dom.js'
import { icon } from './icons.js'

/** Room between the button and what is selected. */
const GAP_PIXELS = 6

/**
 * Comments beside the text: marks where they belong, and a button at what is selected, also for whoever
 * may not write. What is said, and who may say it, is the page's; nothing of it is in the document.
 */
export class Commenting {
  readonly #view: EditorView
  readonly #frame: HTMLElement
  readonly #button: HTMLButtonElement
  readonly #wanted: (place: CommentPlace) => void
  #isOn = false

  constructor (view: EditorView, frame: HTMLElement, words: Words, wanted: (place: CommentPlace) => void) {
    this.#view = view
    this.#frame = frame
    this.#wanted = wanted
    this.#button = make('button', { type: 'button', class: 'comment-here', hidden: '', title: words.comment, 'aria-keyshortcuts': 'Control+Alt+M' },
      icon('comment'), make('span', {}, words.comment))
    // The selection stays in the text.
    this.#button.addEventListener('mousedown', (event) => event.preventDefault())
    this.#button.addEventListener('click', () => this.ask())
    frame.append(this.#button)
    frame.addEventListener('scroll', this.#place, true)
    window.addEventListener('resize', this.#place)
  }

  destroy (): void { window.removeEventListener('resize', this.#place) }

  /** Shows these; `null`: nobody comments here. */
  show (marks: readonly CommentMark[] | null): void {
    this.#isOn = marks !== null
    showComments(this.#view, marks ?? [])
    this.update()
  }

  /** The ids of those whose place is in the text now. */
  get shown (): string[] { return [...commentsIn(this.#view.state).keys()] }

  /** What is selected, as the place of a comment. */
  get selected (): CommentPlace | null { return placeOf(this.#view) }

  /** Brings a comment's place into sight. Says whether it is in the text. */
  reveal (id: string): boolean {
    const range = commentsIn(this.#view.state).get(id)
    if (range === undefined) return false
    const { node } = this.#view.domAtPos(range.from)
    const element = node instanceof Element ? node : node.parentElement
    const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches
    element?.scrollIntoView({ block: 'center', behavior: still ? 'auto' : 'smooth' })
    return true
  }

  /** Somebody wants to say something about what is selected. Says whether anything is. */
  ask (): boolean {
    const place = this.#isOn ? placeOf(this.#view) : null
    if (place === null) return false
    this.#wanted(place)
    return true
  }

  /** Follows the selection. */
  update (): void {
    const { selection } = this.#view.state
    this.#button.toggleAttribute('hidden', !this.#isOn || selection.empty)
    this.#place()
  }

  readonly #place = (): void => {
    if (this.#button.hidden) return
    const { to } = this.#view.state.selection
    const [frame, end] = [this.#frame.getBoundingClientRect(), this.#view.coordsAtPos(to)]
    const { offsetWidth: width, offsetHeight: height } = this.#button
    const left = Math.min(Math.max(end.left - frame.left, GAP_PIXELS), frame.width - width - GAP_PIXELS)
    const top = Math.min(Math.max(end.bottom - frame.top + GAP_PIXELS, GAP_PIXELS), frame.height - height - GAP_PIXELS)
    Object.assign(this.#button.style, { left: `${left}px`, top: `${top}px` })
  }
}
