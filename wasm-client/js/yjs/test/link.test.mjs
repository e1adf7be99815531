//! One document's conversation, without a socket.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { decode, encode, Link } from '@unisson/session'
import * as Y from 'yjs'
import { YjsEngine } from '../dist/engine.js'

const EMPTY = Uint8Array.of(0, 0)

/** A link in sync with a server that has nothing. */
const inSync = () => {
  const doc = new Y.Doc()
  const engine = new YjsEngine(doc)
  const link = new Link('hocuspocus', 'page', engine, 'server')
  const sent = []
  const take = (orders) => {
    for (const order of orders) if (order.order === 'send') sent.push(decode('hocuspocus', order.frame).message)
    return orders
  }
  engine.onChange((change) => { if (change.origin !== 'server') take(link.changed(change)) })
  take(link.opened(''))
  const hear = (message, now = 0) => take(link.received(now, message))
  hear({ said: 'access', readOnly: false })
  hear({ said: 'step1', stateVector: Uint8Array.of(0) })
  hear({ said: 'step2', update: EMPTY })
  hear({ said: 'accepted' })
  assert.equal(link.status, 'saved')
  return { doc, link, hear, sent }
}

const updatesOf = (edits) => {
  const doc = new Y.Doc()
  const updates = []
  doc.on('update', (update) => updates.push(update))
  edits.forEach((edit) => doc.getText('text').insert(0, edit))
  return updates
}

test('an update behind a hole is not called saved, and what is missing is asked for', () => {
  const { link, hear, sent, doc } = inSync()
  const [first, second, third] = updatesOf(['a', 'b', 'c'])
  hear({ said: 'update', update: first })
  sent.length = 0
  hear({ said: 'update', update: third })
  assert.deepEqual(sent.map(({ said }) => said), ['step1'])
  assert.equal(link.status, 'saving')
  hear({ said: 'step2', update: EMPTY }, 1_000)
  assert.equal(link.status, 'saving', 'an answer with a hole is none')
  assert.equal(link.nextWakeup, 2_000, 'and is asked for again, later')
  hear({ said: 'update', update: second })
  assert.equal(doc.getText('text').toString(), 'cba')
})

test('an answer to a question about a gap is not counted on', () => {
  const { link, hear, doc } = inSync()
  doc.getText('text').insert(0, 'x')
  assert.equal(link.status, 'saving')
  hear({ said: 'step1', stateVector: Uint8Array.of(0) })
  hear({ said: 'accepted' })
  assert.equal(link.status, 'saved', 'the server acknowledges the edit, and not the answer')
})

test('each acknowledgement stands for its own frame', () => {
  const { link, hear, doc } = inSync()
  doc.getText('text').insert(0, 'x')
  doc.getText('text').insert(0, 'y')
  hear({ said: 'accepted' })
  assert.equal(link.status, 'saving')
  hear({ said: 'accepted' })
  assert.equal(link.status, 'saved')
})

test('an edit that the server refuses is not saved by a later one', () => {
  const { link, hear, doc } = inSync()
  doc.getText('text').insert(0, 'too big')
  const orders = hear({ said: 'refused', reason: '' })
  assert.ok(orders.some(({ order }) => order === 'refused'))
  assert.equal(link.status, 'refused')
  doc.getText('text').insert(0, 'fine')
  hear({ said: 'accepted' })
  assert.equal(link.ledger.unsaved.isEmpty, false)
  assert.notEqual(link.status, 'saved')
})

test('edits wait while there is no right to write, and are sent when it comes back', () => {
  const { link, hear, doc, sent } = inSync()
  hear({ said: 'access', readOnly: true })
  assert.equal(link.status, 'read-only')
  sent.length = 0
  doc.getText('text').insert(0, 'kept')
  assert.deepEqual(sent, [])
  hear({ said: 'access', readOnly: false })
  assert.deepEqual(sent.map(({ said }) => said), ['update'])
  assert.equal(link.status, 'saving')
  hear({ said: 'accepted' })
  assert.equal(link.status, 'saved')
})

test('garbage from a server starts the conversation anew; an observer that throws does not', () => {
  const { link, hear, doc } = inSync()
  assert.deepEqual(hear({ said: 'update', update: Uint8Array.of(9, 9, 9) }), [{ order: 'reconnect' }])
  const reports = []
  const report = globalThis.reportError
  globalThis.reportError = (error) => reports.push(error.message)
  doc.getText('text').observe(() => { throw new Error('a bug of the application') })
  assert.deepEqual(hear({ said: 'update', update: updatesOf(['a'])[0] }), [])
  assert.equal(doc.getText('text').toString(), 'a')
  return new Promise((resolve) => setTimeout(resolve)).then(() => {
    globalThis.reportError = report
    assert.deepEqual(reports, ['a bug of the application'])
    assert.equal(link.status, 'saved')
  })
})

test('a denial asks for one other token, and is final after it', () => {
  const { link, hear } = inSync()
  assert.deepEqual(hear({ said: 'denied', reason: 'expired' }), [{ order: 'token', reason: 'refused' }])
  assert.equal(link.refusal, null)
  link.tokenCame('another')
  hear({ said: 'denied', reason: 'expired' })
  assert.equal(link.status, 'refused')
  link.start()
  assert.notEqual(link.status, 'refused')
})

test('a document that the server detaches does not go on into the void', () => {
  assert.deepEqual(inSync().hear({ said: 'detached', reason: 'unloaded' }), [{ order: 'reconnect' }])
  assert.deepEqual(inSync().hear({ said: 'detached', reason: 'provider_initiated' }), [], 'the answer to its own leaving')
  assert.notEqual(encode('hocuspocus', 'page', { say: 'leave' }), null)
})
