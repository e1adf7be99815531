import { caretMark, NAME_HEIGHT_PX, People, selectionMark, type AwarenessLike, type Box, type Place, type Range, type SharedText } from '@unisson/text'
import type Quill from 'quill'

/** Shows the carets and selections of others above the editor, whose own content is never touched. */
export class Carets {
  readonly #quill: Quill
  readonly #people: People
  readonly #toShown: (index: number) => number
  readonly #layer: HTMLElement
  readonly #resized: ResizeObserver | null
  #isDue = false

  constructor (quill: Quill, awareness: AwarenessLike, text: SharedText, toShown: (index: number) => number) {
    this.#quill = quill
    this.#toShown = toShown
    this.#layer = quill.addContainer('unisson-carets')
    this.#layer.setAttribute('aria-hidden', 'true')
    Object.assign(this.#layer.style, { position: 'absolute', inset: '0', overflow: 'hidden', pointerEvents: 'none' })
    if (getComputedStyle(quill.container).position === 'static') quill.container.style.position = 'relative'
    this.#people = new People(awareness, text, () => this.draw())
    this.#resized = typeof ResizeObserver === 'undefined' ? null : new ResizeObserver(() => this.draw())
    this.#resized?.observe(quill.container)
    quill.root.addEventListener('scroll', this.draw)
    this.draw()
  }

  tell (range: Range | null): void {
    this.#people.tell(range)
    this.draw()
  }

  destroy (): void {
    this.#resized?.disconnect()
    this.#quill.root.removeEventListener('scroll', this.draw)
    this.#people.destroy()
    this.#layer.remove()
  }

  /** Once a frame: measuring costs more than drawing. */
  readonly draw = (): void => {
    if (this.#isDue) return
    this.#isDue = true
    requestAnimationFrame(() => {
      this.#isDue = false
      if (this.#layer.isConnected) this.#layer.replaceChildren(...this.#people.places().flatMap((place) => this.#marks(place)))
    })
  }

  #marks ({ person, anchor, head }: Place): HTMLElement[] {
    const [from, to] = [this.#toShown(Math.min(anchor, head)), this.#toShown(Math.max(anchor, head))]
    const caret = this.#quill.getBounds(this.#toShown(head))
    if (caret === null) return []
    const selected = from === to ? [] : this.#boxes(from, to).map((box) => selectionMark(document, person, box))
    // There is no room above the first line.
    return [...selected, caretMark(document, person, caret, caret.top < NAME_HEIGHT_PX)]
  }

  /** The rectangles of the selected lines, inside the editor. */
  #boxes (from: number, to: number): Box[] {
    const [start, end] = [this.#placeOf(from), this.#placeOf(to)]
    if (start === null || end === null) return []
    const range = document.createRange()
    range.setStart(...start)
    range.setEnd(...end)
    const { left, top } = this.#quill.container.getBoundingClientRect()
    return [...range.getClientRects()].map((box) =>
      ({ left: box.left - left, top: box.top - top, width: box.width, height: box.height }))
  }

  #placeOf (index: number): [Node, number] | null {
    const [leaf, offset] = this.#quill.getLeaf(index)
    return leaf === null ? null : leaf.position(offset, true) as [Node, number]
  }
}
