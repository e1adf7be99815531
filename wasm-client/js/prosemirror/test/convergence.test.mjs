//! Many random histories: ours with ours, and ours with y-prosemirror.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { yXmlFragmentToProseMirrorRootNode } from 'y-prosemirror'
import * as Y from 'yjs'
import { Ours, Stock, exchange, randomFrom, schema, seed } from './harness.mjs'
import { randomEdit } from './operations.mjs'

const ROUNDS = Number(process.env.ROUNDS ?? 40)
const EDITS = 60

/** Runs one seed, and names it when it fails. */
const rounds = (what, body) => test(what, () => {
  for (let round = 0; round < ROUNDS; round++) {
    const of = process.env.SEED === undefined ? seed + round : seed
    try {
      body(randomFrom(of))
    } catch (error) {
      error.message = `SEED=${of} ROUNDS=1: ${error.message}`
      throw error
    }
  }
})

const sameEverywhere = (replicas) => {
  const [first] = replicas
  for (const other of replicas) {
    assert.ok(Y.equalSnapshots(Y.snapshot(first.doc), Y.snapshot(other.doc)), 'histories differ')
    assert.equal(other.fragment.toString(), first.fragment.toString())
  }
}

rounds('editors of this package converge, whatever the order of delivery', (random) => {
  const replicas = [new Ours(1), new Ours(2), new Ours(3)]
  for (let edit = 0; edit < EDITS; edit++) {
    random.pick(replicas).edit(randomEdit(random))
    if (random.below(4) === 0) exchange(replicas, random)
  }
  exchange(replicas, random)
  sameEverywhere(replicas)
  for (const replica of replicas) assert.deepEqual(replica.state.doc.toJSON(), replicas[0].state.doc.toJSON())
})

rounds('an editor shows exactly what it wrote', (random) => {
  const ours = new Ours(1)
  for (let edit = 0; edit < EDITS; edit++) {
    const before = ours.state
    let edited = before.doc
    ours.edit((state) => {
      const tr = randomEdit(random)(state)
      if (tr) edited = tr.doc
      return tr
    })
    assert.deepEqual(withoutLeafMarks(ours.state.doc), withoutLeafMarks(edited))
  }
})

rounds('this package and y-prosemirror show one document alike', (random) => {
  const replicas = [new Ours(1), new Stock(2), new Ours(3), new Stock(4)]
  for (let edit = 0; edit < EDITS; edit++) {
    random.pick(replicas).edit(randomEdit(random))
    if (random.below(3) === 0) exchange(replicas, random)
  }
  exchange(replicas, random)
  sameEverywhere(replicas)
  const copy = new Y.Doc()
  Y.applyUpdate(copy, replicas[0].history)
  const stock = yXmlFragmentToProseMirrorRootNode(copy.getXmlFragment('default'), schema)
  if (stock.childCount === 0) return
  assert.deepEqual(withoutLeafMarks(replicas[0].state.doc), withoutLeafMarks(stock))
})

/**
 * Formats of a line break or an image are not stored, here as in y-prosemirror. Where two people made
 * one text code and a link at once, both formats are stored; code, which excludes others, is what we
 * show, and y-prosemirror shows a combination that its schema forbids. What a row of a table misses is shown
 * here, as empty cells at its end.
 */
const withoutLeafMarks = (doc) => {
  const allowed = (marks) => marks.some(({ type }) => type === 'code') ? marks.filter(({ type }) => type === 'code') : marks
  const strip = ({ marks, content, ...node }) => ({
    ...node,
    ...(node.type === 'text' && marks ? { marks: allowed(marks) } : {}),
    ...(content || node.type === 'tableRow' ? { content: trimmed(node, content).map(strip) } : {})
  })
  return strip(doc.toJSON())
}

const empty = JSON.stringify(schema.nodes.tableCell.createAndFill().toJSON())

/** Without the empty cells at the end of a row: some of them may only be shown. */
const trimmed = ({ type }, content = []) => {
  if (type !== 'tableRow') return content
  const last = content.findLastIndex((cell) => JSON.stringify(cell) !== empty)
  return content.slice(0, last + 1)
}
