//! Several people begin to write in one empty paragraph at once, with this package and with y-prosemirror.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { selectAll, splitBlock, toggleMark } from 'prosemirror-commands'
import { randomFrom, schema, seed } from './harness.mjs'
import { Network, ours, stock } from './people.mjs'

const ROUNDS = Number(process.env.ROUNDS ?? 400)
const LETTERS = 8
const KINDS = { ours, stock }

/** Letters that nobody else writes. */
const lettersOf = (number) => Array.from({ length: LETTERS }, (_, index) => String.fromCodePoint(0x4E00 + number * LETTERS + index))

/** People on a page whose second paragraph is empty: `maker` has just begun it. */
const around = (kinds, maker, random, order) => {
  const ids = new Set()
  while (ids.size < kinds.length) ids.add(1 + random.below(2 ** 31))
  const people = kinds.map((kind, index) => KINDS[kind]([...ids][index]))
  const network = new Network(people, random, order)
  people[maker].type('.')
  people[maker].run(splitBlock)
  network.settle()
  for (const person of people) person.select(1)
  return { people, network }
}

/** Whether each letter is there once, for everybody alike. */
const complete = (people, letters, what) => {
  const [{ text }] = people
  for (const other of people) assert.equal(other.text, text, what)
  for (const letter of letters) assert.equal(text.split(letter).length - 1, 1, `${what}: ${letter} in ${text}`)
}

const rounds = (what, kinds, maker, order) => test(what, () => {
  for (let round = 0; round < ROUNDS; round++) {
    const of = process.env.SEED === undefined ? seed + round : seed
    const random = randomFrom(of)
    const { people, network } = around(kinds, maker, random, order)
    const due = people.map((_person, index) => lettersOf(index))
    while (due.some((letters) => letters.length > 0)) {
      const writer = random.below(people.length)
      if (random.below(2) === 0) network.deliver()
      else if (due[writer].length > 0) people[writer].type(due[writer].splice(0, 1 + random.below(2)).join(''))
    }
    network.settle()
    complete(people, people.flatMap((_person, index) => lettersOf(index)), `SEED=${of} ROUNDS=1`)
  }
})

rounds('this package and y-prosemirror begin a paragraph of y-prosemirror', ['ours', 'stock'], 1)
rounds('this package and y-prosemirror begin a paragraph of this package', ['ours', 'stock'], 0)
rounds('they begin a paragraph, and updates come in any order', ['ours', 'stock'], 1, { anyOrder: true })
rounds('three begin a paragraph, one of them with y-prosemirror', ['ours', 'stock', 'ours'], 1)
rounds('three begin a paragraph of this package', ['ours', 'stock', 'ours'], 2)

/** Somebody of each kind who have begun one paragraph at once: the stock text comes first. */
const begun = (letter, stockLetter) => {
  const random = randomFrom(1)
  const people = [ours(2), stock(1)]
  const network = new Network(people, random)
  const [our, their] = people
  their.type('.')
  their.run(splitBlock)
  network.settle()
  for (const person of people) person.select(1)
  our.type(letter)
  their.type(stockLetter)
  network.settle()
  assert.equal(our.fragment.get(1).length, 2, 'two texts')
  return { our, their, network, settled: () => { network.settle(); complete(people, '', 'settled'); return our.text } }
}

test('what was seen is not written twice, whatever made the copy', () => {
  const copies = {
    'a line begun below': ({ their }) => { their.select(1, 3); their.run(splitBlock) },
    'a format': ({ their }) => { their.run(selectAll); their.run(toggleMark(schema.marks.bold)) },
    'a letter at the end': ({ their }) => { their.select(1, 3); their.type('y') },
    'a letter between': ({ their }) => { their.select(1, 2); their.type('y') },
    'a letter at the start': ({ their }) => { their.select(1, 0); their.type('y') }
  }
  const texts = Object.values(copies).map((copy) => {
    const all = begun('oo', 's')
    copy(all)
    return all.settled()
  })
  assert.deepEqual(texts, ['.\nsoo\n', '.\nsoo', '.\nsooy', '.\nsoyo', '.\nysoo'])
})

test('letters that are alike are kept apart', () => {
  const { our, their, settled } = begun('h', 's')
  their.select(1, 2)
  their.type('e')
  our.type('e')
  assert.equal(settled(), '.\nshee')
})

test('what is written again has its formats, and letters of two halves stay whole', () => {
  const { our, their, network, settled } = begun('o', 's')
  their.type('t')
  our.run(toggleMark(schema.marks.bold))
  our.type('é👩‍👩‍👧')
  assert.equal(settled(), '.\nstoé👩‍👩‍👧')
  const bold = []
  their.view.state.doc.descendants((node) => { if (node.isText && node.marks.length > 0) bold.push(node.text) })
  assert.deepEqual(bold, ['é👩‍👩‍👧'])
  // The caret is behind what was written, and one goes on there.
  our.type('!')
  network.settle()
  assert.equal(their.text, '.\nstoé👩‍👩‍👧!')
})

test('what somebody deletes stays deleted', () => {
  const { their, settled } = begun('out', 's')
  their.run(selectAll)
  their.type('new')
  assert.equal(settled(), 'new')
})
