import { People, type AwarenessLike, type Place, type Range, type SharedText } from '@unisson/text'
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
    const marks = from === to ? [] : this.#boxes(from, to).map((box) => mark('unisson-selection', person.color, box))
    const line = mark('unisson-caret', person.color, { left: caret.left, top: caret.top, width: 2, height: caret.height })
    const label = document.createElement('span')
    label.className = 'unisson-caret-name'
    label.textContent = person.name
    Object.assign(label.style, LABEL, { backgroundColor: person.color })
    // There is no room above the first line.
    if (caret.top < LABEL_HEIGHT_PX) Object.assign(label.style, { bottom: 'auto', top: '100%' })
    line.append(label)
    return [...marks, line]
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

interface Box { left: number, top: number, width: number, height: number }

const LABEL_HEIGHT_PX = 16
const LABEL = {
  position: 'absolute', bottom: '100%', left: '0', padding: '0 4px', borderRadius: '3px',
  color: '#fff', font: '11px/1.4 system-ui, sans-serif', whiteSpace: 'nowrap'
}

const mark = (className: string, color: string, { left, top, width, height }: Box): HTMLElement => {
  const element = document.createElement('div')
  element.className = className
  element.style.setProperty('--unisson-person', color)
  Object.assign(element.style, {
    position: 'absolute', left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px`,
    backgroundColor: className === 'unisson-caret' ? color : `color-mix(in srgb, ${color} 25%, transparent)`
  })
  return element
}
