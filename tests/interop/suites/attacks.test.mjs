//! Attacks on the door, each with honest people who go on editing beside it.
//!
//! Attackers come from 127.0.0.2 and honest people from 127.0.0.3, as they would from two houses.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import * as encoding from 'lib0/encoding'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness'
import { converged, kinds, open } from '../harness/clients.mjs'
import { exchange, handshake, limited, metric, request } from '../harness/raw.mjs'
import { withServer } from '../harness/server.mjs'
import { pause, until } from '../harness/wait.mjs'

const ATTACKER = '127.0.0.2'
const HONEST = '127.0.0.3'
const TOKEN = 'the-token-of-honest-people'
const FLOOD_MS = 20_000
const WANTED_SOCKETS = Number(process.env.SOCKETS ?? 10_000)
const tokens = [
  { value: TOKEN, access: 'read-write' },
  { value: 'token-of-alice', access: 'read-write', user: 'alice' },
  { value: 'token-of-mallory', access: 'read-write', user: 'mallory' },
  { value: 'token-of-space-a', access: 'read-write', prefix: 'spaces/a/' }
]
// The machine itself is no proxy here, so that addresses of the loopback network count as strangers'.
const door = '[http]\ntrusted_proxies = ["192.0.2.1"]\n'

/**
 * Runs `attack` while every kind of client types into one document. Nobody may be closed, every edit must be saved, and
 * no edit may take longer than `slowestMs` to be.
 */
const besideHonestPeople = (settings, attack, { slowestMs = 4_000 } = {}) => withServer({ tokens, settings: door + settings }, async (server) => {
  const clients = kinds.map((kind) => open(kind, server, 'honest', { token: TOKEN, socket: { localAddress: HONEST } }))
  let turns = 0
  let slowest = 0
  let typing = true
  try {
    await Promise.all(clients.map((client) => client.whenSynced()))
    const people = clients.map(async (client) => {
      while (typing) {
        client.doc.getArray('lines').push([`${client.kind} ${turns += 1}`])
        const start = performance.now()
        await client.whenSaved(30_000)
        slowest = Math.max(slowest, performance.now() - start)
        await pause(20)
      }
    })
    try {
      await attack(server, clients)
    } finally {
      typing = false
    }
    await Promise.all(people)
    await converged(clients, 30_000)
    for (const client of clients) assert.deepEqual(client.closes, [], `${client.kind} was closed`)
    assert.equal(clients[0].doc.getArray('lines').length, turns, 'every line is there')
    assert.ok(slowest < slowestMs, `the slowest of ${turns} edits took ${Math.round(slowest)} ms to be saved`)
    assert.ok((await server.get('/readyz')).ok)
    assert.equal(await metric(server, 'unisson_task_panics_total'), 0)
    console.log(`attacks: ${turns} honest edits beside it, the slowest saved after ${Math.round(slowest)} ms`)
  } finally {
    typing = false
    clients.forEach((client) => client.destroy())
  }
})

const from = (server, options = {}) => ({ port: server.port, localAddress: ATTACKER, ...options })

/** A bare socket of the attacker. */
const badSocket = (server, path, options = {}) => {
  const socket = new WebSocket(server.webSocketUrl + path, { localAddress: ATTACKER, ...options })
  socket.on('error', () => {})
  socket.closed = new Promise((resolve) => socket.once('close', (code) => resolve(code)))
  socket.opened = new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket))
    socket.once('close', () => reject(new Error('the socket was not let in')))
  })
  socket.opened.catch(() => {})
  return socket
}

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

test('a server that was started with few open files makes room for its sockets', { timeout: 60_000 }, () => withServer({ tokens, openFiles: 200 }, async (server) => {
  const sockets = Array.from({ length: 400 }, () => badSocket(server, `/ws/many?token=${TOKEN}`))
  try {
    await Promise.all(sockets.map((socket) => socket.opened))
  } finally {
    sockets.forEach((socket) => socket.terminate())
  }
}))

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

test('who is over the rate for a moment is slowed and loses nothing', { timeout: 180_000 }, () => withServer({
  tokens, settings: `${door}[limits]\nframes_per_s = 300\nframes_burst = 300\nslowed_ms_max = 60000\n`
}, async (server) => {
  for (const kind of kinds) {
    const writer = open(kind, server, `burst of ${kind}`, { token: TOKEN })
    const reader = open('y-websocket 3', server, `burst of ${kind}`, { token: TOKEN })
    try {
      await Promise.all([writer.whenSynced(), reader.whenSynced()])
      for (let count = 0; count < 1_500; count++) writer.doc.getArray('lines').push([count])
      await writer.whenSaved(60_000)
      await converged([writer, reader], 30_000)
      assert.equal(reader.doc.getArray('lines').length, 1_500)
      assert.deepEqual(writer.closes, [], kind)
    } finally {
      writer.destroy()
      reader.destroy()
    }
  }
  assert.ok(await limited(server, 'frames_per_s') > 0)
}))

test('a large paste and a large first sync are never slowed', { timeout: 180_000 }, () => withServer({ tokens, settings: door }, async (server) => {
  const offline = new Y.Doc()
  for (let page = 0; page < 100; page++) offline.getText('text').insert(0, `${page} ${'a long page '.repeat(8_000)}`)
  const clients = kinds.map((kind) => open(kind, server, 'large', { token: TOKEN }))
  try {
    await Promise.all(clients.map((client) => client.whenSynced()))
    Y.applyUpdate(clients[0].doc, Y.encodeStateAsUpdate(offline))
    await clients[0].whenSaved(60_000)
    await converged(clients, 60_000)
    assert.equal(await limited(server, 'received_bytes_per_s'), 0)
    assert.equal(await limited(server, 'frames_per_s'), 0)
  } finally {
    clients.forEach((client) => client.destroy())
  }
}))

test('floods of requests get 429 and a time to come back, and other houses their answers', { timeout: 120_000 }, () => besideHonestPeople(
  '[limits]\nrequests_per_address_per_s = 20\nrequests_per_address_burst = 200\nrequests_per_user_per_s = 5\nrequests_per_user_burst = 20\n', async (server) => {
    const ask = (localAddress, target, headers) => request({ port: server.port, localAddress }, target, { headers })
    const answers = []
    for (let round = 0; round < 15; round++) answers.push(...await Promise.all(Array.from({ length: 50 }, () => ask(ATTACKER, '/d/x'))))
    const refused = answers.filter(({ status }) => status === 429)
    assert.ok(refused.length > 300, `${refused.length} of ${answers.length} were refused`)
    const knocks = await Promise.all(Array.from({ length: 60 }, () => exchange(from(server, { until: /\r\n\r\n/ }), handshake('/hocuspocus'))))
    assert.ok(knocks.some(({ status }) => status === 429), 'handshakes are requests')
    assert.match(refused[0].answer, /retry-after: \d+/i)
    assert.match(refused[0].answer, /too-many-requests/)
    assert.equal((await ask(ATTACKER, '/healthz')).status, 200, 'probes are never refused')
    assert.equal((await ask(HONEST, '/d/x')).status, 200)
    // One credential, from many addresses.
    const byUser = await Promise.all(Array.from({ length: 60 }, (_, at) => ask(`127.0.1.${at + 1}`, '/api/v1/documents/x/versions', { authorization: `Bearer ${TOKEN}` })))
    assert.ok(byUser.some(({ status }) => status === 429))
    assert.ok(await limited(server, 'requests_per_user_per_s') > 0)
  }))

test('an address, a person and a document have so many sockets and no more', { timeout: 120_000 }, () => besideHonestPeople(
  '[limits]\nsockets_per_address_max = 40\npeers_per_user_max = 3\n', async (server) => {
    const sockets = Array.from({ length: 60 }, () => badSocket(server, `/ws/crowd?token=${TOKEN}`))
    const opened = await Promise.allSettled(sockets.map((socket) => socket.opened))
    assert.equal(opened.filter(({ status }) => status === 'fulfilled').length, 40)
    sockets.forEach((socket) => socket.terminate())
    const people = Array.from({ length: 5 }, () => badSocket(server, '/ws/mine?token=token-of-alice', { localAddress: '127.0.0.9' }))
    await Promise.allSettled(people.map((socket) => socket.opened))
    const codes = await Promise.all(people.map((socket) => Promise.race([socket.closed, pause(1_500)])))
    assert.deepEqual(codes.filter((code) => code !== undefined), [1013, 1013])
    people.forEach((socket) => socket.terminate())
    // Room that was taken is room again.
    await until(async () => {
      const again = badSocket(server, '/ws/mine?token=token-of-alice', { localAddress: '127.0.0.9' })
      await again.opened
      const code = await Promise.race([again.closed, pause(300)])
      again.terminate()
      return code === undefined
    }, 'alice may come again', 10_000, 100)
  }))

test('pages of other sites change nothing and read nothing', { timeout: 120_000 }, () => withServer({
  tokens, settings: `${door}[auth]\norigins = ["https://portal.example"]\n[embed]\norigins = ["https://wiki.example"]\n`
}, async (server) => {
  const ask = (target, headers, method = 'GET') => request({ port: server.port }, target, { method, headers: { 'content-length': '0', ...headers } })
  const versions = '/api/v1/documents/x/versions'
  const bearer = { authorization: `Bearer ${TOKEN}` }
  for (const [headers, method, status] of [
    [{ origin: 'https://evil.example' }, 'POST', 403],
    [{ origin: 'https://evil.example' }, 'GET', 403],
    [{ origin: 'null' }, 'POST', 403],
    [{ 'sec-fetch-site': 'cross-site' }, 'POST', 403],
    [{ 'sec-fetch-site': 'same-site', cookie: `unisson_token=${TOKEN}` }, 'GET', 401],
    [{ 'sec-fetch-site': 'same-origin', cookie: `unisson_token=${TOKEN}` }, 'GET', 200],
    [{ origin: 'https://portal.example', ...bearer }, 'GET', 200],
    [bearer, 'GET', 200]
  ]) {
    const answer = await ask(versions, headers, method)
    assert.equal(answer.status, status, `${method} ${JSON.stringify(headers)}: ${answer.answer}`)
    if (status === 403) assert.doesNotMatch(answer.answer, /access-control-allow-origin/i)
  }
  const listed = await ask(versions, { origin: 'https://portal.example', ...bearer })
  assert.match(listed.answer, /access-control-allow-origin: https:\/\/portal\.example\r/i)
  assert.doesNotMatch(listed.answer, /access-control-allow-credentials/i)
  const preflight = await ask(versions, { origin: 'https://portal.example', 'access-control-request-method': 'POST' }, 'OPTIONS')
  assert.equal(preflight.status, 204)
  assert.match((await ask('/embed/x')).answer, /frame-ancestors 'self' https:\/\/wiki\.example\r/i)
  for (const target of ['/d/x', '/', '/nowhere', versions, '/healthz', '/client/none']) {
    const { answer } = await ask(target, bearer)
    assert.match(answer, /x-content-type-options: nosniff/i, target)
    assert.match(answer, /referrer-policy: no-referrer/i, target)
    assert.match(answer, /content-security-policy: [^\r]*frame-ancestors 'none'/i, target)
  }
}))

test('a full space is read only in clear words, and others go on', { timeout: 120_000 }, () => withServer({
  tokens, settings: `${door}[[quotas]]\nprefix = "spaces/*/"\nbytes_max = 200000\nwarn_percent = 50\n`
}, async (server) => {
  const writers = kinds.map((kind) => open(kind, server, 'spaces/small/report', { token: TOKEN }))
  const other = open('hocuspocus 4', server, 'spaces/other/report', { token: TOKEN })
  try {
    await Promise.all([...writers, other].map((client) => client.whenSynced()))
    const [writer] = writers
    writer.text.insert(0, 'a'.repeat(150_000))
    await writer.whenSaved()
    const newest = writers.at(-1)
    await until(() => newest.stateless.some((text) => JSON.parse(text).state === 'near'), 'people are warned')
    writer.text.insert(0, 'b'.repeat(100_000))
    await writer.whenSaved()
    await until(() => newest.stateless.some((text) => JSON.parse(text).state === 'full'), 'people are told')
    await until(() => newest.provider.authorizedScope === 'readonly', 'the editor knows that it is read only')
    newest.text.insert(0, 'c')
    await pause(500)
    assert.ok(newest.unsaved() > 0, 'what is refused is never called saved')
    other.text.insert(0, 'there is room here')
    await other.whenSaved()
    assert.ok(await limited(server, 'quota') > 0)
  } finally {
    [...writers, other].forEach((client) => client.destroy())
  }
}))
