//! People whose network lets no WebSocket through, beside people whose network does.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { withOfficeProxy } from '../harness/office-proxy.mjs'
import { forge, SECRET, token } from '../harness/portal.mjs'
import { metric } from '../harness/raw.mjs'
import { withServer } from '../harness/server.mjs'
import { agree, engineNames, openSession, textAt, withSessions } from '../harness/sessions.mjs'
import { pause, until } from '../harness/wait.mjs'

const options = { timeout: 120_000 }

const carried = (server) => metric(server, 'unisson_sockets_carried')

/** Two people: one with a WebSocket, one behind a proxy. */
const pair = (server, proxy, name, engine = 'yjs', more = {}) => [
  () => openSession(engine, 'hocuspocus', server, name, more),
  () => openSession(engine, 'hocuspocus', proxy, name, more)
]

const names = ({ awareness }) => [...awareness.getStates().values()].map(({ user }) => user?.name).filter(Boolean).sort()

for (const engine of engineNames) {
  for (const [what, settings, transport] of [
    ['refuses WebSockets', { upgrades: 'refused' }, 'streams'],
    ['never answers WebSockets', { upgrades: 'ignored' }, 'streams'],
    ['refuses WebSockets and holds streams back', { upgrades: 'refused', holdsStreams: true }, 'polls']
  ]) {
    test(`${engine}: two people write one paragraph, one behind a proxy that ${what}`, options, () =>
      withServer({}, (server) => withOfficeProxy(server, settings, (proxy) => withSessions(pair(server, proxy, 'canteen', engine), async (ann, bob) => {
        await Promise.all([ann.session.whenSynced(), bob.session.whenSynced()])
        assert.deepEqual([ann.session.transport, bob.session.transport], ['websocket', 'http'])
        ann.awareness.setLocalStateField('user', { name: 'Ann' })
        bob.awareness.setLocalStateField('user', { name: 'Bob' })
        for (let turn = 0; turn < 20; turn += 1) {
          ann.text.insert(0, 'a')
          bob.text.insert(bob.text.length, 'b')
          await pause(5)
        }
        await Promise.all([ann.session.whenSaved(), bob.session.whenSaved()])
        await agree([ann, bob])
        // Where both began in the empty text, either may come first.
        assert.deepEqual(['a', 'b'].map((letter) => ann.value.split(letter).length - 1), [20, 20])
        await until(() => names(ann).join() === 'Ann,Bob' && names(bob).join() === 'Ann,Bob', 'both see who is there')
        bob.awareness.setLocalStateField('cursor', { at: 3 })
        await until(() => [...ann.awareness.getStates().values()].some(({ cursor }) => cursor?.at === 3), 'and where')
        assert.ok(proxy.counts[transport] > 0, JSON.stringify(proxy.counts))
        assert.equal(await carried(server), 1, 'one of two sockets is carried')
        bob.session.disconnect()
        await until(async () => await carried(server) === 0, 'and no more when he has gone')
        assert.equal(await textAt(server, 'canteen'), ann.value)
      }))))
  }
}

test('what was typed is seen within a second, by streams and by polls', options, () => withServer({}, async (server) => {
  for (const holdsStreams of [false, true]) {
    await withOfficeProxy(server, { holdsStreams }, (proxy) => withSessions(pair(server, proxy, `quick-${holdsStreams}`), async (ann, bob) => {
      await Promise.all([ann.session.whenSynced(), bob.session.whenSynced()])
      const waits = []
      for (const [from, to] of Array.from({ length: 60 }, (_, turn) => turn % 2 === 0 ? [ann, bob] : [bob, ann])) {
        const began = performance.now()
        from.text.insert(from.text.length, 'x')
        await until(() => to.value === from.value, 'it is seen', 5_000, 1)
        waits.push(performance.now() - began)
      }
      waits.sort((one, other) => one - other)
      const p95 = waits[Math.floor(waits.length * 0.95)]
      assert.ok(p95 < 1_000, `95 % within ${p95.toFixed(0)} ms`)
    }))
  }
}))

test('a large document comes and goes, in order and whole', options, () => withServer({}, (server) => withOfficeProxy(server, {}, async (proxy) => {
  // More than what may be under way in either direction.
  const long = Array.from({ length: 60_000 }, (_, number) => `${number} `).join('')
  await withSessions([() => openSession('yjs', 'hocuspocus', proxy, 'long')], async (bob) => {
    await bob.session.whenSynced()
    for (let at = 0; at < long.length; at += 50_000) bob.text.insert(bob.text.length, long.slice(at, at + 50_000))
    bob.text.insert(bob.text.length, 'end'.repeat(300_000))
    await bob.session.whenSaved()
  })
  await withSessions([() => openSession('yjs', 'hocuspocus', proxy, 'long')], async (bob) => {
    await bob.session.whenSynced()
    assert.equal(bob.value, long + 'end'.repeat(300_000))
  })
})))

test('cut connections lose nothing and say nothing twice', options, () => withServer({}, (server) => withOfficeProxy(server, {}, (proxy) =>
  withSessions(pair(server, proxy, 'cuts'), async (ann, bob) => {
    await Promise.all([ann.session.whenSynced(), bob.session.whenSynced()])
    const opened = bob.announced.length
    for (let turn = 0; turn < 40; turn += 1) {
      bob.text.insert(bob.text.length, `${turn} `)
      ann.text.insert(0, '.')
      if (turn % 8 === 3) proxy.cut()
      await pause(20)
    }
    await Promise.all([ann.session.whenSaved(), bob.session.whenSaved()])
    await agree([ann, bob])
    assert.equal(ann.value.replaceAll('.', ''), Array.from({ length: 40 }, (_, turn) => `${turn} `).join(''))
    // The socket outlives its connections: nobody was told that Bob went offline.
    assert.deepEqual(bob.announced.slice(opened).filter((status) => status === 'offline'), [])
  }))))

test('kill -9 loses nothing that was called saved, and the client comes back by itself', options, () => withServer({}, (server) => withOfficeProxy(server, {}, (proxy) =>
  withSessions(pair(server, proxy, 'kill'), async (ann, bob) => {
    await Promise.all([ann.session.whenSynced(), bob.session.whenSynced()])
    bob.text.insert(0, 'saved ')
    await bob.session.whenSaved()
    bob.text.insert(6, 'perhaps ')
    await server.kill()
    bob.text.insert(14, 'offline')
    await server.spawn()
    await Promise.all([ann.session.whenSaved(), bob.session.whenSaved()])
    await agree([ann, bob])
    assert.equal(bob.value, 'saved perhaps offline')
    assert.equal(await textAt(server, 'kill'), 'saved perhaps offline')
  }))))

test('an orderly restart says so, and every acknowledgement is true', options, () => withServer({}, (server) => withOfficeProxy(server, {}, (proxy) =>
  withSessions([() => openSession('yjs', 'hocuspocus', proxy, 'drain')], async (bob) => {
    await bob.session.whenSynced()
    bob.text.insert(0, 'text')
    await bob.session.whenSaved()
    const began = performance.now()
    assert.equal((await server.terminate()).code, 0)
    assert.ok(performance.now() - began < 8_000, 'a stream does not hold up the end')
    await server.spawn()
    await bob.session.whenSynced()
    assert.equal(bob.value, 'text')
  }))))

test('rights are those of a WebSocket: refused, read only, ended', options, () => withServer({ environment: { UNISSON_AUTH_SECRET: SECRET } }, (server) =>
  withOfficeProxy(server, {}, async (proxy) => {
    await withSessions([() => openSession('yjs', 'hocuspocus', proxy, 'secret', { token: forge({ alg: 'HS256' }, { sub: 'eve', prefix: '', role: 'editor', exp: 4e9 }, 'another secret of thirty-two bytes') })], async (eve) => {
      await eve.whenStatus('refused')
      assert.equal(eve.session.synced, false)
    })
    await withSessions([
      () => openSession('yjs', 'hocuspocus', server, 'rights', { token: token({}) }),
      () => openSession('yjs', 'hocuspocus', proxy, 'rights', { token: token({ sub: 'bob', role: 'reader' }) })
    ], async (ann, bob) => {
      await bob.whenStatus('read-only')
      bob.text.insert(0, 'never ')
      ann.text.insert(0, 'only this')
      await ann.session.whenSaved()
      assert.equal(await textAtWith(server, 'rights'), 'only this')
    })
    // A token's end is enforced on what is open, and the next one is asked for.
    const lives = []
    await withSessions([() => openSession('yjs', 'hocuspocus', proxy, 'ends', {
      token: (reason) => { lives.push(reason); return reason === 'open' ? token({}, 3) : null }
    })], async (bob) => {
      await bob.session.whenSynced()
      await bob.whenStatus('refused')
      assert.ok(lives.includes('expiring') || lives.includes('refused'), lives.join())
    })
  })))

const textAtWith = async (server, name) => {
  const reader = openSession('yjs', 'hocuspocus', server, name, { token: token({}) })
  try {
    await reader.session.whenSynced()
    return reader.value
  } finally {
    reader.session.destroy()
  }
}

test('who leaves is gone at once, and who vanishes soon', options, () => withServer({}, (server) => withOfficeProxy(server, {}, (proxy) =>
  withSessions([() => openSession('yjs', 'hocuspocus', server, 'leaving')], async (ann) => {
    await ann.session.whenSynced()
    for (const [what, leave, ms] of [['leaves', (bob) => bob.session.destroy(), 2_000], ['vanishes', () => proxy.dispose(), 40_000]]) {
      const bob = openSession('yjs', 'hocuspocus', proxy, 'leaving')
      bob.awareness.setLocalStateField('user', { name: 'Bob' })
      await until(() => names(ann).includes('Bob'), 'Bob is there')
      leave(bob)
      await until(() => !names(ann).includes('Bob'), `Bob ${what}`, ms)
      bob.session.destroy()
    }
  }))))

test('a socket answers only to who has opened it, and says what is wrong with a request', options, () => withServer({
  tokens: [{ value: 'write', access: 'read-write' }], environment: { UNISSON_ORIGINS: 'https://portal.example' }
}, async (server) => {
  const origin = 'https://portal.example'
  const ask = async (path, body, headers = { origin }) => {
    const answer = await fetch(`${server.httpUrl}/fallback${path}`, { method: 'POST', body, headers })
    const problem = /problem/.test(answer.headers.get('content-type') ?? '') ? (await answer.json()).code : null
    return { status: answer.status, code: problem, headers: answer.headers, answer }
  }
  const evil = await ask('', '', { origin: 'https://evil.example' })
  assert.deepEqual([evil.status, evil.code, evil.headers.get('access-control-allow-origin')], [403, 'origin', null])
  const opened = await ask('', '')
  assert.equal(opened.status, 201)
  assert.deepEqual(['access-control-allow-origin', 'access-control-allow-credentials', 'cache-control'].map((name) => opened.headers.get(name)), [origin, 'true', 'no-store'])
  assert.match(opened.headers.get('vary'), /origin/)
  const { socket, key } = await opened.answer.json()
  assert.ok(key.length >= 64 && !socket.includes(key))

  const listen = await ask(`/${socket}/down`, `${key} 0 stream`)
  assert.deepEqual(['content-type', 'x-accel-buffering', 'cache-control'].map((name) => listen.headers.get(name)), ['text/event-stream', 'no', 'no-store, no-transform'])
  for (const [path, body, headers, status, code] of [
    [`/${socket}/up`, `${key} 0 0\n`, { origin }, 200, null],
    [`/${socket}/up`, `${'0'.repeat(64)} 0 0\n`, { origin }, 404, 'no-socket'],
    [`/${socket}/up`, `${key} 0 0\n`, {}, 404, 'no-socket'],
    [`/${socket}/up`, `${key} 0 0\n`, { origin: server.httpUrl }, 404, 'no-socket'],
    [`/${socket}/up`, `${key} 0 0\n`, { origin, authorization: 'Bearer other' }, 404, 'no-socket'],
    ['/nothing/up', `${key} 0 0\n`, { origin }, 404, 'no-socket'],
    [`/${socket}/up`, `${key} 0\n`, { origin }, 400, 'malformed'],
    [`/${socket}/up`, `${key} 0 0`, { origin }, 400, 'malformed'],
    [`/${socket}/up`, 'x'.repeat(10_000), { origin }, 400, 'malformed'],
    [`/${socket}/up`, `${key} 0 99999999999999\n`, { origin }, 400, 'malformed'],
    [`/${socket}/down`, `${key} 99 stream`, { origin }, 400, 'malformed'],
    [`/${socket}/down`, `${key} 0 both`, { origin }, 400, 'malformed'],
    [`/${socket}/down`, 'x'.repeat(10_000), { origin }, 400, 'malformed']
  ]) {
    const got = await ask(path, body, headers)
    assert.deepEqual([got.status, got.code], [status, code], `${path} ${body.slice(0, 90)}`)
  }
  // Bytes that are no frames end the socket as they end a WebSocket; the stream says why, and ends.
  assert.equal((await ask(`/${socket}/up`, `${key} 0 0\nnot a frame`)).status, 200)
  const heard = await listen.answer.text()
  const bytes = Buffer.concat([...heard.matchAll(/^data:(.+)$/gm)].map(([, data]) => Buffer.from(data, 'base64')))
  assert.deepEqual([bytes[0], bytes.readUInt16BE(2)], [0x88, 4205], 'a close frame')
  await until(async () => (await ask(`/${socket}/up`, `${key} 0 ${bytes.length}\n`)).status === 404, 'the socket is forgotten')
  assert.ok(!server.log.join('').includes(key), 'the key is in no log')
  assert.equal((await fetch(`${server.httpUrl}/fallback`)).status, 405)
  const preflight = await fetch(`${server.httpUrl}/fallback`, { method: 'OPTIONS', headers: { origin } })
  assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-methods')], [204, 'POST'])
}))
