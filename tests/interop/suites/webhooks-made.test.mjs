//! Webhooks made by calls: by operators for everything, by the facilitators of a space for its own.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { Webhook } from 'standardwebhooks'
import { open } from '../harness/clients.mjs'
import { SECRET as PORTAL_SECRET } from '../harness/portal.mjs'
import { EVENTS, webhookSettings, withReceiver } from '../harness/receiver.mjs'
import { withServer } from '../harness/server.mjs'
import { as, call, done, makeSpace, tokens } from '../harness/spaces.mjs'
import { pause, until } from '../harness/wait.mjs'

const options = { timeout: 120_000 }
const own = '127.0.0.0/8'
const settings = `${EVENTS}allow_networks = ["${own}"]\nspace_allow_networks = ["${own}"]\n[auth]\nsecret = ${JSON.stringify(PORTAL_SECRET)}\n`

/** Makes a webhook that goes to a receiver, which then verifies with its secret. */
const make = async (server, receiver, order = {}, shown) => {
  const made = await done(server, 'POST', '/webhooks', { url: receiver.url, ...order }, shown && { shown })
  receiver.webhook = new Webhook(made.secret)
  return made
}

const edit = async (server, name, token) => {
  const client = open('y-websocket 3', server, name, { token })
  await client.whenSynced()
  client.text.insert(0, 'x')
  await client.whenSaved()
  client.destroy()
}

test('a webhook is made without a restart, outlives one, changes and goes', options, () => withReceiver((receiver) => withServer({ settings, tokens }, async (server) => {
  assert.deepEqual(await done(server, 'GET', '/webhooks'), { webhooks: [], next: null })
  const made = await make(server, receiver, { events: ['document.created'], prefix: 'public/', description: 'the portal' })
  assert.match(made.secret, /^whsec_/)
  assert.deepEqual([made.made_by, made.enabled, made.space, made.description], ['call', true, null, 'the portal'])
  await edit(server, 'secret/a', 'the operator of the suites')
  await edit(server, 'public/a', 'the operator of the suites')
  await until(() => receiver.taken.length === 1, 'one is told')
  assert.equal(receiver.taken[0].data.document, 'public/a')

  // Nobody is told the secret again, in no call, log or metric.
  const { body: shown, etag } = await call(server, 'GET', `/webhooks/${made.id}`)
  assert.doesNotMatch(JSON.stringify([shown, await done(server, 'GET', '/webhooks')]), /whsec/)
  assert.doesNotMatch(server.log.join(''), /whsec/)
  assert.ok(!shown.url.includes('receivers-own'), shown.url)

  await server.restart()
  await edit(server, 'public/b', 'the operator of the suites')
  await until(() => receiver.taken.length === 2, 'it is told after kill -9, too')

  // Paused: nothing is queued. Switched on again: what comes is told.
  const paused = await call(server, 'PATCH', `/webhooks/${made.id}`, { enabled: false }, { headers: { 'if-match': etag } })
  assert.deepEqual([paused.status, paused.body.enabled], [200, false])
  assert.notEqual(paused.etag, etag)
  await edit(server, 'public/c', 'the operator of the suites')
  await pause(500)
  assert.equal((await call(server, 'PATCH', `/webhooks/${made.id}`, { enabled: true }, { headers: { 'if-match': etag } })).status, 412)
  assert.equal((await done(server, 'PATCH', `/webhooks/${made.id}`, { enabled: true, events: [] })).enabled, true)
  await edit(server, 'public/d', 'the operator of the suites')
  await until(() => receiver.taken.some(({ data }) => data.document === 'public/d'), 'it goes on')
  assert.ok(!receiver.taken.some(({ type, data }) => type === 'document.created' && data.document === 'public/c'))

  // Another secret: both sign for a day, so the receiver changes when it likes.
  const before = receiver.webhook
  const { secret } = await done(server, 'POST', `/webhooks/${made.id}/secret`)
  for (const webhook of [before, new Webhook(secret)]) {
    receiver.webhook = webhook
    const { message } = await done(server, 'POST', `/webhooks/${made.id}/test`)
    await until(() => receiver.taken.some(({ id }) => id === message), 'it verifies')
  }
  assert.equal(receiver.forged, 0)

  assert.equal((await call(server, 'DELETE', `/webhooks/${made.id}`)).status, 204)
  assert.deepEqual((await done(server, 'GET', '/webhooks')).webhooks, [])
  const count = receiver.messages.length
  await edit(server, 'public/e', 'the operator of the suites')
  await pause(1_500)
  assert.equal(receiver.messages.length, count)
  assert.equal((await call(server, 'GET', `/webhooks/${made.id}`)).body.code, 'no-such-webhook')
  const { entries } = await done(server, 'GET', '/audit?action=webhook.changed')
  assert.deepEqual(entries.map(({ detail }) => detail.what).slice(-2).sort(), ['changed', 'made'])
})))

test('a facilitator hears of her space alone, and looks after her own webhooks alone', options, () => withReceiver((receiver) => withServer({ settings, tokens }, async (server) => {
  await makeSpace(server, 'canteen', { ann: 'facilitator', bob: 'editor' })
  await makeSpace(server, 'buses', { eve: 'facilitator' })
  const ann = { shown: as('ann') }
  const hook = await make(server, receiver, { space: 'canteen' }, ann.shown)
  await edit(server, 'spaces/buses/page', as('eve'))
  await edit(server, 'spaces/canteen/page', as('bob'))
  await done(server, 'PUT', '/spaces/buses/members/zoe', { role: 'reader' })
  await done(server, 'PUT', '/spaces/canteen/members/zoe', { role: 'reader' })
  await until(() => receiver.kinds().includes('document.changed') && receiver.kinds().includes('member.added'), 'her space is told of')
  await pause(500)
  for (const { data } of receiver.taken) assert.ok((data.document ?? data.prefix).startsWith('spaces/canteen/'), JSON.stringify(data))

  assert.equal((await done(server, 'GET', '/webhooks?space=canteen', undefined, ann)).webhooks.length, 1)
  assert.equal((await done(server, 'GET', `/webhooks/${hook.id}/deliveries`, undefined, ann)).deliveries.length > 0, true)
  const codes = async (method, path, body, sub) => { const { status, body: { code } } = await call(server, method, path, body, { shown: sub === null ? null : as(sub) }); return [status, code] }
  const order = { url: receiver.url, space: 'canteen' }
  assert.deepEqual(await codes('POST', '/webhooks', order, 'bob'), [403, 'role'])
  assert.deepEqual(await codes('POST', '/webhooks', { url: receiver.url }, 'ann'), [401, 'unauthorized'])
  assert.deepEqual(await codes('GET', '/webhooks', undefined, 'ann'), [401, 'unauthorized'])
  assert.deepEqual(await codes('POST', '/webhooks', order, null), [401, 'unauthorized'])
  for (const [method, path, body] of [['GET', ''], ['PATCH', '', { enabled: false }], ['DELETE', ''], ['POST', '/test'], ['POST', '/secret'], ['GET', '/deliveries']]) {
    const [status, code] = await codes(method, `/webhooks/${hook.id}${path}`, body, 'eve')
    assert.ok(['unauthorized', 'forbidden'].includes(code), `${method} ${path}: ${status} ${code}`)
  }
  assert.deepEqual(await codes('POST', '/webhooks', { ...order, prefix: 'spaces/' }, 'ann'), [422, 'webhook-order'])
  assert.deepEqual(await codes('POST', '/webhooks', { ...order, events: ['document.gone'] }, 'ann'), [422, 'webhook-order'])
  for (let count = 1; count < 10; count++) await done(server, 'POST', '/webhooks', order, ann)
  assert.deepEqual(await codes('POST', '/webhooks', order, 'ann'), [422, 'too-many-webhooks'])
})))

test('a webhook is no way into the network', options, () => withReceiver((receiver) => withServer({
  settings: settings.replace(/space_allow_networks.*/, ''), tokens
}, async (server) => {
  await makeSpace(server, 'canteen', { ann: 'owner' })
  const refused = async (order, shown) => (await call(server, 'POST', '/webhooks', order, shown)).body.code
  // Operators named the network for their own webhooks, and not for those of spaces.
  for (const url of [receiver.url, `https://127.0.0.1:${receiver.port}/`, 'https://[::1]/', 'https://169.254.169.254/latest/meta-data', 'http://example.org/', 'ftp://example.org/', 'https://me:pass@example.org/', 'nonsense']) {
    assert.equal(await refused({ url, space: 'canteen' }, { shown: as('ann') }), 'webhook-target', url)
  }
  assert.equal(await refused({ url: 'http://10.0.0.1/' }), 'webhook-target')
  // A name that leads inside is found out when something is sent.
  const named = await done(server, 'POST', '/webhooks', { url: `https://localhost:${receiver.port}/`, space: 'canteen' }, { shown: as('ann') })
  await done(server, 'POST', `/webhooks/${named.id}/test`, undefined, { shown: as('ann') })
  await until(async () => {
    const { deliveries } = await done(server, 'GET', `/webhooks/${named.id}/deliveries`)
    return deliveries.some(({ problem }) => /not a public address/.test(problem ?? ''))
  }, 'it is refused')
  assert.equal(receiver.requests, 0)
})))

test('webhooks of the settings stand beside them, and change there', options, () => withReceiver((receiver) => withServer({ settings: settings + webhookSettings(receiver), tokens }, async (server) => {
  await done(server, 'POST', '/webhooks', { url: receiver.url })
  const { webhooks, next } = await done(server, 'GET', '/webhooks?limit=1')
  assert.deepEqual([webhooks.length, webhooks[0].made_by], [1, 'call'])
  const rest = await done(server, 'GET', `/webhooks?limit=1&cursor=${next}`)
  assert.deepEqual(rest.webhooks.map(({ id, made_by: by }) => [id, by]), [['portal', 'settings']])
  for (const [method, path, body] of [['PATCH', '', { enabled: false }], ['DELETE', ''], ['POST', '/secret']]) {
    assert.equal((await call(server, method, `/webhooks/portal${path}`, body)).body.code, 'webhook-of-settings')
  }
})))
