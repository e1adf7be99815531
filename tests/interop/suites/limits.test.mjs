//! Limits as honest people meet them: nothing is lost, and what is refused is said.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { converged, kinds, open } from '../harness/clients.mjs'
import { ATTACKER, HONEST, TOKEN, badSocket, besideHonestPeople, door, from, tokens } from '../harness/honest.mjs'
import { exchange, handshake, limited, request } from '../harness/raw.mjs'
import { withServer } from '../harness/server.mjs'
import { pause, until } from '../harness/wait.mjs'

test('a server that was started with few open files makes room for its sockets', { timeout: 60_000 }, () => withServer({ tokens, openFiles: 200 }, async (server) => {
  const sockets = Array.from({ length: 400 }, () => badSocket(server, `/ws/many?token=${TOKEN}`))
  try {
    await Promise.all(sockets.map((socket) => socket.opened))
  } finally {
    sockets.forEach((socket) => socket.terminate())
  }
}))

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
  '[limits]\nrequests_per_address_per_s = 5\nrequests_per_address_burst = 200\nrequests_per_user_per_s = 5\nrequests_per_user_burst = 20\n', async (server) => {
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
    // Pages with a form say more to the server itself: browsers name no origin otherwise.
    assert.match(answer, /referrer-policy: (no-referrer|same-origin)\r/i, target)
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
    // Who comes now, and into another document of the place, is told as well.
    const late = open('hocuspocus 4', server, 'spaces/small/another', { token: TOKEN })
    try {
      await late.whenSynced()
      await until(() => late.provider.authorizedScope === 'readonly', 'who comes late knows that it is read only')
      await until(() => late.stateless.some((text) => JSON.parse(text).state === 'full'), 'and why')
      late.text.insert(0, 'd')
      await pause(500)
      assert.ok(late.unsaved() > 0)
    } finally {
      late.destroy()
    }
    other.text.insert(0, 'there is room here')
    await other.whenSaved()
    assert.ok(await limited(server, 'quota') > 0)
  } finally {
    [...writers, other].forEach((client) => client.destroy())
  }
}))

test('one person is slowed over all sockets together, loses nothing, and others are not slowed', { timeout: 180_000 }, () => besideHonestPeople(
  '[limits]\nframes_per_user_per_s = 200\nframes_per_user_burst = 200\nslowed_ms_max = 60000\n', async (server) => {
    // Each socket stays far below the rate of a socket: it is their sum that is too much.
    const socket = { localAddress: ATTACKER }
    const writers = Array.from({ length: 6 }, (_, at) => open(kinds[at % kinds.length], server, `many ${at}`, { token: 'token-of-mallory', socket }))
    const alice = open('hocuspocus 4', server, 'alice', { token: 'token-of-alice', socket })
    try {
      await Promise.all([...writers, alice].map((client) => client.whenSynced()))
      for (let count = 0; count < 200; count++) writers.forEach((writer) => writer.doc.getArray('lines').push([count]))
      await until(async () => await limited(server, 'frames_per_user_per_s') > 0, 'they are slowed')
      // Somebody else at the same address is not.
      const before = performance.now()
      alice.text.insert(0, 'quick')
      await alice.whenSaved(30_000)
      assert.ok(performance.now() - before < 2_000, 'Alice waits for nobody')
      await Promise.all(writers.map((writer) => writer.whenSaved(90_000)))
      for (const writer of writers) {
        assert.deepEqual(writer.closes, [], writer.kind)
        assert.equal(writer.doc.getArray('lines').length, 200)
      }
      assert.equal(await limited(server, 'frames_per_s'), 0)
    } finally {
      [...writers, alice].forEach((client) => client.destroy())
    }
  }))

test('an address is slowed over all sockets together and nobody there is sent away, while other houses go on', { timeout: 180_000 }, () => besideHonestPeople(
  '[limits]\nframes_per_address_per_s = 300\nframes_per_address_burst = 600\nslowed_ms_max = 1000\n', async (server) => {
    const sockets = Array.from({ length: 30 }, (_, at) => badSocket(server, `/ws/house ${at}?token=${TOKEN}`))
    try {
      await Promise.all(sockets.map((socket) => socket.opened))
      // A sync step 1 of an empty document: small and honest, and far too many together.
      const step = Uint8Array.of(0, 0, 1, 0)
      const started = Date.now()
      while (Date.now() - started < 5_000) {
        sockets.forEach((socket) => socket.send(step))
        await pause(25)
      }
      assert.ok(await limited(server, 'frames_per_address_per_s') > 0)
      assert.equal(await limited(server, 'slowed_ms_max'), 0)
      assert.ok(sockets.every((socket) => socket.readyState === socket.OPEN))
    } finally {
      sockets.forEach((socket) => socket.terminate())
    }
  }))

test('bytes count over all sockets, too: who goes and comes again begins no new burst', { timeout: 120_000 }, () => besideHonestPeople(
  '[limits]\nupdate_bytes_max = 1000000\nreceived_bytes_per_user_per_s = 100000\nreceived_bytes_per_user_burst = 1000000\n', async (server) => {
    const socket = { localAddress: ATTACKER }
    for (let round = 0; round < 8; round++) {
      const writer = open('y-websocket 3', server, `paste ${round}`, { token: 'token-of-mallory', socket })
      await writer.whenSynced()
      writer.text.insert(0, 'x'.repeat(200_000))
      await writer.whenSaved(30_000)
      writer.destroy()
    }
    assert.ok(await limited(server, 'received_bytes_per_user_per_s') > 0, 'the later ones were slowed')
    assert.equal(await limited(server, 'received_bytes_per_s'), 0, 'no socket alone was')
  }))
