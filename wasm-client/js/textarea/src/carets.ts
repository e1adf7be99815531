import type { Person, Place } from '@unisson/text'
import type { Field } from './field.js'

/** What decides where a letter of a field is. */
const STYLES = [
  'boxSizing', 'width', 'height', 'paddingTop', 'paddingRight', 'paddingBottom', 'paddingLeft',
  'borderTopWidth', 'borderRightWidth', 'borderBottomWidth', 'borderLeftWidth', 'borderStyle',
  'fontFamily', 'fontSize', 'fontStyle', 'fontVariant', 'fontWeight', 'fontStretch', 'fontSizeAdjust',
  'lineHeight', 'letterSpacing', 'wordSpacing', 'textAlign', 'textIndent', 'textTransform', 'tabSize', 'direction'
] as const

/** Shows the carets and selections of others above a field, from a copy of its text that nobody sees. */
export class Carets {
  readonly #field: Field
  readonly #places: () => Place[]
  readonly #layer: HTMLElement
  /** Selections are cut off where the field ends; the names at carets are not. */
  readonly #window: HTMLElement
  readonly #copy: HTMLElement
  readonly #resized: ResizeObserver | null
  #isDue = false

  constructor (field: Field, places: () => Place[]) {
    this.#field = field
    this.#places = places
    const page = field.ownerDocument
    this.#layer = page.createElement('div')
    this.#layer.className = 'unisson-carets'
    this.#layer.setAttribute('aria-hidden', 'true')
    Object.assign(this.#layer.style, { position: 'absolute', pointerEvents: 'none' })
    this.#window = page.createElement('div')
    Object.assign(this.#window.style, { position: 'absolute', inset: '0', overflow: 'hidden' })
    this.#copy = page.createElement('div')
    Object.assign(this.#copy.style, { position: 'absolute', visibility: 'hidden', borderColor: 'transparent' })
    this.#layer.append(this.#window)
    field.after(this.#layer)
    this.#resized = typeof ResizeObserver === 'undefined' ? null : new ResizeObserver(() => this.draw())
    this.#resized?.observe(field)
    field.addEventListener('scroll', this.draw)
    this.draw()
  }

  destroy (): void {
    this.#resized?.disconnect()
    this.#field.removeEventListener('scroll', this.draw)
    this.#layer.remove()
  }

  /** Once a frame: measuring costs more than drawing. */
  readonly draw = (): void => {
    if (this.#isDue) return
    this.#isDue = true
    requestAnimationFrame(() => {
      this.#isDue = false
      if (this.#layer.isConnected) this.#drawNow()
    })
  }

  #drawNow (): void {
    const places = this.#places()
    const text = places.length === 0 ? null : this.#layOut()
    const [selections, carets]: [HTMLElement[], HTMLElement[]] = [[], []]
    for (const { person, anchor, head } of text === null ? [] : places) {
      const caret = this.#boxes(text!, head, head)[0]
      if (caret !== undefined && this.#shows(caret)) carets.push(this.#caret(person, caret))
      if (anchor === head) continue
      const faint = `color-mix(in srgb, ${person.color} 25%, transparent)`
      const boxes = this.#boxes(text!, Math.min(anchor, head), Math.max(anchor, head))
      selections.push(...boxes.map((box) => this.#mark('unisson-selection', person.color, faint, box)))
    }
    this.#window.replaceChildren(this.#copy, ...selections)
    this.#layer.replaceChildren(this.#window, ...carets)
  }

  /** Whether a caret is in the part of the text that is scrolled to. */
  #shows ({ left, top, height }: Box): boolean {
    const { offsetWidth, offsetHeight } = this.#field
    return left >= 0 && left <= offsetWidth && top + height / 2 >= 0 && top + height / 2 <= offsetHeight
  }

  #caret (person: Person, box: Box): HTMLElement {
    const line = this.#mark('unisson-caret', person.color, person.color, { ...box, width: 2 })
    const label = this.#layer.ownerDocument.createElement('span')
    label.className = 'unisson-caret-name'
    label.textContent = person.name
    Object.assign(label.style, LABEL, { backgroundColor: person.color })
    // Above the first of several lines would be above the field.
    if (box.top < LABEL_HEIGHT_PX && this.#field.tagName !== 'INPUT') Object.assign(label.style, { bottom: 'auto', top: '100%' })
    line.append(label)
    return line
  }

  /** Lays the text out as the field does, at the place of the field. */
  #layOut (): Text {
    const field = this.#field
    const style = getComputedStyle(field)
    for (const name of STYLES) this.#copy.style[name] = style[name]
    const isLine = field.tagName === 'INPUT'
    Object.assign(this.#copy.style, {
      whiteSpace: isLine ? 'pre' : 'pre-wrap', overflowWrap: isLine ? 'normal' : 'break-word',
      // A scroll bar takes its room from the text.
      width: `${field.clientWidth + parseFloat(style.borderLeftWidth) + parseFloat(style.borderRightWidth)}px`,
      boxSizing: 'border-box', height: 'auto', left: `${-field.scrollLeft}px`, top: `${-field.scrollTop}px`
    })
    Object.assign(this.#layer.style, {
      left: `${field.offsetLeft}px`, top: `${field.offsetTop}px`, width: `${field.offsetWidth}px`, height: `${field.offsetHeight}px`
    })
    // The last line has a height even where it is empty.
    const text = field.ownerDocument.createTextNode(`${field.value}\u200B`)
    this.#copy.replaceChildren(text)
    return text
  }

  #boxes (text: Text, from: number, to: number): Box[] {
    const range = text.ownerDocument.createRange()
    range.setStart(text, from)
    range.setEnd(text, to)
    const { left, top } = this.#layer.getBoundingClientRect()
    const boxes = [...range.getClientRects()]
    if (from === to && boxes.length === 0) {
      range.setEnd(text, from + 1)
      boxes.push(...[...range.getClientRects()].slice(0, 1))
    }
    return boxes.map((box) => ({ left: box.left - left, top: box.top - top, width: box.width, height: box.height }))
  }

  #mark (className: string, color: string, background: string, { left, top, width, height }: Box): HTMLElement {
    const element = this.#layer.ownerDocument.createElement('div')
    element.className = className
    element.style.setProperty('--unisson-person', color)
    Object.assign(element.style, {
      position: 'absolute', left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px`, backgroundColor: background
    })
    return element
  }
}

interface Box { left: number, top: number, width: number, height: number }

const LABEL_HEIGHT_PX = 16
const LABEL = {
  position: 'absolute', bottom: '100%', left: '0', padding: '0 4px', borderRadius: '3px',
  color: '#fff', font: '11px/1.4 system-ui, sans-serif', whiteSpace: 'nowrap'
}
