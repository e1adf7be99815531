//! People at editors without a screen: the whole plugins, ours and y-prosemirror's, and a network that
//! delivers in any order.

import { EditorState, TextSelection } from 'prosemirror-state'
import { ySyncPlugin } from 'y-prosemirror'
import * as Y from 'yjs'
import { collaboration } from '../dist/collaboration.js'
import { schema } from './harness.mjs'

/** As much of ProseMirror's view as plugins without a screen ask for. */
class View {
  composing = false
  editable = true
  dom = new EventTarget()
  #plugins = []

  constructor (plugins) {
    this.state = EditorState.create({ schema, plugins })
    for (const plugin of plugins) {
      const view = plugin.spec.view?.(this)
      if (view) this.#plugins.push(view)
    }
  }

  hasFocus () { return false }

  dispatch (tr) {
    const before = this.state
    const { state, transactions } = before.applyTransaction(tr)
    if (transactions.length === 0) return
    this.state = state
    for (const plugin of this.#plugins) plugin.update?.(this, before)
  }
}

class Person {
  /** What was written here and is not delivered yet, for each of the others. */
  sent = []

  constructor (clientId, pluginsOf) {
    this.doc = new Y.Doc()
    this.doc.clientID = clientId
    this.fragment = this.doc.getXmlFragment('default')
    this.doc.on('update', (update, origin) => { if (origin !== 'remote') this.sent.push(update) })
    this.view = new View(pluginsOf(this.fragment))
  }

  receive (update) { Y.applyUpdate(this.doc, update, 'remote') }

  get text () { return this.view.state.doc.textBetween(0, this.view.state.doc.content.size, '\n') }

  /** Puts the caret so many letters into a paragraph. */
  select (paragraph, letters = 0) {
    const { doc, tr } = this.view.state
    let start = 1
    for (let index = 0; index < paragraph; index++) start += doc.child(index).nodeSize
    this.view.dispatch(tr.setSelection(TextSelection.create(doc, start + letters)))
  }

  type (letters) { this.view.dispatch(this.view.state.tr.insertText(letters)) }

  /** Takes back the letter before the caret. */
  backspace () {
    const { $head, head } = this.view.state.selection
    if ($head.parentOffset > 0) this.view.dispatch(this.view.state.tr.delete(head - 1, head))
  }

  run (command) { command(this.view.state, (tr) => this.view.dispatch(tr)) }
}

/** Somebody with this package, and more plugins of their own. */
export const ours = (clientId, ...more) => new Person(clientId, (fragment) => [collaboration({ fragment }), ...more])

/** Somebody with y-prosemirror 1.3, as in stock TipTap. */
export const stock = (clientId) => new Person(clientId, (fragment) => [ySyncPlugin(fragment)])

/** Carries updates: each person's in their order, or, with `anyOrder`, as it comes. */
export class Network {
  #people
  #anyOrder
  #random
  #due = new Map()

  constructor (people, random, { anyOrder = false } = {}) {
    this.#people = people
    this.#random = random
    this.#anyOrder = anyOrder
  }

  /** Delivers one update to one person. Says whether there was one. */
  deliver () {
    this.#collect()
    const waiting = [...this.#due.values()].filter(({ updates }) => updates.length > 0)
    if (waiting.length === 0) return false
    const { to, updates } = this.#random.pick(waiting)
    const [update] = updates.splice(this.#anyOrder ? this.#random.below(updates.length) : 0, 1)
    to.receive(update)
    return true
  }

  settle () { while (this.deliver()); }

  #collect () {
    for (const from of this.#people) {
      for (const update of from.sent.splice(0)) {
        for (const to of this.#people) {
          if (to === from) continue
          const key = `${this.#people.indexOf(from)} ${this.#people.indexOf(to)}`
          if (!this.#due.has(key)) this.#due.set(key, { to, updates: [] })
          this.#due.get(key).updates.push(update)
        }
      }
    }
  }
}
