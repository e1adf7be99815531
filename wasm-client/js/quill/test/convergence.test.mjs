//! Many random histories: ours with ours on both engines, and with y-quill.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchange, joined, rounds, until } from '../../text/test/harness.mjs'
import { ours, randomEdit, stock } from './harness.mjs'

const EDITS = 50

/** Same operations, in whatever order their formats are written. */
const same = (one, other, what) => assert.deepEqual(sorted(one), sorted(other), what)
const sorted = (delta) => joined(structuredClone(delta)).map(({ insert, attributes }) => [insert, Object.entries(attributes ?? {}).sort()])

/** What Quill shows of a text: at line ends the formats of lines, elsewhere those of letters. */
const visible = (delta) => joined(delta.flatMap(({ insert, attributes = {} }) => {
  const parts = typeof insert === 'string' ? insert.split(/(?<=\n)|(?=\n)/) : [insert]
  return parts.map((part) => {
    const isLine = part === '\n'
    const kept = Object.entries(attributes).filter(([name]) => (name === 'header') === isLine)
    return { insert: part, attributes: Object.fromEntries(kept) }
  })
}))

const compose = ({ quill }, name) => quill.root.dispatchEvent(new CompositionEvent(name, { bubbles: true }))

const converge = async (editors, random, { also = () => {}, shaped = false } = {}) => {
  for (let edit = 0; edit < EDITS; edit += 1) {
    const editor = random.pick(editors)
    also(editor)
    randomEdit(random, editor, shaped)
    await Promise.resolve()
    if (random.below(4) === 0) exchange(editors, random)
  }
  for (const editor of editors) compose(editor, 'compositionend')
  await new Promise((resolve) => setTimeout(resolve))
  exchange(editors, random)
  await new Promise((resolve) => setTimeout(resolve))
  return editors
}

const end = (editors) => editors.forEach((editor) => editor.destroy())

test('editors of this package converge on both engines, and show the text and one line end', () => rounds(async (random) => {
  const editors = await converge([ours('yjs', 1), ours('wasm', 2), ours('wasm', 3)], random)
  for (const { text, shown } of editors) {
    same(text, editors[0].text, 'one text')
    same(shown, visible([...text, { insert: '\n' }]), 'the editor shows it')
  }
  end(editors)
}))

test('this package and y-quill write one text', () => rounds(async (random) => {
  const editors = await converge([ours('yjs', 1), stock(2), ours('wasm', 3), stock(4)], random)
  for (const { text } of editors) same(text, editors[0].text, 'one text')
  for (const { shown, text } of [editors[0], editors[2]]) same(shown, visible([...text, { insert: '\n' }]), 'ours show it')
  end(editors)
}))

test('undo and redo amid edits of others converge', () => rounds(async (random) => {
  const editors = await converge([ours('yjs', 1), ours('wasm', 2), ours('yjs', 3)], random, {
    also: ({ binding }) => { if (random.below(4) === 0) binding[random.below(3) === 0 ? 'redo' : 'undo']() }
  })
  for (const { text, shown } of editors) {
    same(text, editors[0].text, 'one text')
    same(shown, visible([...text, { insert: '\n' }]), 'the editor shows it')
  }
  end(editors)
}))

test('edits that wait for a composition lose nothing', () => rounds(async (random) => {
  const editors = await converge([ours('yjs', 1), ours('wasm', 2), ours('yjs', 3)], random, {
    also: (editor) => { if (random.below(3) === 0) compose(editor, random.below(2) === 0 ? 'compositionstart' : 'compositionend') }
  })
  for (const { text, shown } of editors) {
    same(text, editors[0].text, 'one text')
    await until(() => JSON.stringify(sorted(shown)) === JSON.stringify(sorted(visible([...text, { insert: '\n' }]))), 'the editor shows it')
  }
  end(editors)
}))

test('what Quill shapes by what is around it leads no two editors apart', () => rounds(async (random) => {
  const editors = await converge([ours('yjs', 1), ours('wasm', 2), ours('wasm', 3)], random, { shaped: true })
  for (const { text } of editors) same(text, editors[0].text, 'one text')
  end(editors)
}))
