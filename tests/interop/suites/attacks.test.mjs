//! Attacks on the door, each with honest people who go on editing beside it.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness'
import { open } from '../harness/clients.mjs'
import { ATTACKER, HONEST, TOKEN, badSocket, besideHonestPeople, from } from '../harness/honest.mjs'
import { exchange, handshake, limited, metric, request } from '../harness/raw.mjs'
import { pause, until } from '../harness/wait.mjs'

const FLOOD_MS = 20_000
const WANTED_SOCKETS = Number(process.env.SOCKETS ?? 10_000)

test('tricks with paths reach no file, no other document and no error of the server', { timeout: 120_000 }, () => besideHonestPeople('', async (server) => {
  const owner = open('y-websocket 3', server, 'spaces/b/secret', { token: TOKEN })
  await owner.whenSynced()
  owner.text.insert(0, 'the-secret-of-space-b')
  await owner.whenSaved()
  owner.destroy()
  const names = [
    '../b/secret', '..%2fb%2fsecret', '%2e%2e/b/secret', '%2e%2e%2fb%2fsecret', '.%00./b/secret', '..%00/b/secret', '%c0%ae%c0%ae/b/secret',
    '%e0%80%ae%e0%80%ae/b/secret', '..%c0%afb%c0%afsecret', '..%5cb%5csecret', '..;/b/secret', '%252e%252e/b/secret', './../b/secret',
    '//b/secret', '../../spaces/b/secret', 'x/../../b/secret', '%u002e%u002e/b/secret', '..%ef%bc%8fb/secret'
  ]
  const targets = names.flatMap((name) => [
    `/ws/spaces/a/${name}`, `/d/spaces/a/${name}`, `/embed/spaces/a/${name}`, `/client/${name}`, `/client/assets/${name}`,
    `/api/v1/documents/spaces%2fa%2f${name}/versions`
  ])
  targets.push('/client/../../etc/passwd', '/client/%2e%2e/%2e%2e/etc/passwd', '/client//etc/passwd', '/%00', '/client/%00', '//', '/.', '/..',
    'http://evil.example/healthz', '*', '/client/unisson-editor.js%00.html', `/ws/${'a/'.repeat(3_000)}`, '/d/%f0%9f%92%a9%ff')
  for (const target of targets) {
    const { answer, status } = await request(from(server), target, { headers: { authorization: 'Bearer token-of-space-a' } })
    assert.ok(!(status >= 500), `${target}: ${answer.slice(0, 200)}`)
    assert.ok(!/root:|the-secret-of-space-b/.test(answer), target)
  }
  // Over the socket: each name is refused, or is a document of its own that holds nothing.
  await Promise.all(names.map(async (name) => {
    const bytes = handshake(`/ws/spaces/a/${name}?token=token-of-space-a`)
    const { answer } = await exchange(from(server, { timeoutMs: 600 }), bytes)
    assert.ok(!answer.includes('the-secret-of-space-b'), name)
  }))
}))

test('heads of requests that are huge or have no end are cut off', { timeout: 120_000 }, () => besideHonestPeople('', async (server) => {
  const huge = await request(from(server), '/', { headers: { 'x-huge': 'a'.repeat(200_000) } })
  assert.equal(huge.status, 431, huge.answer.slice(0, 200))
  const many = await request(from(server), '/', { headers: Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`x-${at}`, '1'])) })
  assert.equal(many.status, 431, many.answer.slice(0, 200))
  const address = await request(from(server), `/${'a'.repeat(100_000)}`)
  assert.ok([414, 431].includes(address.status), address.answer.slice(0, 200))
  const endless = await exchange(from(server, { timeoutMs: 10_000 }), ['GET / HTTP/1.1\r\n', ...Array.from({ length: 5_000 }, () => `x: ${'y'.repeat(60)}\r\n`)])
  assert.notEqual(endless.how, 'time is up')
  assert.ok(await limited(server, 'header_bytes_max') > 0)
}))

test('requests that come drop by drop are not waited for', { timeout: 120_000 }, () => besideHonestPeople(
  '[limits]\nheader_ms_max = 1500\nrequest_ms_max = 1500\nhttp_connections_per_address_max = 400\n', async (server) => {
    let closed = 0
    const drips = Array.from({ length: 600 }, (_, at) => {
      const socket = connect({ port: server.port, host: '127.0.0.1', localAddress: ATTACKER })
      socket.on('error', () => {})
      socket.once('close', () => { closed += 1; clearInterval(dripping) })
      socket.resume()
      // Half of them are slow with the head and half with the body.
      socket.write(at % 2 === 0 ? 'GET / HTTP/1.1\r\n' : 'POST /api/v1/tokens HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n')
      const dripping = setInterval(() => socket.write(at % 2 === 0 ? 'x: y\r\n' : '{'), 300)
      return socket
    })
    await until(() => closed === drips.length, () => `${closed} of ${drips.length} drips are closed`, 20_000)
    assert.ok(await limited(server, 'http_connections_per_address_max') > 0)
    assert.ok(await limited(server, 'header_ms_max') > 0)
    const slow = await exchange(from(server, { timeoutMs: 10_000 }), 'PUT /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nConnection: close\r\n\r\n1')
    assert.ok([404, 408].includes(slow.status), slow.answer)
  }))

test('nothing is decompressed that a client compressed', { timeout: 120_000 }, () => besideHonestPeople('', async (server) => {
  const bomb = gzipSync(Buffer.alloc(20 << 20), { level: 9 }).toString('latin1')
  const headers = { 'content-encoding': 'gzip', 'content-type': 'application/json', 'content-length': String(bomb.length) }
  const body = await request(from(server), '/api/v1/tokens', { method: 'POST', headers, body: bomb })
  assert.equal(body.status, 415, body.answer.slice(0, 300))
  // The extension is offered by every browser; the server never takes it.
  const socket = badSocket(server, `/ws/bomb?token=${TOKEN}`, { perMessageDeflate: true })
  await socket.opened
  assert.equal(socket.extensions, '')
  // A frame that says it is compressed all the same.
  socket._socket.write(Buffer.from([0b1100_0010, 0x80 | 4, 0, 0, 0, 0, 1, 2, 3, 4]))
  assert.equal(await socket.closed, 4205)
}))

test('nobody speaks with another one\'s name or cursor', { timeout: 120_000 }, () => besideHonestPeople('', async (server) => {
  const alice = open('hocuspocus 4', server, 'cursors', { token: 'token-of-alice' })
  const watcher = open('y-websocket 3', server, 'cursors', { token: TOKEN })
  const mallory = badSocket(server, '/ws/cursors?token=token-of-mallory')
  try {
    await Promise.all([alice.whenSynced(), watcher.whenSynced(), mallory.opened])
    alice.awareness.setLocalStateField('user', { name: 'Alice' })
    alice.awareness.setLocalStateField('cursor', 1)
    await until(() => watcher.awareness.getStates().get(alice.doc.clientID)?.user?.id === 'alice', 'alice is seen')
    const forged = new Awareness(new Y.Doc())
    const say = (client, state, clock) => {
      forged.states.set(client, state)
      forged.meta.set(client, { clock, lastUpdated: Date.now() })
      const encoder = encoding.createEncoder()
      encoding.writeVarUint(encoder, 1)
      encoding.writeVarUint8Array(encoder, encodeAwarenessUpdate(forged, [client]))
      mallory.send(encoding.toUint8Array(encoder))
    }
    // Alice's own client id, moved and taken away; and a client id of Mallory's with Alice's name.
    say(alice.doc.clientID, { user: { id: 'alice', name: 'Alice' }, cursor: 666 }, 1_000)
    say(alice.doc.clientID, null, 1_001)
    say(4_711, { user: { id: 'alice', name: 'Alice' }, cursor: 667 }, 1)
    await until(() => watcher.awareness.getStates().get(4_711)?.cursor === 667, 'mallory is seen')
    assert.equal(watcher.awareness.getStates().get(4_711).user.id, 'mallory')
    alice.awareness.setLocalStateField('cursor', 2)
    await until(() => watcher.awareness.getStates().get(alice.doc.clientID)?.cursor === 2, 'alice is where she is')
    assert.equal(watcher.awareness.getStates().get(alice.doc.clientID).user.id, 'alice')
    forged.destroy()
  } finally {
    mallory.terminate()
    alice.destroy()
    watcher.destroy()
  }
}))

/** How many sockets this process and its children may have. */
const socketsPossible = () => {
  try {
    return Number(execFileSync('sh', ['-c', 'ulimit -n']).toString()) - 500
  } catch {
    return 500
  }
}

test('thousands of sockets that never say who they are keep nobody out', { timeout: 300_000 }, () => {
  const count = Math.min(WANTED_SOCKETS, socketsPossible())
  if (count < WANTED_SOCKETS) console.log(`attacks: only ${count} of ${WANTED_SOCKETS} sockets, by ulimit -n`)
  return besideHonestPeople('[limits]\nsign_in_ms_max = 20000\n', async (server) => {
    const start = Date.now()
    const outcome = { in: 0, refused: 0 }
    const bytes = handshake('/hocuspocus')
    const sockets = []
    for (let at = 0; at < count; at += 100) {
      const some = Array.from({ length: Math.min(100, count - at) }, () => new Promise((resolve) => {
        const socket = connect({ port: server.port, host: '127.0.0.1', localAddress: ATTACKER }, () => socket.write(bytes))
        sockets.push(socket)
        socket.on('error', () => {})
        // Without a word where the address has too many connections already, with one otherwise.
        const answered = (is) => { outcome[is] += 1; resolve(); answered.done = true }
        socket.once('close', () => { if (!answered.done) answered('refused') })
        socket.once('data', (data) => answered(data.toString('latin1').startsWith('HTTP/1.1 101') ? 'in' : 'refused'))
      }))
      await Promise.all(some)
      if (at % 1_000 === 0) {
        // Somebody new can always come, also while the attacker fills its share.
        const client = open('hocuspocus 4', server, `new ${at}`, { token: TOKEN, socket: { localAddress: HONEST } })
        await client.whenSynced(5_000)
        client.destroy()
      }
    }
    assert.equal(outcome.in + outcome.refused, count)
    const turns = 1 + Math.ceil((Date.now() - start) / 20_000)
    assert.ok(outcome.in <= 1_000 * turns, `${outcome.in} were let in, a thousand at a time`)
    let refused = 0
    for (const limit of ['unidentified_per_address_max', 'requests_per_address_per_s', 'http_connections_per_address_max']) refused += await limited(server, limit)
    assert.equal(refused, outcome.refused, 'each refusal is counted')
    sockets.forEach((socket) => socket.resume())
    await until(async () => await metric(server, 'unisson_closed_total{reason="no answer in time"}') >= outcome.in, 'the silent ones are sent away', 30_000, 200)
    sockets.forEach((socket) => socket.destroy())
    console.log(`attacks: ${count} silent sockets, ${outcome.in} let in, ${outcome.refused} refused`)
  })
})

/** Sends frames as fast as the socket takes them, until it is closed or time is up; resolves with the close code. */
const flood = async (server, path, frame) => {
  const socket = badSocket(server, path)
  await socket.opened
  let sent = 0
  let code = null
  socket.closed.then((closedWith) => { code = closedWith })
  const deadline = Date.now() + FLOOD_MS
  while (code === null && Date.now() < deadline) {
    if (socket.bufferedAmount < 1 << 20) for (let count = 0; count < 500; count++) { frame(socket); sent += 1 }
    await pause(1)
  }
  await Promise.race([socket.closed, pause(3_000)])
  socket.terminate()
  return { sent, code }
}

const syncFrame = (update) => {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, 0)
  encoding.writeVarUint(encoder, 2)
  encoding.writeVarUint8Array(encoder, update)
  return encoding.toUint8Array(encoder)
}

test('floods of frames are sent away for a while, whatever is in them', { timeout: 180_000 }, () => besideHonestPeople(
  '[limits]\nframes_per_s = 200\nframes_burst = 2000\nslowed_ms_max = 2500\n', async (server) => {
    const doc = new Y.Doc()
    let last
    doc.on('update', (update) => { last = update })
    const floods = {
      pings: (socket) => socket.ping(),
      'real edits': (socket) => { doc.getArray('spam').push(['x']); socket.send(syncFrame(last)) },
      'awareness that says nothing': (socket) => socket.send(Uint8Array.from([1, 1, 0])),
      'questions about everything': (socket) => socket.send(Uint8Array.from([0, 0, 1, 0]))
    }
    const outcomes = await Promise.all(Object.entries(floods).map(async ([what, frame]) => [what, await flood(server, `/ws/flooded?token=${TOKEN}`, frame)]))
    for (const [what, { code, sent }] of outcomes) assert.equal(code, 1013, `${what}: sent ${sent}`)
    // One of them may have been sent away for not reading what it asked for.
    assert.ok(await limited(server, 'slowed_ms_max') >= outcomes.length - 1)
    // The floods are made by the process in which the honest clients live.
  }, { slowestMs: 10_000 }))

test('floods of the fallback’s requests end at the limits of sockets and of bodies', { timeout: 120_000 }, () => besideHonestPeople(
  '[limits]\nsockets_per_address_max = 60\nrequests_per_address_per_s = 5\nrequests_per_address_burst = 200\nframes_per_s = 200\nframes_burst = 400\nslowed_ms_max = 2000\n', async (server) => {
    const base = `/fallback?token=${TOKEN}`
    const post = (target, body = '', headers = {}) => request(from(server, { timeoutMs: 8_000 }), target, { method: 'POST', headers: { 'content-length': String(Buffer.byteLength(body, 'latin1')), ...headers }, body })
    // More sockets than an address may have, then more requests than it may make.
    const opened = []
    for (let round = 0; round < 8; round++) opened.push(...await Promise.all(Array.from({ length: 50 }, () => post(base))))
    const statuses = opened.map(({ status }) => status)
    assert.equal(statuses.filter((status) => status === 201).length, 60, `${statuses}`)
    assert.ok(statuses.includes(429))
    assert.ok(await limited(server, 'sockets_per_address_max') > 0)
    assert.ok(await limited(server, 'requests_per_address_per_s') > 0)
    // Somebody else's socket, a key that is guessed, positions that cannot be, bodies that are no frames.
    const [{ socket, key }] = opened.filter(({ status }) => status === 201).map(({ answer }) => JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)))
    const up = (name, line, token = TOKEN) => post(`/fallback/${name}/up?token=${token}`, `${line}\nabc`)
    const odd = [
      post(`/fallback/${socket}/up?token=${TOKEN}`, 'x'.repeat(1_000)), up(socket, 'guessed 0 0'), up(socket, `${key} 999999999999 0`),
      up(socket, `${key} -1 0`), up(socket, `${key} 0 0`, 'token-of-mallory'), up('0'.repeat(32), `${key} 0 0`)
    ]
    for (const { status, answer } of await Promise.all(odd)) assert.ok(status >= 400 && status < 500, answer)
    // Who guesses names and keys has as many tries as requests.
    const guesses = []
    for (let round = 0; round < 8; round++) guesses.push(...await Promise.all(Array.from({ length: 50 }, (_, at) => up(String(round * 50 + at).padStart(32, '0'), 'guess 0 0'))))
    assert.ok(guesses.some(({ status }) => status === 429), 'guessing is counted')
    // A body that never ends is cut off like any other.
    const endless = await exchange(from(server, { timeoutMs: 10_000 }), [
      `POST /fallback/${socket}/up?token=${TOKEN} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n`,
      ...Array.from({ length: 600 }, () => `10000\r\n${'z'.repeat(65_536)}\r\n`)
    ])
    assert.ok(!(endless.status < 400), `${endless.status}`)
  }))
