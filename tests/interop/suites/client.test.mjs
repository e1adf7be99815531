//! The project's own client, on each engine and in each dialect, against the server and beside the published clients.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { withServer } from '../harness/server.mjs'
import { withProxy } from '../harness/proxy.mjs'
import { kinds, withClients } from '../harness/clients.mjs'
import { agree, dialects, engineNames, openSession, textAt, withSessions } from '../harness/sessions.mjs'
import { randomFrom, seed } from '../harness/random.mjs'
import { until } from '../harness/wait.mjs'

const combinations = engineNames.flatMap((engine) => dialects.map((dialect) => ({ engine, dialect, name: `${engine} over ${dialect}` })))

for (const { engine, dialect, name } of combinations) {
  const open = (address, document, options) => () => openSession(engine, dialect, address, document, options)

  test(`${name}: writes together with every published client`, () => withServer({}, (server) =>
    withClients(server, 'mixed', kinds, (clients) => withSessions([open(server, 'mixed'), open(server, 'mixed')], async (ann, bob) => {
      await Promise.all([ann, bob].map(({ session }) => session.whenSynced()))
      const random = randomFrom(seed)
      const all = [ann, bob, ...clients]
      for (let edit = 0; edit < 200; edit += 1) {
        const { text } = random.pick(all)
        if (text.length > 5 && random.below(3) === 0) text.delete(random.below(text.length - 2), 2)
        else text.insert(random.below(text.length + 1), random.pick(['a', 'bc', 'é', '🙂 ']))
        if (edit % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      await agree(all)
      await Promise.all([ann, bob].map(({ session }) => session.whenSaved()))
      assert.equal(ann.status, 'saved')
      assert.equal(await textAt(server, 'mixed'), ann.value, `SEED=${seed}`)
    }))))

  test(`${name}: says saved only after the server's acknowledgement`, () => withServer({}, (server) =>
    withProxy(server, (proxy) => withSessions([open(proxy, 'held')], async (ann) => {
      await ann.session.whenSaved()
      proxy.holdAnswers()
      ann.text.insert(0, 'not yet')
      assert.equal(ann.status, 'saving')
      assert.equal(ann.session.unsaved, true)
      await until(async () => await textAt(server, 'held') === 'not yet', 'the server has the edit')
      assert.equal(ann.status, 'saving', 'nobody has told the client')
      proxy.releaseAnswers()
      await ann.session.whenSaved()
      assert.equal(ann.status, 'saved')
      assert.equal(ann.session.unsaved, false)
    }))))

  test(`${name}: an acknowledgement lost with its socket is asked for again`, () => withServer({}, (server) =>
    withProxy(server, (proxy) => withSessions([open(proxy, 'lost')], async (ann) => {
      await ann.session.whenSaved()
      proxy.holdAnswers()
      ann.text.insert(0, 'abc')
      ann.text.delete(0, 1)
      await until(async () => await textAt(server, 'lost') === 'bc', 'the server has the edits')
      proxy.cut()
      await ann.whenStatus('offline')
      assert.equal(ann.session.unsaved, true, 'a lost socket saves nothing')
      proxy.releaseAnswers()
      await ann.session.whenSaved()
      assert.equal(await textAt(server, 'lost'), 'bc')
    }))))

  test(`${name}: a deletion alone is unsaved until it is acknowledged, over a lost socket too`, () => withServer({}, (server) =>
    withProxy(server, (proxy) => withSessions([open(proxy, 'deleted')], async (ann) => {
      ann.text.insert(0, 'abc')
      await ann.session.whenSaved()
      proxy.holdAnswers()
      ann.text.delete(1, 1)
      await until(async () => await textAt(server, 'deleted') === 'ac', 'the server has the deletion')
      proxy.cut()
      await ann.whenStatus('offline')
      assert.equal(ann.session.unsaved, true)
      proxy.releaseAnswers()
      await ann.session.whenSaved()
    }))))

  test(`${name}: edits made offline arrive, and what the others wrote as well`, () => withServer({}, (server) =>
    withSessions([open(server, 'away'), open(server, 'away')], async (ann, bob) => {
      ann.text.insert(0, 'start ')
      await ann.session.whenSaved()
      await agree([ann, bob])
      ann.session.disconnect()
      assert.equal(ann.status, 'offline')
      ann.text.insert(ann.text.length, 'ann ')
      bob.text.insert(0, 'bob ')
      assert.equal(ann.session.unsaved, true)
      await bob.session.whenSaved()
      ann.session.connect()
      await ann.session.whenSaved()
      await agree([ann, bob])
      assert.equal(bob.value, 'bob start ann ')
    })))

  test(`${name}: loses nothing when the server is killed in the middle`, () => withServer({}, (server) =>
    withSessions([open(server, 'killed'), open(server, 'killed')], async (ann, bob) => {
      await Promise.all([ann, bob].map(({ session }) => session.whenSynced()))
      for (let edit = 0; edit < 50; edit += 1) ann.text.insert(ann.text.length, `${edit} `)
      await server.kill()
      ann.text.insert(ann.text.length, 'while it was away')
      await server.spawn()
      await ann.session.whenSaved()
      await agree([ann, bob])
      await server.restart()
      assert.equal(await textAt(server, 'killed'), ann.value)
      assert.match(ann.value, /^0 1 .* 49 while it was away$/)
    })))

  test(`${name}: what a document held before is an edit like any other`, () => withServer({}, async (server) => {
    const first = openSession(engine, dialect, server, 'brought', { connect: false })
    first.text.insert(0, 'brought along')
    assert.equal(first.status, 'offline')
    assert.equal(first.session.unsaved, true)
    first.session.connect()
    await first.session.whenSaved()
    assert.equal(await textAt(server, 'brought'), 'brought along')
    first.session.destroy()
  }))

  test(`${name}: presence is seen by all, at once after a reconnection, and gone with its session`, () => withServer({}, (server) =>
    withProxy(server, (proxy) => withClients(server, 'here', ['hocuspocus 4', 'y-websocket 3'], async (clients) => {
      const names = (awareness) => [...awareness.getStates().values()].flatMap(({ user }) => user ? [user.name] : []).sort()
      clients[0].awareness.setLocalStateField('user', { name: 'Stock' })
      const ann = openSession(engine, dialect, proxy, 'here', { user: { name: 'Ann' } })
      const everybody = [...clients, ann]
      const seen = (expected) => until(() => everybody.every(({ awareness }) => names(awareness).join() === expected),
        () => `everybody sees ${expected}: ${everybody.map(({ awareness }) => names(awareness).join())}`, 10_000)
      await seen('Ann,Stock')
      proxy.cut()
      await until(() => names(ann.awareness).join() === 'Ann', 'nobody is known without a connection')
      await seen('Ann,Stock')
      ann.session.destroy()
      everybody.pop()
      await seen('Stock')
    }))))

  test(`${name}: tokens are asked for with the reason, and a refusal is undone by another one`, async () => {
    const tokens = [{ value: 'good', access: 'read-write', prefix: '', user: 'ann' }]
    await withServer({ tokens }, async (server) => {
      const asked = []
      const token = (reason) => { asked.push(reason); return reason === 'refused' ? 'good' : 'bad' }
      await withSessions([open(server, 'asked', { token })], async (ann) => {
        ann.text.insert(0, 'x')
        await ann.session.whenSaved()
        assert.deepEqual(asked, ['open', 'refused'])
        assert.deepEqual(ann.refusals, [])
      })
    })
  })

  test(`${name}: a refused client says so, and comes in with the token it is given`, async () => {
    const tokens = [{ value: 'good', access: 'read-write', prefix: '', user: 'ann' }]
    await withServer({ tokens }, (server) => withSessions([open(server, 'shut', { token: 'bad' })], async (ann) => {
      ann.text.insert(0, 'kept')
      await ann.whenStatus('refused')
      assert.equal(ann.refusals.length, 1)
      await assert.rejects(ann.session.whenSynced(), /unauthorized|permission|denied/i)
      assert.equal(ann.session.unsaved, true)
      ann.session.setToken('good')
      await ann.session.whenSaved()
      assert.equal(ann.status, 'saved')
      assert.equal(await textAt(server, 'shut', 'hocuspocus').catch((error) => error.name), 'SessionError', 'the reader has no token')
    }))
  })

  test(`${name}: a session that is destroyed leaves nothing that runs`, () => withServer({}, async (server) => {
    const ann = openSession(engine, dialect, server, 'ended', {})
    await ann.session.whenSynced()
    ann.session.destroy()
    ann.session.destroy()
    assert.equal(ann.status, 'offline')
    await assert.rejects(ann.session.whenSynced(), /destroyed/)
    assert.throws(() => ann.session.connect(), /destroyed/)
  }))
}

for (const engine of engineNames) {
  const open = (address, document, options) => () => openSession(engine, 'hocuspocus', address, document, options)

  test(`${engine}: documents share one Hocuspocus socket, and one ends without the others`, () => withServer({}, (server) =>
    withProxy(server, (proxy) => withSessions(['one', 'two', 'three'].map((name) => open(proxy, name)), async (...joined) => {
      await Promise.all(joined.map(({ session }) => session.whenSynced()))
      assert.equal(proxy.accepted, 1)
      joined.forEach(({ text }, index) => text.insert(0, `text ${index}`))
      await Promise.all(joined.map(({ session }) => session.whenSaved()))
      joined[0].session.disconnect()
      joined[1].text.insert(0, 'still ')
      await joined[1].session.whenSaved()
      assert.equal(await textAt(server, 'two'), 'still text 1')
      joined[0].session.connect()
      await joined[0].session.whenSynced()
      assert.equal(proxy.accepted, 1)
    }))))

  test(`${engine}: read-only is said, follows the token, and keeps nobody from reading`, async () => {
    const tokens = [
      { value: 'writer', access: 'read-write', prefix: '', user: 'ann' },
      { value: 'reader', access: 'read-only', prefix: '', user: 'bob' },
      // An open document stays with its person: the other right is Bob's own.
      { value: 'promoted', access: 'read-write', prefix: '', user: 'bob' }
    ]
    await withServer({ tokens }, (server) => withSessions(
      [open(server, 'shown', { token: 'writer' }), open(server, 'shown', { token: 'reader' })], async (ann, bob) => {
        ann.text.insert(0, 'read me')
        await bob.whenStatus('read-only')
        assert.equal(bob.session.readOnly, true)
        await agree([ann, bob])
        bob.session.setToken('promoted')
        await bob.whenStatus('saved')
        bob.text.insert(0, 'please ')
        await bob.session.whenSaved()
        await agree([ann, bob])
        bob.session.setToken('reader')
        await bob.whenStatus('read-only')
      }))
  })

  test(`${engine}: messages of the application go to the others`, () => withServer({}, (server) =>
    withSessions([open(server, 'told'), open(server, 'told')], async (ann, bob) => {
      assert.equal(ann.session.sendStateless('too early'), false)
      await Promise.all([ann, bob].map(({ session }) => session.whenSynced()))
      assert.equal(ann.session.sendStateless('{"comment":1}'), true)
      await until(() => bob.stateless.length === 1, 'the message arrives')
      assert.deepEqual(bob.stateless, ['{"comment":1}'])
    })))
}
