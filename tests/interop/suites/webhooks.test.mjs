//! Webhooks: signed, retried, kept through kill -9, and harmless where a receiver is dead.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { open } from '../harness/clients.mjs'
import { EVENTS, Receiver, SECRET, webhookSettings, withReceiver } from '../harness/receiver.mjs'
import { skipWithoutMoto, withBucket } from '../harness/moto.mjs'
import { withServer } from '../harness/server.mjs'
import { token, SECRET as PORTAL_SECRET } from '../harness/portal.mjs'
import { until, pause } from '../harness/wait.mjs'

const options = { timeout: 120_000 }
const ADMIN = { value: 'the-operator', access: 'admin', user: 'root' }
const tokens = [{ value: 'any', access: 'read-write' }, ADMIN]
const tells = (receiver, more) => ({ tokens, settings: EVENTS + webhookSettings(receiver, more) })

const call = async (server, path, { method = 'GET', bearer = ADMIN.value } = {}) => {
  const response = await fetch(`${server.httpUrl}/api/v1/webhooks${path}`, { method, headers: { authorization: `Bearer ${bearer}` } })
  const text = await response.text()
  return { status: response.status, body: text === '' ? null : JSON.parse(text) }
}

const edit = async (server, name, text = 'x', kind = 'y-websocket 3', token = 'any') => {
  const client = open(kind, server, name, { token })
  await client.whenSynced()
  client.text.insert(0, text)
  await client.whenSaved()
  client.destroy()
}

test('a document is told when it is new and when it is quiet, with its authors', options, () => withReceiver((receiver) =>
  withServer({ settings: EVENTS + webhookSettings(receiver), environment: { UNISSON_AUTH_SECRET: PORTAL_SECRET } }, async (server) => {
    const people = ['ann', 'bob'].map((sub) => open('hocuspocus 4', server, 'cantine/menus', { token: token({ sub, name: sub.toUpperCase() }) }))
    await Promise.all(people.map((person) => person.whenSynced()))
    for (let n = 0; n < 20; n++) {
      people[n % 2].text.insert(0, `${n} `)
      await pause(20)
    }
    await Promise.all(people.map((person) => person.whenSaved()))
    await until(() => receiver.kinds().includes('document.changed'), 'the change is told')
    assert.deepEqual(receiver.kinds(), ['document.created', 'document.changed'])
    const [created, changed] = receiver.taken
    assert.equal(created.data.document, 'cantine/menus')
    assert.ok(['ann', 'bob'].includes(created.data.by.id))
    assert.deepEqual(changed.data.authors, [{ id: 'ann', name: 'ANN' }, { id: 'bob', name: 'BOB' }])
    assert.ok(changed.data.last_edit_ms >= changed.data.first_edit_ms)
    assert.match(changed.timestamp, /^\d{4}-\d\d-\d\dT.*Z$/)
    assert.notEqual(created.id, changed.id)
    assert.equal(receiver.forged, 0)
    people.forEach((person) => person.destroy())
  })))

test('a receiver that verifies with another secret would notice', options, async () => {
  const receiver = await Receiver.start('whsec_AAAAsBQIhrscChlQIMV+b5sSYspob7oDAAAA')
  try {
    await withServer(tells(receiver), async (server) => {
      await call(server, '/portal/test', { method: 'POST' })
      await until(() => receiver.forged > 0, 'the signature is refused')
      assert.equal(receiver.messages.length, 0)
    })
    // While secrets change, a receiver may have either.
    receiver.forged = 0
    await withServer(tells(receiver, { secrets_before: ['whsec_AAAAsBQIhrscChlQIMV+b5sSYspob7oDAAAA'] }), async (server) => {
      await call(server, '/portal/test', { method: 'POST' })
      await until(() => receiver.messages.length === 1, 'the older secret does too')
      assert.equal(receiver.forged, 0)
    })
  } finally {
    await receiver.stop()
  }
})

test('edits without a pause are told every so often', options, () => withReceiver((receiver) => withServer(tells(receiver, { events: ['document.changed'] }), async (server) => {
  const client = open('y-websocket 2', server, 'busy')
  await client.whenSynced()
  const started = Date.now()
  while (Date.now() - started < 9_500) {
    client.text.insert(0, '.')
    await pause(200)
  }
  assert.equal(receiver.taken.length, 2)
  client.destroy()
})))

test('only what is asked for is told', options, () => withReceiver((receiver) => withServer(tells(receiver, { prefix: 'public/', events: ['document.created'] }), async (server) => {
  await edit(server, 'secret/a')
  await edit(server, 'public/../secret/b')
  await edit(server, 'public/a')
  await until(() => receiver.taken.length === 1, 'one is told')
  await pause(2_000)
  assert.deepEqual(receiver.taken.map(({ type, data }) => [type, data.document]), [['document.created', 'public/a']])
})))

test('a receiver that fails, then hangs, then dies gets everything in the end, under one id', options, () => withReceiver((receiver) => withServer(tells(receiver, { events: ['document.created'] }), async (server) => {
  receiver.answer = (_, n) => n <= 3 ? [500, null, 503][n - 1] : 204
  await edit(server, 'one')
  await until(() => receiver.messages.length >= 2, 'two attempts were made')
  await until(async () => (await call(server, '/portal/deliveries')).body.deliveries.length >= 2, 'both are known')
  await receiver.die()
  await edit(server, 'two')
  const refused = async () => (await call(server, '/portal/deliveries')).body.deliveries.some(({ message, status, problem }) => status === null && /refused/i.test(problem) && message !== receiver.messages[0].id)
  await until(refused, 'the death is noticed')
  receiver.answer = () => 204
  await receiver.comeBack()
  await until(() => receiver.taken.length === 2, 'both arrive')
  assert.equal(new Set(receiver.messages.filter(({ data }) => data.document === 'one').map(({ id }) => id)).size, 1)
  const { deliveries } = (await call(server, '/portal/deliveries')).body
  const problems = deliveries.filter(({ message }) => message === receiver.messages[0].id).reverse().map(({ status, problem }) => [status, problem])
  assert.deepEqual(problems[0], [500, 'it answers 500 Internal Server Error'])
  assert.deepEqual(problems[1], [null, 'no answer within 1000 ms'])
  assert.ok(deliveries.every(({ attempt, next_attempt: next, problem }) => attempt >= 1 && (next === null) === (problem === null)))
  // The receiver's own secret is in no log and in no answer.
  assert.doesNotMatch(JSON.stringify(await call(server, '')), /receivers-own|whsec/)
  assert.doesNotMatch(server.log.join(''), /receivers-own|whsec|C2FVsBQIhrsc/)
})))

test('kill -9 loses nothing that was queued, and what was being edited is told', options, () => withReceiver((receiver) => withServer(tells(receiver), async (server) => {
  receiver.answer = () => 500
  await edit(server, 'kept')
  await until(() => receiver.messages.length > 0, 'an attempt was made')
  const { id } = receiver.messages[0]
  await pause(600)
  await server.kill()
  receiver.answer = () => 204
  await server.spawn()
  await until(() => receiver.kinds().includes('document.created') && receiver.kinds().includes('document.changed'), 'both are told after the restart')
  assert.equal(receiver.taken.find(({ type }) => type === 'document.created').id, id)
  const changed = receiver.taken.filter(({ type }) => type === 'document.changed')
  assert.ok(changed.some(({ data }) => data.document === 'kept'))

  // An orderly stop tells what was being edited, with its authors.
  receiver.messages.length = 0
  receiver.answer = () => 503
  await edit(server, 'last')
  assert.equal((await server.terminate()).code, 0)
  receiver.answer = () => 204
  await server.spawn()
  await until(() => receiver.taken.some(({ type, data }) => type === 'document.changed' && data.document === 'last'), 'the last change is told')
  assert.equal(receiver.taken.find(({ type, data }) => type === 'document.changed' && data.document === 'last').data.recovered, undefined)
})))

test('with an object store the queue outlives the process too', { ...options, skip: skipWithoutMoto }, () => withBucket((environment) => withReceiver((receiver) =>
  withServer({ ...tells(receiver), environment: { ...environment, UNISSON_NODE: 'one' } }, async (server) => {
    receiver.answer = () => 500
    await edit(server, 'kept')
    await until(() => receiver.messages.length > 0, 'an attempt was made')
    const { id } = receiver.messages[0]
    await pause(1_000)
    await server.kill()
    receiver.answer = () => 204
    await server.spawn()
    await until(() => receiver.taken.some((message) => message.id === id), 'it is told after the restart')
  }))))

test('410 and a long failure switch a webhook off, and an operator switches it on', options, () => withReceiver((receiver) => withServer(tells(receiver, { disable_after_ms: 1500 }), async (server) => {
  const standing = async () => (await call(server, '')).body.webhooks[0]
  receiver.answer = () => 410
  await edit(server, 'one')
  await until(async () => (await standing()).disabled !== null, 'it is switched off')
  assert.match((await standing()).disabled.reason, /410/)
  const before = receiver.requests
  await edit(server, 'two')
  await pause(2_500)
  assert.equal(receiver.requests, before, 'it gets nothing')

  receiver.answer = () => 204
  assert.equal((await call(server, '/portal/enable', { method: 'POST' })).status, 204)
  await until(() => receiver.taken.some(({ data }) => data.document === 'one'), 'what waited arrives')
  assert.equal((await standing()).disabled, null)

  receiver.answer = () => 500
  await edit(server, 'three')
  await until(async () => (await standing()).disabled !== null, 'it is switched off for failing')
  assert.match((await standing()).disabled.reason, /has failed since/)
  assert.match(await (await server.get('/metrics')).text(), /unisson_webhook_disabled\{webhook="portal"\} 1/)
})))

test('a dead receiver harms neither editing nor another receiver', options, () => withReceiver((dead) => withReceiver((alive) => withServer({
  tokens, settings: EVENTS + webhookSettings(dead, { id: 'dead' }) + webhookSettings(alive, { id: 'alive' })
}, async (server) => {
  dead.answer = () => null
  const started = Date.now()
  for (let n = 0; n < 30; n++) await edit(server, `page-${n}`)
  await until(() => alive.taken.filter(({ type }) => type === 'document.created').length === 30, 'the other one hears of all', 10_000)
  assert.ok(Date.now() - started < 20_000)
  const { webhooks } = (await call(server, '')).body
  assert.ok(webhooks.find(({ id }) => id === 'dead').waiting >= 30)
}))))

test('what was sent can be looked up and sent again, by operators alone', options, () => withReceiver((receiver) => withServer({
  tokens: [...tokens, { value: 'a-space', access: 'admin', prefix: 'a/' }], settings: EVENTS + webhookSettings(receiver)
}, async (server) => {
  const { status, body: { message } } = await call(server, '/portal/test', { method: 'POST' })
  assert.equal(status, 202)
  await until(() => receiver.taken.length === 1, 'the test arrives')
  assert.deepEqual([receiver.taken[0].type, receiver.taken[0].id], ['webhook.test', message])
  assert.equal((await call(server, `/portal/deliveries/${message}`)).body.body.type, 'webhook.test')
  assert.equal((await call(server, `/portal/deliveries/${message}/again`, { method: 'POST' })).status, 202)
  await until(() => receiver.taken.length === 2, 'it arrives again')
  assert.equal(receiver.taken[1].id, message)

  await until(async () => (await call(server, '/portal/deliveries')).body.deliveries.length === 2, 'both are known')
  const first = (await call(server, '/portal/deliveries?limit=1')).body
  const second = (await call(server, `/portal/deliveries?limit=1&cursor=${first.next}`)).body
  assert.deepEqual([first.deliveries.length, second.deliveries.length, second.next], [1, 1, null])

  const codes = async (path, init) => { const { status, body } = await call(server, path, init); return [status, body?.code] }
  assert.deepEqual(await codes('', { bearer: 'any' }), [403, 'forbidden'])
  assert.deepEqual(await codes('', { bearer: 'a-space' }), [403, 'forbidden'])
  assert.deepEqual(await codes('', { bearer: 'nobody' }), [401, 'unauthorized'])
  assert.deepEqual(await codes('/other/deliveries'), [404, 'no-such-webhook'])
  assert.deepEqual(await codes('/portal/deliveries/msg_x/again', { method: 'POST' }), [404, 'no-such-message'])
  assert.deepEqual(await codes('/portal/deliveries?limit=0'), [400, 'query'])
  assert.deepEqual(await codes('/portal/deliveries?cursor=x'), [400, 'query'])
})))

test('an address inside the network is reached only where it is named', options, () => withReceiver((receiver) => withServer(tells(receiver, { allow_networks: ['10.0.0.0/8'] }), async (server) => {
  await edit(server, 'one')
  await until(async () => (await call(server, '/portal/deliveries')).body.deliveries.length > 0, 'an attempt is known')
  const [{ problem }] = (await call(server, '/portal/deliveries')).body.deliveries
  assert.match(problem, /127\.0\.0\.1 is not a public address/)
  assert.equal(receiver.requests, 0)
})))

test('settings that make no sense stop the server with their name', options, () => withReceiver(async (receiver) => {
  for (const [more, word] of [[{ secret: 'whsec_short' }, /secret/], [{ events: ['document.gone'] }, /document\.gone/], [{ allow_networks: [], url: 'http://127.0.0.1:1/' }, /https/]]) {
    await assert.rejects(withServer(tells(receiver, more), async () => {}), word)
  }
  assert.ok(SECRET.startsWith('whsec_'))
}))
