//! Editors without a browser: ours and y-prosemirror's, on documents that exchange updates.

import { EditorState } from 'prosemirror-state'
import { updateYFragment, yXmlFragmentToProseMirrorRootNode } from 'y-prosemirror'
import * as Y from 'yjs'
import { changedFrom } from '../dist/binding.js'
import { Renderer } from '../dist/render.js'
import { richTextSchema } from '../dist/schema.js'
import { showInstead } from '../dist/steps.js'
import { Plan } from '../dist/write.js'
import { randomFrom } from '../../text/test/random.mjs'

export { randomFrom }

export const schema = richTextSchema()

/** The first seed of this run; the same unless `SEED=` names another, which replays one. */
export const seed = Number(process.env.SEED ?? 1)

class Replica {
  constructor (clientId) {
    this.doc = new Y.Doc()
    this.doc.clientID = clientId
    this.fragment = this.doc.getXmlFragment('default')
    this.sent = []
    this.doc.on('update', (update, origin) => { if (origin !== 'remote') this.sent.push(update) })
  }

  /** Everything this replica holds, byte for byte comparable. */
  get history () { return Y.encodeStateAsUpdate(this.doc) }
}

/** This package, with the pure half of its binding. */
export class Ours extends Replica {
  constructor (clientId) {
    super(clientId)
    this.renderer = new Renderer(schema)
    this.fragment.observeDeep((_events, transaction) => {
      for (const type of transaction.changedParentTypes.keys()) this.renderer.forget(type)
    })
    this.root = this.renderer.root(this.fragment)
    this.state = EditorState.create({ schema, doc: this.root.node })
  }

  edit (change) {
    const tr = change(this.state)
    if (!tr?.docChanged) return
    const plan = new Plan(this.renderer)
    plan.branch(this.root, tr.doc, changedFrom(tr))
    this.state = this.state.apply(tr)
    this.doc.transact(() => plan.run())
    this.show()
  }

  receive (update) {
    Y.applyUpdate(this.doc, update, 'remote')
    this.show()
  }

  show () {
    this.root = this.renderer.root(this.fragment)
    this.root.node.check()
    const tr = this.state.tr
    showInstead(tr, this.root.node, this.renderer.origins)
    if (!tr.doc.eq(this.root.node)) throw new Error('the steps do not lead to what is to be shown')
    this.renderer.adopt(this.root, tr.doc)
    this.state = this.state.apply(tr)
    return tr
  }
}

/** y-prosemirror 1.3, as stock editors use it. */
export class Stock extends Replica {
  constructor (clientId) {
    super(clientId)
    this.state = EditorState.create({ schema, doc: schema.topNodeType.createAndFill() })
  }

  edit (change) {
    const tr = change(this.state)
    if (!tr?.docChanged) return
    this.state = this.state.apply(tr)
    updateYFragment(this.doc, this.fragment, tr.doc, { mapping: new Map(), isOMark: new Map() })
    this.show()
  }

  receive (update) {
    Y.applyUpdate(this.doc, update, 'remote')
    this.show()
  }

  show () {
    let doc = this.doc.transact(() => yXmlFragmentToProseMirrorRootNode(this.fragment, schema))
    if (doc.childCount === 0) doc = schema.topNodeType.createAndFill()
    this.state = this.state.apply(this.state.tr.replaceWith(0, this.state.doc.content.size, doc.content))
  }
}

/** Delivers what was not delivered yet, in any order. */
export const exchange = (replicas, random) => {
  const due = replicas.flatMap((from) => from.sent.splice(0).flatMap((update) =>
    replicas.filter((to) => to !== from).map((to) => ({ to, update }))))
  while (due.length > 0) {
    const [{ to, update }] = due.splice(random ? random.below(due.length) : 0, 1)
    to.receive(update)
  }
  if (replicas.some(({ sent }) => sent.length > 0)) exchange(replicas, random)
}
