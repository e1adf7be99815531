//! Nonsense on the wire hurts the one who sends it and nobody else.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import WebSocket from 'ws'
import { converged, kinds, withClients } from '../harness/clients.mjs'
import { withServer } from '../harness/server.mjs'
import { randomFrom, seed } from '../harness/random.mjs'
import { pause, until } from '../harness/wait.mjs'

const FRAMES = Number(process.env.FRAMES ?? 3_000)
const NAME = 'attacked'
const MEMORY_GROWTH_MAX = 400 * 1024 * 1024

const text = (words) => [...new TextEncoder().encode(words)]
const named = (name, ...rest) => Uint8Array.from([text(name).length, ...text(name), ...rest])
const HUGE = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]

/** Frames that each break one rule; `random` fills the gaps. */
const frames = {
  random: (random) => random.bytes(random.below(64)),
  'cut off': (random) => named(NAME, 0, 2, 14, 1, 1, 7, 0, 0x44).subarray(0, random.below(14)),
  'huge length': (random) => Uint8Array.from(random.pick([
    [...HUGE], [0, 2, ...HUGE], [1, ...HUGE], [1, 5, 1, ...HUGE], [...named(NAME, 0, 2, ...HUGE)], [...named(NAME, 2, 0, ...HUGE)]
  ])),
  'huge counts inside an update': () => Uint8Array.from([0, 2, 9, ...HUGE, 1]),
  'text frame': (random) => random.pick(['hello', '{"type":"auth"}', '\u0000\u0002']),
  'empty name': () => Uint8Array.from([0, 2, 0, 1, 97]),
  'wrong name': (random) => named(random.pick(['../../etc', ' ', '\u0000', 'a\u0000b\u0000c']), 0, 0, 1, 0),
  'unknown type': (random) => named(NAME, 11 + random.below(100), 1, 2, 3),
  'broken utf-8': () => Uint8Array.from([3, 0xff, 0xfe, 0x80, 0, 0, 1, 0]),
  'broadcast of a stranger': () => named(NAME, 6, 2, 104, 105),
  'random update': (random) => {
    const body = random.bytes(random.below(40))
    return Uint8Array.from([0, 2, body.length, ...body])
  },
  'authenticated random update': (random) => {
    const body = random.bytes(random.below(40))
    return [named(NAME, 2, 0, 1, 97), named(NAME, 0, 2, body.length, ...body)]
  },
  'random awareness': (random) => {
    const body = random.bytes(random.below(40))
    return Uint8Array.from([1, body.length, ...body])
  }
}

/** One bad socket that opens itself again whenever the server has had enough. */
const attacker = (server, random, path) => {
  let socket
  let sent = 0
  const attack = async () => {
    while (sent < FRAMES) {
      if (socket?.readyState !== WebSocket.OPEN) {
        socket?.terminate()
        assert.notEqual(server.child, null, 'the server lives')
        // A refused connection counts, or a path that is never let in would have no end.
        sent += 1
        socket = new WebSocket(server.webSocketUrl + path)
        socket.on('error', () => {})
        await until(() => socket.readyState !== WebSocket.CONNECTING, 'the bad socket is open or refused')
        continue
      }
      for (const frame of [frames[random.pick(Object.keys(frames))](random)].flat()) socket.send(frame)
      sent += 1
      if (sent % 20 === 0) await pause(1)
    }
    socket?.terminate()
  }
  return attack()
}

test('hostile frames of all kinds leave the others typing', { timeout: 180_000 }, () => withServer({}, (server) =>
  withClients(server, NAME, kinds, async (clients) => {
    const before = server.residentBytes()
    let turns = 0
    const typing = setInterval(() => {
      turns += 1
      clients.forEach((client) => client.doc.getArray('lines').push([`${client.kind} ${turns}`]))
    }, 20)
    const random = randomFrom(seed)
    try {
      await Promise.all([
        attacker(server, randomFrom(random.below(2 ** 30)), '/hocuspocus'),
        attacker(server, randomFrom(random.below(2 ** 30)), `/ws/${NAME}?token=any`),
        attacker(server, randomFrom(random.below(2 ** 30)), '/ws/%ff%fe%00?token=any')
      ])
    } finally {
      clearInterval(typing)
    }
    for (const client of clients) assert.deepEqual(client.closes, [], `${client.kind} was closed, SEED=${seed}`)
    await Promise.all(clients.map((client) => client.whenSaved(30_000)))
    await until(() => clients.every(({ doc }) => doc.getArray('lines').length === turns * clients.length),
      () => `everybody has all ${turns * clients.length} lines: ${clients.map(({ doc }) => doc.getArray('lines').length)}, SEED=${seed}`, 30_000)
    assert.ok((await server.get('/healthz')).ok)
    assert.ok(server.residentBytes() - before < MEMORY_GROWTH_MAX, 'memory stays within bounds')
    console.log(`hostile: ${3 * FRAMES} frames, ${turns * clients.length} honest edits, SEED=${seed}`)
  })))

test('a socket that asks for thousands of documents without a token is sent away', () => withServer({}, (server) =>
  withClients(server, 'quiet', ['y-websocket 3', 'hocuspocus 4'], async (clients) => {
    const socket = new WebSocket(`${server.webSocketUrl}/hocuspocus`)
    let code
    socket.on('error', () => {})
    socket.once('close', (closedWith) => { code = closedWith })
    await new Promise((resolve) => socket.once('open', resolve))
    // Updates before any authentication are what the queue limits are for.
    for (let index = 0; index < 2_000; index++) socket.send(named(`doc ${index}`, 0, 2, 2, 0, 0))
    await until(() => code !== undefined, 'the socket is closed')
    assert.equal(code, 4205)
    clients[0].text.insert(0, 'fine')
    await converged(clients)
  })))

test('a frame beyond the size limit ends its socket only', () => withServer({}, (server) =>
  withClients(server, 'quiet', ['y-websocket 3', 'hocuspocus 4'], async (clients) => {
    const socket = new WebSocket(`${server.webSocketUrl}/ws/quiet?token=any`)
    socket.on('error', () => {})
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await new Promise((resolve) => socket.once('open', resolve))
    socket.send(Buffer.alloc(80 * 1024 * 1024))
    await closed
    clients[0].text.insert(0, 'fine')
    await converged(clients)
  })))
