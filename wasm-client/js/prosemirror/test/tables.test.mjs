//! Several people change one table at once: its rows stay even, and its editors come to rest.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { TextSelection } from 'prosemirror-state'
import { addColumnAfter, addRowBefore, deleteColumn, deleteRow, fixTables } from 'prosemirror-tables'
import { anchorAt, positionOf } from '../dist/positions.js'
import { Ours, randomFrom, schema, seed } from './harness.mjs'

const { nodes } = schema
const ROUNDS = Number(process.env.ROUNDS ?? 25)
const PEOPLE = 5

/** An editor that mends tables as prosemirror-tables does: after each change, whoever made it. */
class TableEditor extends Ours {
  constructor (clientId) {
    super(clientId)
    this.inbox = []
    this.caret = null
  }

  edit (change) {
    super.edit(change)
    this.#mend()
  }

  receive (update) {
    super.receive(update)
    this.#mend()
  }

  get position () { return positionOf(this.root, this.caret) }

  select (position) { this.caret = anchorAt(this.root, position, 'before') }

  type (letter) {
    const at = this.position
    this.edit((state) => state.tr.insertText(letter, at))
    this.select(at + letter.length)
  }

  run (command) {
    this.edit((state) => {
      let made = null
      command(state.apply(state.tr.setSelection(TextSelection.near(state.doc.resolve(this.position)))), (tr) => { made = tr })
      return made
    })
  }

  #mend () { if (fixTables(this.state)) super.edit((state) => fixTables(state)) }
}

const cell = (text) => nodes.tableCell.create(null, nodes.paragraph.create(null, text === '' ? null : schema.text(text)))

const table = (rows, columns) => nodes.table.create(null, Array.from({ length: rows }, (_row, row) =>
  nodes.tableRow.create(null, Array.from({ length: columns }, (_column, column) => cell(`${row}${column}`)))))

/** People around a table with letters in each cell, and a server that passes on what they write. */
const around = (random) => {
  const people = Array.from({ length: PEOPLE }, () => new TableEditor(1 + random.below(2 ** 31)))
  let passed = 0
  const pass = (person) => {
    const update = person.sent.shift()
    if (update === undefined) return
    passed += 1
    people.forEach((other) => { if (other !== person) other.inbox.push(update) })
  }
  const receive = (person) => {
    const update = person.inbox.shift()
    if (update !== undefined) person.receive(update)
  }
  const isQuiet = () => people.every(({ sent, inbox }) => sent.length === 0 && inbox.length === 0)
  /** Says how much was written while it came to rest, or fails. */
  const settle = () => {
    const before = passed
    for (let turn = 0; turn < 400 && !isQuiet(); turn += 1) people.forEach((person) => { pass(person); receive(person) })
    assert.ok(isQuiet(), `no rest after ${passed - before} updates`)
    return passed - before
  }
  people[0].edit((state) => state.tr.replaceWith(0, state.doc.content.size, table(3, 3)))
  settle()
  return { people, pass, receive, settle }
}

const rowsOf = ({ state }) => state.doc.child(0).content.content.map((row) => row.childCount)

const put = (person, text) => {
  person.state.doc.descendants((node, at) => { if (node.isText && node.text === text) person.select(at + node.nodeSize) })
}

test('a row and a column that are added at once make one even table, and nobody adds more', () => {
  const { people, settle } = around(randomFrom(1))
  const [ann, bob] = people
  put(ann, '11')
  put(bob, '11')
  ann.run(addRowBefore)
  bob.run(addColumnAfter)
  assert.equal(settle(), 2, 'the two edits, and no other')
  for (const person of people) assert.deepEqual(rowsOf(person), [4, 4, 4, 4])
})

test('what is written in a cell that was only shown is kept', () => {
  const { people, settle } = around(randomFrom(2))
  const [ann, bob] = people
  put(ann, '11')
  put(bob, '11')
  ann.run(addRowBefore)
  bob.run(addColumnAfter)
  settle()
  const [head, row] = [ann.state.doc.child(0).child(0), ann.state.doc.child(0).child(1)]
  // Before the ends of the paragraph, the cell and the row.
  ann.edit((state) => state.tr.insertText('x', 1 + head.nodeSize + row.nodeSize - 3))
  settle()
  for (const person of people) {
    assert.equal(person.state.doc.child(0).child(1).lastChild.textContent, 'x')
    assert.deepEqual(rowsOf(person), [4, 4, 4, 4])
  }
})

test('people fill a table while rows and columns come and go', () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const random = randomFrom(seed * 1_000 + round)
    const { people, pass, receive, settle } = around(random)
    people.forEach((person, number) => put(person, `${1 + number % 2}${number % 3}`))
    const plans = people.map((_person, number) => [...`case${number}`, number < 2 ? addRowBefore : number < 4 ? addColumnAfter : random.pick([deleteRow, deleteColumn]), ...' fin'])
    while (plans.some((plan) => plan.length > 0)) {
      const number = random.below(PEOPLE)
      const person = people[number]
      const what = random.below(3)
      if (what === 1) pass(person)
      else if (what === 2) receive(person)
      else {
        const next = plans[number].shift()
        // Where somebody's cell was deleted, they are done.
        if (next === undefined || person.position === null) continue
        if (typeof next === 'string') person.type(next)
        else person.run(next)
      }
    }
    settle()
    const [first, ...others] = people
    for (const other of others) assert.ok(other.state.doc.eq(first.state.doc), `seed ${seed}, round ${round}: not the same`)
    assert.equal(new Set(rowsOf(first)).size, 1, `seed ${seed}, round ${round}: ${rowsOf(first)}`)
    assert.ok(rowsOf(first)[0] <= 3 + 3, `seed ${seed}, round ${round}: ${rowsOf(first)}`)
  }
})
