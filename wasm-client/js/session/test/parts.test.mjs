//! Ranges, close codes, tokens and frames.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { afterClose, applyPresence, decode, encode, encodePresence, IdSet, Presence, renewalOf, TokenSource } from '../dist/index.js'

test('ranges are a set, whatever the order in which they come', () => {
  let state = 7
  const below = (limit) => { state = (state * 1_103_515_245 + 12_345) % 2 ** 31; return state % limit }
  for (let round = 0; round < 300; round += 1) {
    const set = new IdSet()
    const oracle = new Set()
    for (let step = 0; step < 40; step += 1) {
      const start = below(50)
      const end = start + below(8)
      const change = new IdSet()
      change.add(1, start, end)
      if (below(3) > 0) { set.addAll(change); for (let at = start; at < end; at += 1) oracle.add(at) }
      else { set.removeAll(change); for (let at = start; at < end; at += 1) oracle.delete(at) }
    }
    const clocks = set.ranges(1).flatMap(([start, end]) => Array.from({ length: end - start }, (_, index) => start + index))
    assert.deepEqual(clocks, [...oracle].sort((a, b) => a - b))
    assert.equal(set.isEmpty, oracle.size === 0)
    assert.ok(set.ranges(1).every(([start], index, ranges) => index === 0 || ranges[index - 1][1] < start), 'joined')
    assert.ok(IdSet.from(set.toPlain()).contains(set))
  }
})

test('close codes say whether to come back', () => {
  const bands = [[1000, 'soon'], [1006, 'soon'], [1012, 'later'], [1013, 'later'], [4205, 'soon'], [4401, 'credentials'],
    [4403, 'credentials'], [4404, 'never'], [4503, 'later']]
  for (const [code, band] of bands) for (const dialect of ['hocuspocus', 'y-websocket']) assert.equal(afterClose(dialect, code), band, `${code}`)
  assert.equal(afterClose('y-websocket', 4408), 'never')
  assert.equal(afterClose('hocuspocus', 4408), 'soon')
})

test('a refused token is not offered again, and a fresh one opens the next connection', async () => {
  assert.equal(await new TokenSource('same').another('refused'), 'same', 'it was never tried')
  const fixed = new TokenSource('same')
  assert.equal(await fixed.first(), 'same')
  assert.equal(await fixed.another('refused'), null)
  const reasons = []
  const source = new TokenSource((reason) => { reasons.push(reason); return `token ${reasons.length}` })
  assert.equal(await source.first(), 'token 1')
  assert.equal(await source.another('refused'), 'token 2')
  assert.equal(await source.first(), 'token 2')
  assert.equal(await source.first(), 'token 3')
  assert.deepEqual(reasons, ['open', 'refused', 'open'])
})

test('tokens with an end are renewed before it, others never', () => {
  const jwt = (payload) => `e30.${btoa(JSON.stringify(payload)).replaceAll('=', '')}.x`
  assert.equal(renewalOf(jwt({ exp: 1_000 }), 0), 940_000)
  assert.equal(renewalOf(jwt({ exp: 60 }), 0), 30_000)
  assert.equal(renewalOf(jwt({ exp: 1 }), 5_000), null, 'it is over already')
  for (const token of ['plain', '', 'a.b.c', jwt({})]) assert.equal(renewalOf(token, 0), null)
})

test('damaged frames are errors, never messages', () => {
  const frame = encode('hocuspocus', 'page', { say: 'update', update: Uint8Array.of(0, 0) })
  assert.deepEqual(decode('hocuspocus', frame).message, { said: 'update', update: Uint8Array.of(0, 0) })
  for (let length = 2; length < frame.length; length += 1) {
    assert.throws(() => decode('hocuspocus', frame.slice(0, length)), `${length} bytes`)
  }
  assert.throws(() => decode('y-websocket', Uint8Array.of(99)))
  assert.deepEqual(decode('hocuspocus', Uint8Array.of(0)).message, { said: 'nothing' }, 'a sign of life')
  assert.equal(encode('y-websocket', 'page', { say: 'stateless', text: 'x' }), null)
})

test('presence goes by the clock, and nobody takes this client away', () => {
  const [ann, bob] = [new Presence(1), new Presence(2)]
  ann.setLocalState({ name: 'Ann' })
  const hello = encodePresence(ann, [1])
  applyPresence(bob, hello, 'wire')
  assert.deepEqual(bob.getStates().get(1), { name: 'Ann' })
  ann.setLocalState(null)
  applyPresence(bob, encodePresence(ann, [1]), 'wire')
  applyPresence(bob, hello, 'wire')
  assert.equal(bob.getStates().has(1), false, 'a late echo revives nobody')
  const gone = { states: new Map(), meta: new Map([[2, { clock: 99, lastUpdated: 0 }]]) }
  applyPresence(bob, encodePresence(gone, [2]), 'wire')
  assert.notEqual(bob.getLocalState(), null)
  assert.equal(bob.meta.get(2).clock, 100)
  assert.throws(() => applyPresence(bob, Uint8Array.of(1, 5), 'wire'))
  ann.destroy()
  bob.destroy()
})
