//! What a person notices.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runScopeHandlers } from '@codemirror/view'
import { engineNames, exchange, sessionOf, until } from '../../text/test/harness.mjs'
import { canUndo, redo, undo } from '../dist/index.js'
import { ours } from './harness.mjs'

const ready = () => Promise.resolve()

const meet = (...editors) => {
  exchange(editors)
  return editors
}

for (const engine of engineNames) {
  test(`${engine}: an editor shows the text, and what it held before is not written`, async () => {
    const ann = ours(engine, 1)
    await ready()
    ann.insert(0, 'shared')
    const bob = ours(engine, 2, {}, 'seeded')
    await ready()
    assert.equal(bob.shown, '')
    meet(ann, bob)
    assert.equal(bob.shown, 'shared')
    assert.equal(ann.text, 'shared')
    ann.destroy()
    bob.destroy()
  })

  test(`${engine}: a small edit is a small change, for the text and for the other editor`, async () => {
    const [ann, bob] = [ours(engine, 1), ours(engine, 2)]
    await ready()
    ann.insert(0, 'line\n'.repeat(1_000))
    meet(ann, bob)
    const before = ann.copy.sent.length
    ann.insert(2_500, 'x')
    const [update] = ann.copy.sent.slice(before)
    assert.ok(update.length < 40, `${update.length} bytes`)
    bob.select(2_501, 2_505)
    meet(ann, bob)
    assert.deepEqual([bob.view.state.selection.main.anchor, bob.view.state.selection.main.head], [2_502, 2_506])
    ann.destroy()
    bob.destroy()
  })

  test(`${engine}: undo takes back one's own edits only, and selects what was selected`, async () => {
    const [ann, bob] = [ours(engine, 1), ours(engine, 2)]
    await ready()
    bob.insert(0, 'theirs ')
    meet(ann, bob)
    assert.equal(canUndo(ann.view), false)
    ann.insert(7, 'mine')
    ann.view.dispatch({ selection: { anchor: 7, head: 11 } })
    ann.view.dispatch({ changes: { from: 7, to: 11, insert: 'MINE' }, selection: { anchor: 11 } })
    meet(ann, bob)
    bob.insert(0, '>> ')
    meet(ann, bob)
    assert.equal(undo(ann.view), true)
    assert.equal(ann.shown, '>> theirs mine')
    assert.deepEqual(ann.view.state.selection.main.toJSON(), { anchor: 10, head: 14 })
    undo(ann.view)
    assert.equal(ann.shown, '>> theirs ')
    undo(ann.view)
    assert.equal(ann.shown, '>> theirs ', 'nothing of others is undone')
    redo(ann.view)
    redo(ann.view)
    meet(ann, bob)
    assert.equal(bob.shown, '>> theirs MINE')
    assert.equal(ann.view.state.selection.main.head, 14)
    ann.destroy()
    bob.destroy()
  })

  test(`${engine}: an edit of others in the line of a composition waits, elsewhere it does not`, async () => {
    const [ann, bob] = [ours(engine, 1), ours(engine, 2)]
    await ready()
    ann.insert(0, 'first\nsecond\nthird')
    meet(ann, bob)
    ann.select(9)
    ann.view.contentDOM.dispatchEvent(new CompositionEvent('compositionstart', { bubbles: true }))
    ann.view.dispatch({ changes: { from: 9, insert: 'か' }, selection: { anchor: 10 }, userEvent: 'input.type.compose' })
    bob.insert(12, ' of all')
    bob.insert(0, 'the ')
    meet(ann, bob)
    assert.equal(ann.shown, 'the first\nsecかond\nthird')
    assert.equal(ann.view.state.selection.main.head, 14, 'the caret stays in the composition')
    ann.view.dispatch({ changes: { from: 13, to: 14, insert: '感' }, selection: { anchor: 14 }, userEvent: 'input.type.compose' })
    meet(ann, bob)
    assert.equal(bob.shown, 'the first\nsec感ond of all\nthird')
    ann.view.contentDOM.dispatchEvent(new CompositionEvent('compositionend', { bubbles: true }))
    await until(() => ann.shown === bob.shown, 'it is shown after the composition')
    assert.equal(ann.view.state.selection.main.head, 14)
    ann.destroy()
    bob.destroy()
  })

  test(`${engine}: values and line ends that plain text does not have keep their places`, async () => {
    const ann = ours(engine, 1)
    await ready()
    ann.copy.text.applyDelta([{ insert: 'a\r\nb' }, { insert: { image: '/i.png' } }, { insert: 'c', attributes: { bold: true } }], {})
    assert.equal(ann.view.state.doc.length, 6)
    ann.insert(6, '!')
    ann.view.dispatch({ changes: { from: 3, to: 4, insert: 'B' } })
    assert.deepEqual(ann.copy.text.toDelta().map(({ insert }) => insert), ['a\r\nB', { image: '/i.png' }, 'c', '!'])
    ann.destroy()
  })

  test(`${engine}: a letter that takes two units is replaced whole`, async () => {
    const [ann, bob] = [ours(engine, 1), ours(engine, 2)]
    await ready()
    ann.insert(0, 'a🙂b')
    // Editors find the shortest difference, which is one half.
    ann.view.dispatch({ changes: { from: 2, to: 3, insert: '🙃'.charAt(1) } })
    meet(ann, bob)
    assert.equal(ann.text, 'a🙃b')
    assert.equal(bob.shown, 'a🙃b')
    ann.destroy()
    bob.destroy()
  })
}

test('nothing is written before the document is known, nor while it is read-only', async () => {
  const session = sessionOf()
  const ann = ours('yjs', 1, { session })
  await ready()
  ann.insert(0, 'too early')
  assert.equal(ann.text, '')
  assert.equal(ann.view.state.readOnly, true)
  session.become('synced', true)
  ann.insert(0, 'now')
  assert.equal(ann.text, 'now')
  session.become('read-only', true)
  ann.insert(0, 'no')
  undo(ann.view)
  assert.equal(ann.text, 'now')
  assert.equal(ann.shown, 'now')
  ann.copy.text.applyDelta([{ insert: 'still shown: ' }], {})
  assert.equal(ann.shown, 'still shown: now')
  ann.destroy()
})

test('what the device holds is known without a server, an empty copy is not', async () => {
  for (const [localCopy, words, expected] of [['kept', 'kept', 'more kept'], ['kept', '', ''], ['none', 'made here', 'made here']]) {
    const session = { ...sessionOf(), localCopy }
    const ann = ours('yjs', 1, { session })
    if (words !== '') ann.copy.text.applyDelta([{ insert: words }], {})
    await new Promise((resolve) => setTimeout(resolve))
    ann.insert(0, 'more ')
    assert.equal(ann.text, expected)
    ann.destroy()
  }
})

test('an edit that the engine refuses is taken back in the editor', async (t) => {
  const logged = t.mock.method(console, 'error', () => {})
  const ann = ours('wasm', 1)
  await ready()
  ann.insert(0, 'kept')
  ann.copy.doc.setReadOnly(true)
  ann.insert(4, ' lost')
  await until(() => ann.shown === 'kept', 'the editor shows the text')
  assert.equal(logged.mock.callCount(), 1)
  ann.copy.doc.setReadOnly(false)
  ann.insert(4, ' again')
  assert.equal(ann.text, 'kept again')
  ann.destroy()
})

test('the keys of undo are the binding\'s, also where there is nothing to undo', async () => {
  const ann = ours('yjs', 1)
  await ready()
  ann.insert(0, 'x')
  const key = (init) => runScopeHandlers(ann.view, new KeyboardEvent('keydown', { keyCode: init.key.toUpperCase().charCodeAt(0), ...init }), 'editor')
  assert.equal(key({ key: 'z', ctrlKey: true }), true)
  assert.equal(ann.text, '')
  assert.equal(key({ key: 'z', ctrlKey: true }), true)
  assert.equal(key({ key: 'y', ctrlKey: true }), true)
  assert.equal(ann.text, 'x')
  const event = new InputEvent('beforeinput', { inputType: 'historyUndo', bubbles: true, cancelable: true })
  ann.view.contentDOM.dispatchEvent(event)
  assert.equal(event.defaultPrevented, true)
  assert.equal(ann.text, '')
  ann.destroy()
})
