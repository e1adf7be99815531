//! Fields in a page, on either engine.

import { window } from '../../text/test/page.mjs'
import { engines } from '../../text/test/harness.mjs'
import { bind } from '../dist/index.js'

/** A person at a field. */
export class Person {
  constructor (engine, id, { tag = 'textarea', ...options } = {}) {
    this.copy = new engines[engine](id)
    this.field = document.body.appendChild(document.createElement(tag))
    this.binding = bind(this.field, { text: this.copy.text, undoGroupMs: 0, ...options })
  }

  get sent () { return this.copy.sent }
  get kind () { return this.copy.kind }
  get text () { return this.copy.type.toString() }
  get shown () { return this.field.value }
  receive (update) { return this.copy.receive(update) }

  select (start, end = start, direction) {
    this.field.focus()
    this.field.setSelectionRange(start, end, direction)
    this.field.dispatchEvent(new window.Event('select', { bubbles: true }))
  }

  /** Types over the selection, as a browser does: the value first, then the word of it. */
  type (text, init = {}) {
    const { selectionStart: start, selectionEnd: end } = this.field
    this.field.setRangeText(text, start, end, 'end')
    this.field.dispatchEvent(new window.InputEvent('input', { bubbles: true, data: text, inputType: 'insertText', ...init }))
  }

  backspace () {
    const { selectionStart: start, selectionEnd: end } = this.field
    if (start === end) this.field.setSelectionRange(start - (/[\uDC00-\uDFFF]/.test(this.field.value.charAt(start - 1)) ? 2 : 1), end)
    this.type('', { inputType: 'deleteContentBackward' })
  }

  compose (name) { this.field.dispatchEvent(new window.CompositionEvent(name, { bubbles: true })) }

  destroy () {
    this.binding.destroy()
    this.field.remove()
    this.copy.destroy()
  }
}
