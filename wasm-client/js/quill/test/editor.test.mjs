//! What a person notices.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { engineNames, exchange, sessionOf, until } from '../../text/test/harness.mjs'
import { Delta, ours, Quill, stock } from './harness.mjs'
import { place } from '../../text/test/page.mjs'
import { bind, UNSUPPORTED } from '../dist/index.js'

const meet = (...editors) => exchange(editors)
const turn = () => new Promise((resolve) => setTimeout(resolve))

for (const engine of engineNames) {
  test(`${engine}: an editor shows the text, and what it held before is not written`, () => {
    const ann = ours(engine, 1)
    ann.quill.insertText(0, 'shared', 'user')
    const quill = new Quill(place())
    quill.setText('seeded')
    const binding = bind(quill, { text: ann.copy.text })
    assert.deepEqual(quill.getContents().ops, [{ insert: 'shared\n' }])
    assert.deepEqual(ann.text, [{ insert: 'shared' }])
    binding.destroy()
    quill.insertText(0, 'alone ', 'user')
    assert.deepEqual(ann.text, [{ insert: 'shared' }], 'it is not bound any more')
    ann.destroy()
  })

  test(`${engine}: undo takes back one's own edits only, with keys and with the toolbar`, () => {
    const [ann, bob] = [ours(engine, 1), ours(engine, 2)]
    bob.quill.insertText(0, 'theirs ', 'user')
    meet(ann, bob)
    ann.quill.insertText(7, 'mine', { bold: true }, 'user')
    ann.quill.setSelection(7, 4)
    ann.quill.formatText(7, 4, 'italic', true, 'user')
    meet(ann, bob)
    bob.quill.insertText(0, '>> ', 'user')
    meet(ann, bob)
    const key = (init) => ann.quill.root.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init }))
    assert.equal(key({ key: 'z', ctrlKey: true }), false)
    assert.deepEqual(ann.text, [{ insert: '>> theirs ' }, { insert: 'mine', attributes: { bold: true } }])
    assert.deepEqual({ ...ann.quill.getSelection() }, { index: 10, length: 4 })
    ann.quill.history.undo()
    assert.deepEqual(ann.text, [{ insert: '>> theirs ' }])
    assert.equal(ann.binding.canUndo, false)
    ann.quill.history.undo()
    ann.quill.history.redo()
    key({ key: 'Z', ctrlKey: true, shiftKey: true })
    meet(ann, bob)
    assert.deepEqual(bob.quill.getContents().ops.at(-2).attributes, { bold: true, italic: true })
    ann.destroy()
    bob.destroy()
  })

  test(`${engine}: an edit of others waits for the end of a composition, and a caret stays where it is`, async () => {
    const [ann, bob] = [ours(engine, 1), ours(engine, 2)]
    ann.quill.insertText(0, 'first\nsecond', 'user')
    meet(ann, bob)
    ann.quill.setSelection(8, 0)
    const compose = (name) => ann.quill.root.querySelector('p:last-child').dispatchEvent(new CompositionEvent(name, { bubbles: true }))
    compose('compositionstart')
    bob.quill.insertText(0, 'the ', 'user')
    meet(ann, bob)
    assert.equal(ann.quill.getText(), 'first\nsecond\n')
    compose('compositionend')
    await until(() => ann.quill.getText() === 'the first\nsecond\n', 'it is shown after the composition')
    assert.deepEqual({ ...ann.quill.getSelection() }, { index: 12, length: 0 })
    ann.destroy()
    bob.destroy()
  })

  test(`${engine}: what is typed while an edit of others arrives is written where it was typed`, async () => {
    const [ann, bob] = [ours(engine, 1), ours(engine, 2)]
    ann.quill.insertText(0, 'words', 'user')
    meet(ann, bob)
    // The browser has put a letter into the page; Quill has not looked yet.
    ann.quill.root.querySelector('p').firstChild.data = 'words!'
    bob.quill.insertText(0, 'more ', 'user')
    meet(ann, bob)
    await turn()
    meet(ann, bob)
    assert.deepEqual(ann.text, [{ insert: 'more words!' }])
    assert.equal(bob.quill.getText(), 'more words!\n')
    ann.destroy()
    bob.destroy()
  })

  test(`${engine}: unknown values are shown, kept, and copied as what they are; unknown formats stay`, () => {
    const ann = ours(engine, 1)
    ann.copy.text.applyDelta([{ insert: 'a' }, { insert: { mention: { id: 7 } } }, { insert: 'b', attributes: { comment: 'c1', bold: true } }], {})
    assert.equal(ann.quill.root.querySelector('.unisson-unsupported').textContent.replaceAll('\uFEFF', ''), 'mention')
    ann.quill.insertText(3, '!', 'user')
    ann.quill.formatText(0, 4, 'italic', true, 'user')
    assert.deepEqual(ann.text.map(({ insert, attributes }) => [insert, attributes?.comment]), [
      ['a', undefined], [{ mention: { id: 7 } }, undefined], ['b', 'c1'], ['!', undefined]
    ])
    ann.quill.updateContents(new Delta().insert({ [UNSUPPORTED]: { mention: { id: 7 } } }), 'user')
    assert.deepEqual(ann.text[0].insert, { mention: { id: 7 } })
    ann.destroy()
  })

  test(`${engine}: a line's format at the end is kept, and a last line follows`, async () => {
    const [ann, bob, stranger] = [ours(engine, 1), ours(engine, 2), stock(3)]
    ann.quill.insertText(0, 'title', 'user')
    ann.quill.formatLine(0, 1, 'header', 1, 'user')
    await turn()
    exchange([ann, bob, stranger])
    const expected = [{ insert: 'title' }, { insert: '\n', attributes: { header: 1 } }]
    assert.deepEqual(ann.text, expected)
    for (const { quill } of [ann, bob]) assert.deepEqual(quill.getContents().ops, [...expected, { insert: '\n' }])
    assert.deepEqual(stranger.quill.getContents().ops.slice(0, 2), expected)
    ann.quill.insertText(6, 'text', 'user')
    ann.quill.formatLine(0, 1, 'header', false, 'user')
    await turn()
    exchange([ann, bob, stranger])
    assert.equal(bob.quill.getText(), 'title\ntext\n')
    assert.deepEqual(ann.text, [{ insert: 'title\ntext' }])
    ann.quill.setText('', 'user')
    await turn()
    exchange([ann, bob, stranger])
    assert.deepEqual(bob.text, [])
    assert.deepEqual([ann, bob].map(({ quill }) => quill.getText()), ['\n', '\n'])
    for (const editor of [ann, bob, stranger]) editor.destroy()
  })
}

test('nothing is written before the document is known, nor while it is read-only', async () => {
  const session = sessionOf()
  const ann = ours('yjs', 1, { session })
  assert.equal(ann.quill.isEnabled(), false)
  ann.quill.insertText(0, 'too early', 'api')
  await turn()
  assert.deepEqual([ann.text, ann.quill.getText()], [[], '\n'])
  session.become('synced', true)
  assert.equal(ann.quill.isEnabled(), true)
  ann.quill.insertText(0, 'now', 'user')
  session.become('read-only', true)
  assert.equal(ann.quill.isEnabled(), false)
  assert.equal(ann.binding.undo(), false)
  ann.copy.text.applyDelta([{ insert: 'still shown: ' }], {})
  assert.equal(ann.quill.getText(), 'still shown: now\n')
  ann.destroy()
  assert.equal(ann.quill.isEnabled(), true)
})

test('an edit that the engine refuses is taken back in the editor', async (t) => {
  const logged = t.mock.method(console, 'error', () => {})
  const ann = ours('wasm', 1)
  ann.quill.insertText(0, 'kept', 'user')
  ann.copy.doc.setReadOnly(true)
  ann.quill.insertText(4, ' lost', 'user')
  await until(() => ann.quill.getText() === 'kept\n', 'the editor shows the text')
  assert.equal(logged.mock.callCount(), 1)
  ann.destroy()
})
