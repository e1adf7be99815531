//! WebSocket frames in a stream of bytes, as the HTTP fallback carries them.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { closeFrame, messageFrame, pongFrame, StreamReader } from '../dist/index.js'

/** A server's frame: not masked. */
const served = (opcode, payload) => {
  const { length } = payload
  const head = length < 126
    ? [length]
    : length < 65_536 ? [126, length >> 8, length & 255] : [127, 0, 0, 0, 0, length >>> 24, length >> 16 & 255, length >> 8 & 255, length & 255]
  return Uint8Array.from([0x80 | opcode, ...head, ...payload])
}
const join = (...pieces) => Uint8Array.from(pieces.flatMap((piece) => [...piece]))

test('frames are read whole, however the bytes come', () => {
  const long = new Uint8Array(70_000).fill(7)
  const middle = new Uint8Array(300).fill(3)
  const stream = join(served(2, [1, 2]), served(9, []), served(2, middle), served(2, long), served(10, [5]), served(8, [0x10, 0x6d, ...new TextEncoder().encode('expiré')]))
  for (const size of [1, 2, 3, 7, 1_000, stream.length]) {
    const reader = new StreamReader()
    const events = []
    for (let at = 0; at < stream.length; at += size) events.push(...reader.push(stream.subarray(at, at + size)))
    assert.deepEqual(events.map(({ said }) => said), ['message', 'ping', 'message', 'message', 'close'], `pieces of ${size}`)
    assert.deepEqual(events[0].data, Uint8Array.of(1, 2))
    assert.deepEqual([events[2].data.length, events[3].data.length], [300, 70_000])
    assert.ok(events[3].data.every((byte) => byte === 7))
    assert.deepEqual([events[4].code, events[4].reason], [4205, 'expiré'])
  }
})

test('a close without a code is one', () => {
  assert.equal(new StreamReader().push(served(8, []))[0].code, 1005)
})

test('what no server sends is an error', () => {
  for (const wrong of [
    [0x02, 1, 0], [0xc2, 1, 0], [0x80, 1, 0], [0x81, 1, 0], [0x82, 0x81, 0, 0, 0, 0, 0], [0x83, 0],
    [0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0]
  ]) assert.throws(() => new StreamReader().push(Uint8Array.from(wrong)), `${wrong}`)
})

test('a client’s frames are masked, with a mask that changes nothing', () => {
  assert.deepEqual(messageFrame(Uint8Array.of(9)), Uint8Array.of(0x82, 0x81, 0, 0, 0, 0, 9))
  assert.deepEqual(pongFrame(new Uint8Array()), Uint8Array.of(0x8a, 0x80, 0, 0, 0, 0))
  assert.deepEqual(closeFrame(1000), Uint8Array.of(0x88, 0x82, 0, 0, 0, 0, 3, 232))
  const long = messageFrame(new Uint8Array(70_000))
  assert.equal(long.length, 70_000 + 14)
  assert.equal(new DataView(long.buffer).getBigUint64(2), 70_000n)
  assert.equal(new DataView(messageFrame(new Uint8Array(300)).buffer).getUint16(2), 300)
})
