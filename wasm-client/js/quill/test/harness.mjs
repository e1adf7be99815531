//! Editors in a page: ours on either engine, and y-quill.

import { place } from '../../text/test/page.mjs'
import { engines } from '../../text/test/harness.mjs'

const { default: Quill, Delta } = await import('quill')
const { QuillBinding } = await import('y-quill')
const { bind } = await import('../dist/index.js')
export { Delta, Quill }

class Editor {
  constructor (engine, id, join, options = {}) {
    this.copy = new engines[engine](id)
    this.quill = new Quill(place(), options)
    this.binding = join(this.quill, this.copy)
  }

  get sent () { return this.copy.sent }
  get kind () { return this.copy.kind }
  get shown () { return this.quill.getContents().ops }
  get text () { return this.copy.text.toDelta() }
  receive (update) { return this.copy.receive(update) }

  destroy () {
    this.binding.destroy()
    this.quill.container.remove()
    this.copy.destroy()
  }
}

/** This package. */
export const ours = (engine, id, options = {}, quillOptions) =>
  new Editor(engine, id, (quill, { text }) => bind(quill, { text, undoGroupMs: 0, ...options }), quillOptions)

/** y-quill, as its users have it. */
export const stock = (id) => new Editor('yjs', id, (quill, { type }) => new QuillBinding(type, quill))

const WORDS = ['a', 'aa', 'été ', '\n', 'one\ntwo', '🙂', '日本語']

/** Browsers put no caret into a letter of two halves. */
const whole = (quill, at) => /^[\uDC00-\uDFFF]/.test(quill.getText(at, 1)) ? at - 1 : at

const edits = [
  ...Array.from({ length: 5 }, () => (quill, from, _to, random) => quill.insertText(from, random.pick(WORDS), 'user')),
  (quill, from, _to, random) => quill.insertText(from, random.pick(WORDS), random.pick([{ bold: true }, { italic: true }, { link: 'https://example.org/' }]), 'user'),
  (quill, from, to) => quill.deleteText(from, to - from, 'user'),
  (quill, from, to) => quill.deleteText(from, to - from, 'user'),
  (quill, from, to, random) => quill.formatText(from, to - from, random.pick(['bold', 'italic']), random.pick([true, false]), 'user'),
  (quill, from, to, random) => quill.formatLine(from, to - from, 'header', random.pick([1, 2, false]), 'user'),
  (quill, from) => quill.insertEmbed(from, 'image', '/i.png', 'user'),
  (quill, from, to, random) => quill.updateContents(new Delta().retain(from).delete(to - from).insert(random.pick(WORDS)), 'user'),
  (quill, from, to) => quill.removeFormat(from, to - from, 'user')
]

/** Edits whose outcome Quill decides by what is around: a line has one shape, a film a line of its own. */
const shaped = [
  (quill, from, to, random) => quill.formatLine(from, to - from, 'list', random.pick(['bullet', 'ordered', false]), 'user'),
  (quill, from, to, random) => quill.formatLine(from, to - from, 'blockquote', random.pick([true, false]), 'user'),
  (quill, from) => quill.insertEmbed(from, 'video', 'https://example.org/v', 'user')
]

/** An edit as a person makes it with keys and buttons. */
export const randomEdit = (random, { quill }, also = false) => {
  const length = quill.getLength()
  const from = whole(quill, random.below(length))
  const to = whole(quill, Math.max(from, Math.min(length - 1, from + random.below(6))))
  random.pick(also ? [...edits, ...shaped] : edits)(quill, from, to, random)
}
