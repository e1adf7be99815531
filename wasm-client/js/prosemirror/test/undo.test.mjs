//! What undo takes back: what was done at this editor, and not what its plugins add to the edits of others.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { selectAll, toggleMark } from 'prosemirror-commands'
import { Plugin } from 'prosemirror-state'
import { closeUndoGroup, undo } from '../dist/collaboration.js'
import { randomFrom, schema } from './harness.mjs'
import { Network, ours } from './people.mjs'

/** Keeps an empty paragraph at the end, as TipTap's `TrailingNode` does. */
const trailing = () => new Plugin({
  appendTransaction: (_transactions, _before, { doc, tr }) =>
    doc.lastChild.content.size === 0 ? null : tr.insert(doc.content.size, schema.nodes.paragraph.create())
})

test('a paragraph that a plugin adds to what somebody else wrote does not stand before one\'s own edits', () => {
  const [ann, bob] = [ours(1, trailing()), ours(2)]
  const network = new Network([ann, bob], randomFrom(1))
  ann.type('text')
  network.settle()
  closeUndoGroup(ann.view)
  ann.run(selectAll)
  ann.run(toggleMark(schema.marks.bold))
  network.settle()
  closeUndoGroup(ann.view)
  bob.select(1)
  bob.type('below')
  network.settle()
  assert.equal(ann.text, 'text\nbelow\n')
  undo(ann.view.state, () => {}, ann.view)
  network.settle()
  assert.equal(bob.text, 'text\nbelow\n')
  assert.equal(bob.view.state.doc.rangeHasMark(0, 5, schema.marks.bold), false, 'the format is taken back')
})

test('what a plugin adds to one\'s own edit goes with it', () => {
  const ann = ours(1, trailing())
  ann.type('text')
  assert.equal(ann.text, 'text\n')
  undo(ann.view.state, () => {}, ann.view)
  assert.equal(ann.text, '')
  assert.equal(ann.fragment.length, 0)
})
