//! What a binding is promised of a text, on each engine and between them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as Y from 'yjs'
import { EditorUndo, People, plainText, readAnchor, splitsLetter } from '../dist/index.js'
import { engineNames, engines, exchange, joined, Presence, rounds } from './harness.mjs'

const FORMATS = [undefined, { bold: true }, { bold: null }, { link: '/a', italic: true }]

/** A change within the text, as an editor with formats makes it. */
const randomDelta = (random, text) => {
  const shown = plainText(text.toDelta())
  const whole = (at) => splitsLetter(shown, at) ? at - 1 : at
  const keep = whole(random.below(shown.length + 1))
  const part = whole(keep + random.below(shown.length - keep + 1)) - keep
  const delta = keep > 0 ? [{ retain: keep }] : []
  switch (random.below(5)) {
    case 0: if (part > 0) delta.push({ delete: part }); break
    case 1: if (part > 0) delta.push({ retain: part, attributes: random.pick(FORMATS.slice(1)) }); break
    case 2: delta.push({ insert: { image: '/i.png' }, ...attributesOf(random) }); break
    default: delta.push({ insert: random.pick(['a', 'été\n', '🙂', 'two\nlines']), ...attributesOf(random) })
  }
  return delta
}

const attributesOf = (random) => {
  const attributes = random.pick([undefined, undefined, { bold: true }, { header: 1 }])
  return attributes === undefined ? {} : { attributes }
}

/** Puts changes on top of each other as a binding does. */
const applied = (document, delta) => {
  const model = new Y.Doc().getText('model')
  model.applyDelta(document)
  model.applyDelta(delta)
  return model.toDelta()
}

test('every engine writes the same text, and tells every change of others', () => rounds((random) => {
  const copies = [new engines.yjs(1), new engines.wasm(2), new engines.wasm(3), new engines.yjs(4)]
  const views = copies.map(() => [])
  copies.forEach(({ text }, index) => text.observe((delta) => { views[index] = applied(views[index], delta) }))
  for (let edit = 0; edit < 60; edit += 1) {
    const copy = random.pick(copies)
    copy.text.applyDelta(randomDelta(random, copy.text), copy)
    if (random.below(5) === 0) exchange(copies, random)
  }
  exchange(copies, random)
  for (const [index, { text }] of copies.entries()) {
    assert.deepEqual(joined(text.toDelta()), joined(copies[0].text.toDelta()))
    assert.deepEqual(joined(views[index]), joined(text.toDelta()), 'the changes lead to the text')
  }
  copies.forEach((copy) => copy.destroy())
}))

for (const name of engineNames) {
  const copyOf = (id) => new engines[name](id)

  test(`${name}: an origin is told its own changes as its own`, () => {
    const copy = copyOf(1)
    const seen = []
    const stop = copy.text.observe((delta, origin) => seen.push([delta, origin]))
    copy.text.applyDelta([{ insert: 'abc' }], copy)
    stop()
    copy.text.applyDelta([{ retain: 3 }, { insert: 'd' }], copy)
    assert.deepEqual(seen, [[[{ insert: 'abc' }], copy]])
    assert.equal(copy.text.length, 4)
    copy.destroy()
  })

  test(`${name}: what reaches past the end is refused, and nothing of it is written`, () => {
    const copy = copyOf(1)
    copy.text.applyDelta([{ insert: 'abc' }], copy)
    assert.throws(() => copy.text.applyDelta([{ insert: 'x' }, { retain: 4, attributes: { header: 1 } }], copy))
    assert.throws(() => copy.text.applyDelta([{ delete: 4 }], copy))
    assert.deepEqual(copy.text.toDelta(), [{ insert: 'abc' }])
    copy.destroy()
  })

  test(`${name}: anchors stay with their letters, and those of another text or of nonsense are nowhere`, () => {
    const [copy, other] = [copyOf(1), copyOf(2)]
    copy.text.applyDelta([{ insert: 'hello world' }], copy)
    exchange([copy, other])
    const [before, after, end] = [copy.text.anchor(5, -1), copy.text.anchor(5), copy.text.anchor(11)]
    other.text.applyDelta([{ retain: 5 }, { insert: ', dear' }, { retain: 6 }, { insert: '!' }], other)
    exchange([copy, other])
    assert.deepEqual([before, after, end].map((anchor) => copy.text.indexOf(anchor)), [5, 11, 18])
    for (const nonsense of [null, 7, {}, { item: { client: -1, clock: 0 } }, { tname: 'elsewhere' }, { type: { client: 99, clock: 1 } }, { item: { client: 99, clock: 1 }, tname: 5 }]) {
      assert.equal(copy.text.indexOf(nonsense), null, JSON.stringify(nonsense))
    }
    copy.destroy()
    other.destroy()
  })

  test(`${name}: undo takes back one's own edits only, and selects what was selected`, () => {
    const [ann, bob] = [copyOf(1), copyOf(2)]
    let selection = [{ anchor: 0, head: 0 }]
    const undo = new EditorUndo(ann.text, { origin: ann, groupMs: 0, selection: () => selection, select: (ranges) => { selection = ranges } })
    const edit = (delta, before) => { undo.before(before); ann.text.applyDelta(delta, ann) }
    ann.text.applyDelta([{ insert: 'one two three' }], 'somebody else here')
    assert.equal(undo.canUndo, false)
    edit([{ retain: 4 }, { delete: 3 }, { insert: 'TWO' }], [{ anchor: 4, head: 7 }])
    undo.closeGroup()
    edit([{ retain: 7 }, { insert: '!' }], [{ anchor: 7, head: 7 }])
    selection = [{ anchor: 8, head: 8 }]
    exchange([ann, bob])
    bob.text.applyDelta([{ insert: '>> ' }], bob)
    exchange([ann, bob])
    selection = [{ anchor: 11, head: 11 }]
    assert.equal(undo.undo(), true)
    assert.equal(ann.type.toString(), '>> one TWO three')
    assert.deepEqual(selection, [{ anchor: 10, head: 10 }])
    assert.equal(undo.undo(), true)
    assert.equal(ann.type.toString(), '>> one two three')
    assert.deepEqual(selection, [{ anchor: 7, head: 10 }])
    assert.equal(undo.undo(), false)
    assert.equal(undo.redo(), true)
    assert.equal(undo.redo(), true)
    assert.equal(ann.type.toString(), '>> one TWO! three')
    assert.deepEqual(selection, [{ anchor: 11, head: 11 }])
    exchange([ann, bob])
    assert.equal(bob.type.toString(), '>> one TWO! three')
    undo.destroy()
    ann.destroy()
    bob.destroy()
  })

  test(`${name}: people see where others are, as the bindings of Yjs tell it`, async () => {
    const [ann, bob] = [copyOf(1), copyOf(2)]
    ann.text.applyDelta([{ insert: 'some words' }], ann)
    exchange([ann, bob])
    const [annThere, bobThere] = [new Presence(1), new Presence(2)]
    annThere.meet(bobThere)
    let moves = 0
    const people = { ann: new People(annThere, ann.text, () => {}), bob: new People(bobThere, bob.text, () => { moves += 1 }) }
    annThere.setLocalStateField('user', { name: 'Ann', color: '#112233' })
    people.ann.tell({ anchor: 5, head: 10 })
    assert.deepEqual(people.bob.places(), [{ clientId: 1, person: { name: 'Ann', color: '#112233' }, anchor: 5, head: 10 }])
    await Promise.resolve()
    assert.equal(moves, 1, 'told once for all that happens at a time')
    // y-codemirror.next and y-quill look at all four fields.
    const { cursor } = bobThere.getStates().get(1)
    assert.deepEqual(Object.keys(cursor.anchor).sort(), ['assoc', 'item', 'tname', 'type'])
    const stock = new Y.Doc()
    Y.applyUpdate(stock, ann.state)
    assert.equal(Y.createAbsolutePositionFromRelativePosition(cursor.anchor, stock).index, 5)
    assert.notEqual(readAnchor(cursor.head), null)
    annThere.setLocalStateField('user', { name: 'x'.repeat(500), color: 'red;background:url(//evil)' })
    const [{ person }] = people.bob.places()
    assert.equal(person.name.length, 60)
    assert.match(person.color, /^#[0-9a-f]{6}$/)
    people.ann.destroy()
    assert.equal(bobThere.getStates().get(1).cursor, null)
    people.bob.destroy()
    ann.destroy()
    bob.destroy()
  })
}
