//! Secrets of webhooks made by calls are sealed in the store, and a key that is missing loses no message.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { open } from '../harness/clients.mjs'
import { EVENTS, withReceiver } from '../harness/receiver.mjs'
import { withServer } from '../harness/server.mjs'
import { OPERATOR, call, done, tokens } from '../harness/spaces.mjs'
import { until } from '../harness/wait.mjs'

const options = { timeout: 120_000 }
const [FIRST, SECOND] = ['1', '2'].map((letter) => letter.repeat(40))
const keys = (key, before = []) => `secrets_key = ${JSON.stringify(key)}\nsecrets_keys_before = ${JSON.stringify(before)}\n`

/** Runs `body` with a server and the way to start it again with other keys. */
const withKeys = (first, body) => {
  let given = first
  const settings = () => `${EVENTS}allow_networks = ["127.0.0.0/8"]\n${given}`
  return withServer({ settings, tokens }, (server) => body(server, async (other) => {
    await server.terminate()
    given = other
    await server.spawn()
  }))
}

const edit = async (server, name) => {
  const client = open('y-websocket 3', server, name, { token: OPERATOR })
  await client.whenSynced()
  client.text.insert(0, 'x')
  await client.whenSaved()
  client.destroy()
}

/** Whether any file of the store has these bytes. Logs and snapshots are not compressed below some size, and a secret is not. */
const stored = (server, text) => {
  const files = readdirSync(server.data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.some((entry) => readFileSync(join(entry.parentPath ?? entry.path, entry.name)).includes(text))
}

const order = (receiver) => ({ url: receiver.url, events: ['document.created'] })

test('a sealed secret signs, and stands nowhere in the store', options, () => withReceiver((receiver) => withKeys(keys(FIRST), async (server, start) => {
  const made = await done(server, 'POST', '/webhooks', order(receiver))
  receiver.webhook = new Webhook(made.secret)
  await edit(server, 'a')
  await until(() => receiver.taken.length === 1, 'it is told')
  const { secret } = await done(server, 'POST', `/webhooks/${made.id}/secret`)
  for (const one of [made.secret, secret]) {
    receiver.webhook = new Webhook(one)
    const { message } = await done(server, 'POST', `/webhooks/${made.id}/test`)
    await until(() => receiver.taken.some(({ id }) => id === message), 'both sign for a day')
  }
  // The open log is not compressed: what stands in it can be found.
  assert.ok(stored(server, receiver.url.slice(0, 30)), 'the record is read as it lies there')
  for (const one of [made.secret, secret]) assert.ok(!stored(server, one.slice(8, 30)), 'a secret stands in the store')
  await server.terminate()

  // A new key: what the one before sealed still opens, with it alone.
  await server.spawn()
  await start(keys(SECOND, [FIRST]))
  await edit(server, 'b')
  await until(() => receiver.taken.some(({ data }) => data.document === 'b'), 'it goes on')
  assert.equal(receiver.forged, 0)
})))

test('without its key a webhook fails in clear words, and nothing is lost until the key is back', options, () => withReceiver((receiver) => withKeys('', async (server, start) => {
  const plain = await done(server, 'POST', '/webhooks', order(receiver))
  receiver.webhook = new Webhook(plain.secret)
  await start(keys(FIRST))
  await edit(server, 'a')
  await until(() => receiver.taken.length === 1, 'one from before there was a key goes on')
  const { secret } = await done(server, 'POST', `/webhooks/${plain.id}/secret`)
  receiver.webhook = new Webhook(secret)

  for (const [given, words] of [['', /no events\.secrets_key/], [keys(SECOND), /events\.secrets_keys_before/]]) {
    await start(given)
    await edit(server, `lost-${given.length}`)
    const problem = async () => (await done(server, 'GET', `/webhooks/${plain.id}/deliveries`)).deliveries[0]?.problem
    await until(async () => words.test(await problem() ?? ''), 'the log of deliveries says why', 15_000)
  }
  assert.ok((await done(server, 'GET', `/webhooks/${plain.id}`)).waiting >= 1)

  await start(keys(SECOND, [FIRST]))
  await done(server, 'POST', `/webhooks/${plain.id}/test`)
  await until(() => receiver.taken.filter(({ data }) => data.document?.startsWith('lost-')).length === 2, 'all that waited is told', 30_000)

  // Where the key is lost for good another secret mends it.
  await start(keys('3'.repeat(40)))
  const renewed = await done(server, 'POST', `/webhooks/${plain.id}/secret`)
  receiver.webhook = new Webhook(renewed.secret)
  await edit(server, 'after')
  await until(() => receiver.taken.some(({ data }) => data.document === 'after'), 'it is told')
  assert.equal((await call(server, 'DELETE', `/webhooks/${plain.id}`)).status, 204)
})))
