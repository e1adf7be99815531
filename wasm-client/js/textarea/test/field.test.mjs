//! What a person notices.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { engineNames, exchange, rounds, sessionOf } from '../../text/test/harness.mjs'
import { window } from '../../text/test/page.mjs'
import { bind } from '../dist/index.js'
import { differenceAt } from '../dist/difference.js'
import { Person } from './harness.mjs'

const meet = (...people) => exchange(people)
const selection = ({ field }) => [field.selectionStart, field.selectionEnd]

test('a difference leads from the one text to the other, and is at the caret', () => rounds((random) => {
  const text = (length) => Array.from({ length }, () => random.pick(['a', 'a', 'b', '🙂'])).join('')
  const before = text(random.below(8))
  const [start, end] = [random.below(before.length + 1), random.below(before.length + 1)].sort((a, b) => a - b)
  const insert = text(random.below(3))
  const after = before.slice(0, start) + insert + before.slice(end)
  assert.equal(differenceAt(before, after, start + insert.length).apply(before), after)
  assert.equal(differenceAt(before, after, random.below(after.length + 1)).apply(before), after, 'wherever the caret is')
}, 2_000))

test('of equal letters the one at the caret is meant', () => {
  assert.deepEqual(differenceAt('aaaa', 'aaaaa', 2).parts, [{ keep: 1 }, { insert: 'a' }])
  assert.deepEqual(differenceAt('aaaa', 'aaa', 1).parts, [{ keep: 1 }, { delete: 1 }])
  assert.deepEqual(differenceAt('a🙂', 'a🙃', 3).parts, [{ keep: 1 }, { insert: '🙃' }, { delete: 2 }])
})

for (const engine of engineNames) {
  test(`${engine}: a field shows the text, and what it held before is not written`, () => {
    const ann = new Person(engine, 1)
    ann.type('shared')
    const field = document.body.appendChild(document.createElement('textarea'))
    field.value = 'seeded'
    const binding = bind(field, { text: ann.copy.text })
    assert.equal(field.value, 'shared')
    assert.equal(ann.text, 'shared')
    binding.destroy()
    ann.destroy()
  })

  test(`${engine}: a caret stays with its letters, and the field keeps its direction`, () => {
    const [ann, bob] = [new Person(engine, 1), new Person(engine, 2)]
    ann.type('one two three')
    meet(ann, bob)
    bob.select(4, 7, 'backward')
    ann.select(0)
    ann.type('>> ')
    ann.select(ann.shown.length)
    ann.type('!')
    meet(ann, bob)
    assert.deepEqual([bob.shown, ...selection(bob), bob.field.selectionDirection], ['>> one two three!', 7, 10, 'backward'])
    bob.select(7)
    ann.select(7)
    ann.type('and ')
    meet(ann, bob)
    assert.deepEqual(selection(bob), [7, 7], 'what others type at a caret does not push it')
    ann.destroy()
    bob.destroy()
  })

  test(`${engine}: undo takes back one's own edits only, and selects what was selected`, () => {
    const [ann, bob] = [new Person(engine, 1), new Person(engine, 2)]
    bob.type('theirs ')
    meet(ann, bob)
    ann.select(7)
    ann.type('mine')
    ann.select(7, 11)
    ann.type('MINE')
    meet(ann, bob)
    bob.select(0)
    bob.type('>> ')
    meet(ann, bob)
    const key = (init) => ann.field.dispatchEvent(new window.KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init }))
    assert.equal(key({ key: 'z', ctrlKey: true }), false, 'the browser does not undo on its own')
    assert.deepEqual([ann.shown, ...selection(ann)], ['>> theirs mine', 10, 14])
    ann.field.dispatchEvent(new window.InputEvent('beforeinput', { inputType: 'historyUndo', bubbles: true, cancelable: true }))
    key({ key: 'z', ctrlKey: true })
    assert.equal(ann.shown, '>> theirs ')
    key({ key: 'y', ctrlKey: true })
    key({ key: 'Z', ctrlKey: true, shiftKey: true })
    meet(ann, bob)
    assert.equal(bob.shown, '>> theirs MINE')
    ann.destroy()
    bob.destroy()
  })

  test(`${engine}: an edit of others waits for the end of a composition, one's own does not`, async () => {
    const [ann, bob] = [new Person(engine, 1), new Person(engine, 2)]
    ann.type('first second')
    meet(ann, bob)
    ann.select(6)
    ann.compose('compositionstart')
    ann.type('か', { isComposing: true })
    // Not by focus: a field that loses it ends its composition.
    bob.field.setSelectionRange(0, 0)
    bob.type('the ')
    meet(ann, bob)
    assert.equal(ann.shown, 'first かsecond', 'the field is not touched')
    assert.equal(bob.shown, 'the first かsecond')
    ann.field.setSelectionRange(6, 7)
    ann.type('感', { isComposing: true })
    ann.compose('compositionend')
    await Promise.resolve()
    meet(ann, bob)
    assert.deepEqual([ann.shown, bob.shown], ['the first 感second', 'the first 感second'])
    assert.deepEqual(selection(ann), [11, 11])
    ann.destroy()
    bob.destroy()
  })

  test(`${engine}: what a field cannot hold keeps its place in the text`, () => {
    const ann = new Person(engine, 1, { tag: 'input' })
    ann.copy.text.applyDelta([{ insert: 'a\r\nb' }, { insert: { image: '/i.png' } }, { insert: 'c', attributes: { bold: true } }], {})
    assert.equal(ann.shown, 'a  b\uFFFCc')
    ann.select(6)
    ann.type('!')
    ann.select(3, 4)
    ann.type('B')
    assert.deepEqual(ann.copy.text.toDelta().map(({ insert }) => insert), ['a\r\nB', { image: '/i.png' }, 'c', '!'])
    ann.destroy()
  })
}

test('nothing is written before the document is known, nor while it is read-only', () => {
  const session = sessionOf()
  const ann = new Person('yjs', 1, { session })
  assert.equal(ann.field.readOnly, true)
  ann.type('too early')
  assert.deepEqual([ann.text, ann.shown], ['', ''])
  session.become('synced', true)
  assert.equal(ann.field.readOnly, false)
  ann.type('now')
  session.become('read-only', true)
  assert.equal(ann.binding.undo(), false)
  ann.copy.text.applyDelta([{ insert: 'still shown: ' }], {})
  assert.equal(ann.shown, 'still shown: now')
  ann.destroy()
  assert.equal(ann.field.readOnly, false)
})

test('a form that is reset does not empty everybody\'s text', async () => {
  const ann = new Person('yjs', 1)
  const form = document.body.appendChild(document.createElement('form'))
  form.append(ann.field)
  ann.binding.destroy()
  const binding = bind(ann.field, { text: ann.copy.text })
  ann.type('kept')
  form.reset()
  await Promise.resolve()
  assert.deepEqual([ann.text, ann.shown], ['kept', 'kept'])
  binding.destroy()
  ann.destroy()
})

test('what a program puts into the field is an edit like any other', () => {
  const [ann, bob] = [new Person('yjs', 1), new Person('wasm', 2)]
  ann.type('one')
  meet(ann, bob)
  ann.field.value = 'one and two'
  bob.select(0)
  bob.type('>> ')
  meet(ann, bob)
  meet(ann, bob)
  assert.deepEqual([ann.shown, bob.shown, ann.text], Array(3).fill('>> one and two'))
  ann.destroy()
  bob.destroy()
})

test('an edit that the engine refuses is taken back in the field', (t) => {
  const logged = t.mock.method(console, 'error', () => {})
  const ann = new Person('wasm', 1)
  ann.type('kept')
  ann.copy.doc.setReadOnly(true)
  ann.type(' lost')
  assert.deepEqual([ann.shown, logged.mock.callCount()], ['kept', 1])
  ann.destroy()
})

test('an input that has no selection is refused', () => {
  const ann = new Person('yjs', 1)
  const field = document.createElement('input')
  field.type = 'number'
  assert.throws(() => bind(field, { text: ann.copy.text }), /number/)
  ann.destroy()
})
