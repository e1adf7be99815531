//! Editors in a page: ours on either engine, and y-codemirror.next.

import { EditorSelection } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { place } from '../../text/test/page.mjs'
import { engines } from '../../text/test/harness.mjs'
import { yCollab } from 'y-codemirror.next'
import { UndoManager } from 'yjs'
import { collaboration } from '../dist/index.js'

class Editor {
  constructor (engine, id, extensions, doc = '') {
    this.copy = new engines[engine](id)
    this.view = new EditorView({ parent: place(), doc, extensions: extensions(this.copy) })
  }

  get sent () { return this.copy.sent }
  get kind () { return this.copy.kind }
  get shown () { return this.view.state.doc.sliceString(0, this.view.state.doc.length, '\n') }
  get text () { return this.copy.type.toString() }
  receive (update) { return this.copy.receive(update) }

  insert (at, insert) { this.view.dispatch({ changes: { from: at, insert }, selection: { anchor: at + insert.length }, userEvent: 'input.type' }) }
  select (anchor, head = anchor) { this.view.dispatch({ selection: EditorSelection.single(anchor, head) }) }

  destroy () {
    this.view.destroy()
    this.view.dom.parentNode?.remove()
    this.copy.destroy()
  }
}

/** This package. */
export const ours = (engine, id, options = {}, doc) =>
  new Editor(engine, id, ({ text }) => [collaboration({ text, undoGroupMs: 0, ...options })], doc)

/** y-codemirror.next, as its users have it. */
export const stock = (id) => new Editor('yjs', id, ({ type }) => [yCollab(type, null, { undoManager: new UndoManager(type) })])

const WORDS = ['a', 'aa', 'été ', '\n', 'one\ntwo', '🙂', '👩‍👩‍👧', '日本語']

/** Browsers put no caret into a letter of two halves. */
const whole = (text, at) => /^[\uDC00-\uDFFF]/.test(text.slice(at)) ? at - 1 : at

/** An edit as a person or a program makes it, at one or several places. */
export const randomEdit = (random, { view, shown }) => {
  const changes = []
  let from = 0
  for (let left = random.below(4) === 0 ? 3 : 1; left > 0; left -= 1) {
    const start = whole(shown, from + random.below(shown.length - from + 1))
    const end = random.below(2) === 0 ? start : Math.max(start, whole(shown, Math.min(shown.length, start + random.below(6))))
    changes.push({ from: start, to: end, insert: random.pick(random.below(3) === 0 ? [''] : WORDS) })
    from = end
  }
  view.dispatch({ changes, userEvent: 'input' })
}
