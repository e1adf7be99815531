//! The WASM engine beside Yjs: the same updates, the same positions, the same documents.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { Doc, EngineError, load, UndoManager } from '../../../wasm-client/js/client/dist/index.js'
import { randomFrom, seed } from '../harness/random.mjs'

await load()

/** A document of each engine that hear each other at once. */
const pair = () => {
  const wasm = new Doc()
  const stock = new Y.Doc()
  wasm.onChange(({ update, origin }) => { if (origin !== 'wire') Y.applyUpdate(stock, update, 'wire') })
  stock.on('update', (update, origin) => { if (origin !== 'wire') assert.equal(wasm.applyUpdate(update, 'wire'), 'integrated') })
  return { wasm, stock }
}

test('thousands of random edits on both engines end in one document', () => {
  const random = randomFrom(seed)
  for (let round = 0; round < 20; round += 1) {
    const { wasm, stock } = pair()
    const texts = [wasm.getText('text'), stock.getText('text')]
    const lists = [wasm.getArray('list'), stock.getArray('list')]
    const maps = [wasm.getMap('map'), stock.getMap('map')]
    for (let edit = 0; edit < 150; edit += 1) {
      const text = random.pick(texts)
      const list = random.pick(lists)
      const map = random.pick(maps)
      const at = random.below(text.length + 1)
      switch (random.below(7)) {
        case 0: case 1: text.insert(at, random.pick(['a', 'été ', 'bc'])); break
        case 2: text.delete(at, Math.min(random.below(4), text.length - at)); break
        case 3: text.format(0, random.below(text.length + 1), random.pick([{ bold: true }, { bold: null }, { link: { href: 'x' } }])); break
        case 4: list.insert(random.below(list.length + 1), [random.below(9), { deep: [1, null, 'x'] }]); break
        case 5: if (list.length > 0) list.delete(random.below(list.length), 1); break
        case 6: map.set(random.pick(['a', 'b']), random.pick([1, 'two', null, [3], { four: 4 }])); break
      }
    }
    assert.equal(texts[0].toString(), texts[1].toString(), `SEED=${seed}`)
    assert.deepEqual(texts[0].toDelta(), texts[1].toDelta(), `SEED=${seed}`)
    assert.deepEqual(lists[0].toJSON(), lists[1].toJSON(), `SEED=${seed}`)
    assert.deepEqual(maps[0].toJSON(), maps[1].toJSON(), `SEED=${seed}`)
    const copy = new Y.Doc()
    Y.applyUpdateV2(copy, wasm.encodeUpdate(undefined, 'v2'))
    assert.equal(copy.getText('text').toString(), texts[1].toString())
    wasm.destroy()
  }
})

test('XML, nested types and attributes read alike on both engines', () => {
  const { wasm, stock } = pair()
  const fragment = wasm.getXmlFragment('default')
  const paragraph = fragment.insertElement(0, 'paragraph')
  paragraph.setAttribute('level', 1)
  const words = paragraph.insertText(0)
  words.insert(0, 'Wash ')
  words.insert(5, 'hands', { bold: {} })
  assert.equal(stock.getXmlFragment('default').toString(), fragment.toString())
  assert.deepEqual(stock.getXmlFragment('default').get(0).getAttributes(), { level: 1 })
  assert.deepEqual(paragraph.getAttributes(), { level: 1 })
  assert.deepEqual(words.toDelta(), stock.getXmlFragment('default').get(0).get(0).toDelta())
  assert.equal(fragment.get(0).nodeName, 'paragraph')
  const nested = wasm.getMap('map').setMap('inner')
  nested.set('key', 'value')
  nested.setText('text').insert(0, 'deep')
  assert.deepEqual(stock.getMap('map').toJSON(), { inner: { key: 'value', text: 'deep' } })
  stock.getMap('map').delete('inner')
  assert.throws(() => nested.set('key', 'late'), /deleted/)
  wasm.destroy()
})

test('relative positions mean the same to both engines, in both directions', () => {
  const { wasm, stock } = pair()
  const text = wasm.getText('text')
  text.insert(0, 'hello world')
  for (const assoc of [0, -1]) {
    for (const index of [0, 5, 11]) {
      const ours = wasm.relativePosition(text, index, assoc)
      const theirs = Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(stock.getText('text'), index, assoc))
      const read = Y.createAbsolutePositionFromRelativePosition(Y.decodeRelativePosition(ours), stock)
      assert.equal(read.index, index)
      assert.equal(wasm.resolvePosition(theirs).index, index)
    }
  }
  const middle = wasm.relativePosition(text, 6)
  stock.getText('text').insert(0, 'oh, ')
  assert.equal(wasm.resolvePosition(middle).index, 10)
  wasm.destroy()
})

test('a transaction is one update and one event, and observers may edit', () => {
  const wasm = new Doc()
  const text = wasm.getText('text')
  const updates = []
  const seen = []
  wasm.onChange((change) => updates.push(change))
  text.observe((events) => {
    seen.push(events.map(({ delta }) => delta))
    if (text.toString() === 'ab') text.insert(2, 'c')
  })
  wasm.transact(() => { text.insert(0, 'a'); text.insert(1, 'b') }, 'mine')
  assert.equal(text.toString(), 'abc')
  assert.equal(updates.length, 2)
  assert.equal(updates[0].origin, 'mine')
  assert.deepEqual(seen, [[[{ insert: 'a' }], [{ retain: 1 }, { insert: 'b' }]], [[{ retain: 2 }, { insert: 'c' }]]])
  wasm.destroy()
})

test('undo takes back a transaction at once, and nobody else\'s edits', () => {
  const { wasm, stock } = pair()
  const text = wasm.getText('text')
  const undo = new UndoManager(text, { captureMs: 1 })
  wasm.transact(() => { text.insert(0, 'a'); text.insert(1, 'b'); text.insert(2, 'c') })
  stock.getText('text').insert(0, 'theirs ')
  assert.equal(undo.canUndo, true)
  assert.equal(undo.undo(), true)
  assert.equal(text.toString(), 'theirs ')
  assert.equal(undo.redo(), true)
  assert.equal(stock.getText('text').toString(), 'theirs abc')
  wasm.destroy()
})

test('nothing that a caller does ends a document', () => {
  const wasm = new Doc()
  const text = wasm.getText('text')
  text.insert(0, 'abc')
  for (const bad of [-1, 4, 1.5, NaN, 2 ** 32, Infinity]) assert.throws(() => text.insert(bad, 'x'), /position/)
  assert.throws(() => text.delete(2, 2), /outside/)
  assert.throws(() => wasm.getMap('text'), /kind/)
  assert.throws(() => wasm.applyUpdate(Uint8Array.of(1, 2, 3)), { name: 'MalformedUpdateError' })
  assert.throws(() => wasm.resolvePosition(Uint8Array.of(255)), /malformed/)
  const loop = []
  loop.push(loop)
  assert.throws(() => wasm.getArray('list').push([loop]), /nested/)
  assert.throws(() => new Doc({ clientId: -1 }), /client id/)
  assert.equal(text.toString(), 'abc')
  wasm.setReadOnly(true)
  assert.throws(() => text.insert(0, 'x'), EngineError)
  wasm.destroy()
})

test('after a trap a document is what it was, and its handles, observers and undo work', () => {
  const wasm = new Doc()
  const text = wasm.getText('text')
  const undo = new UndoManager(text)
  const seen = []
  text.observe((events) => seen.push(events))
  text.insert(0, 'before')
  const { clientID } = wasm
  assert.throws(() => wasm.read(() => { throw new WebAssembly.RuntimeError('unreachable') }), EngineError)
  assert.equal(text.toString(), 'before')
  assert.notEqual(wasm.clientID, clientID, 'no clock is used twice')
  text.insert(6, ' after')
  assert.equal(text.toString(), 'before after')
  assert.equal(seen.length, 2)
  assert.equal(undo.undo(), true)
  assert.equal(text.toString(), 'before')
  wasm.destroy()
})

test('a snapshot means the same to both engines, and shows what was', () => {
  const wasm = new Doc({ keepsDeleted: true })
  const stock = new Y.Doc({ gc: false })
  wasm.onChange(({ update }) => Y.applyUpdate(stock, update))
  const text = wasm.getText('text')
  text.insert(0, 'before', { bold: true })
  text.delete(0, 2)
  const [ours, theirs] = [wasm.snapshot(), Y.encodeSnapshot(Y.snapshot(stock))]
  assert.ok(Y.equalSnapshots(Y.decodeSnapshot(ours), Y.decodeSnapshot(theirs)))
  text.delete(0, 4)
  text.insert(0, 'after')
  for (const snapshot of [ours, theirs]) {
    const then = wasm.at(snapshot)
    assert.deepEqual(then.getText('text').toDelta(), [{ insert: 'fore', attributes: { bold: true } }])
    assert.equal(Y.createDocFromSnapshot(stock, Y.decodeSnapshot(snapshot)).getText('text').toString(), 'fore')
    then.destroy()
  }
  assert.equal(text.toString(), 'after')
  assert.throws(() => wasm.at(Uint8Array.of(255, 255, 255)), /malformed/)
  assert.throws(() => new Doc().at(ours), /does not keep/)
  wasm.destroy()
})

test('a type knows what it is inside of', () => {
  const wasm = new Doc()
  const fragment = wasm.getXmlFragment('default')
  const paragraph = fragment.insertElement(0, 'paragraph')
  const words = paragraph.insertText(0)
  const inner = wasm.getMap('map').setArray('list').insertMap(0)
  assert.equal(fragment.parent, null)
  assert.equal(paragraph.parent.id, fragment.id)
  assert.equal(words.parent.nodeName, 'paragraph')
  assert.equal(inner.parent.parent.id, wasm.getMap('map').id)
  fragment.delete(0)
  assert.throws(() => words.parent, /deleted/)
  wasm.destroy()
})

test('a step of undo remembers what the application gave it', () => {
  const wasm = new Doc()
  const text = wasm.getText('text')
  const told = []
  let at = 0
  const undo = new UndoManager(text, {
    origins: ['mine'],
    captureMs: 0,
    added: ({ memory }) => { memory.set('at', at); told.push(`added ${at}`) },
    // The document can be read and edited here: nothing is open any more.
    taken: ({ memory }) => told.push(`taken ${memory.get('at')}: ${text.toString()}`)
  })
  for (at = 1; at <= 2; at += 1) wasm.transact(() => text.insert(text.length, String(at)), 'mine')
  wasm.transact(() => text.insert(0, '-'), 'somebody else')
  at = 9
  undo.undo()
  undo.redo()
  assert.deepEqual(told, ['added 1', 'added 2', 'added 9', 'taken 2: -1', 'added 9', 'taken 9: -12'])
  undo.destroy()
  wasm.destroy()
  undo.destroy()
})
