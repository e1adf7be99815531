//! Many random histories: ours with ours on both engines, and with y-codemirror.next.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchange, rounds, until } from '../../text/test/harness.mjs'
import { ours, randomEdit, stock } from './harness.mjs'
import { redo, undo } from '../dist/index.js'

const EDITS = 60

const compose = (editor, name) => editor.view.contentDOM.dispatchEvent(new CompositionEvent(name, { bubbles: true }))

const converge = async (editors, random, also = () => {}) => {
  await Promise.resolve()
  for (let edit = 0; edit < EDITS; edit += 1) {
    const editor = random.pick(editors)
    also(editor)
    randomEdit(random, editor)
    if (random.below(4) === 0) exchange(editors, random)
  }
  for (const editor of editors) compose(editor, 'compositionend')
  exchange(editors, random)
  const [first] = editors
  await until(() => editors.every(({ shown }) => shown === first.text), () => 'all show the text')
  for (const editor of editors) assert.equal(editor.text, first.text)
  editors.forEach((editor) => editor.destroy())
}

test('editors of this package converge on both engines, whatever the order of delivery', () => rounds((random) =>
  converge([ours('yjs', 1), ours('wasm', 2), ours('wasm', 3)], random)))

test('this package and y-codemirror.next write one text', () => rounds((random) =>
  converge([ours('yjs', 1), stock(2), ours('wasm', 3), stock(4)], random)))

test('undo and redo amid edits of others converge', () => rounds((random) =>
  converge([ours('yjs', 1), ours('wasm', 2), stock(3)], random, ({ view }) => {
    if (random.below(5) === 0) (random.below(3) === 0 ? redo : undo)(view)
  })))

test('edits that wait for a composition lose nothing', () => rounds((random) =>
  converge([ours('yjs', 1), ours('wasm', 2), ours('yjs', 3)], random, (editor) => {
    if (random.below(3) === 0) compose(editor, random.below(2) === 0 ? 'compositionstart' : 'compositionend')
  })))
