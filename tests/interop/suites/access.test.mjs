//! Who may read, who may write, and what each client hears when it may not.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { hocuspocusKinds, kinds, open, withClients, yWebsocketKinds } from '../harness/clients.mjs'
import { request } from '../harness/raw.mjs'
import { withServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

const tokens = [
  { value: 'writer', access: 'read-write' },
  { value: 'reader', access: 'read-only' },
  { value: 'team', access: 'read-write', prefix: 'team/' }
]

for (const kind of kinds) {
  test(`${kind} with a read-only token receives everything and changes nothing`, () => withServer({ tokens }, (server) =>
    withClients(server, 'page', ['y-websocket 3', 'hocuspocus 4'], async (writers) => {
      writers[0].text.insert(0, 'before ')
      await writers[0].whenSaved()
      await withClients(server, 'page', [kind], async ([reader]) => {
        assert.equal(reader.text.toString(), 'before ')
        writers[1].text.insert(writers[1].text.length, 'after')
        await until(() => reader.text.toString() === 'before after', 'the reader sees new edits')

        reader.text.insert(0, 'refused ')
        // The writer's next edit comes after the refused one: when all have it, order has shown it.
        await until(() => kind.startsWith('y-') || reader.unsaved() === 1, 'the refusal leaves the edit unsaved')
        writers[0].text.insert(0, 'more ')
        await until(() => reader.text.toString().includes('more '), 'the reader still receives')
        for (const writer of writers) {
          await until(() => writer.text.toString() === 'more before after', `${writer.kind} sees the writers' text only`)
        }
        assert.deepEqual(reader.closes, [], 'a refused edit closes nothing')
        if (hocuspocusKinds.includes(kind)) {
          assert.equal(reader.provider.authorizedScope, 'readonly')
          assert.equal(reader.provider.hasUnsyncedChanges, true)
        }
      }, { token: 'reader' })
      await withClients(server, 'page', ['hocuspocus 3'], ([fresh]) =>
        assert.equal(fresh.text.toString(), 'more before after'), { token: 'writer' })
    }, { token: 'writer' })))
}

for (const kind of hocuspocusKinds) {
  test(`${kind} reads with nothing unsaved while it has not typed`, () => withServer({ tokens }, (server) =>
    withClients(server, 'page', [kind], ([reader]) => reader.whenSaved(), { token: 'reader' })))

  test(`${kind} is told of a wrong token and its socket stays open`, () => withServer({ tokens }, async (server) => {
    const client = open(kind, server, 'page', { token: 'wrong' })
    try {
      await until(() => client.refusals.length === 1, 'the refusal arrives')
      assert.deepEqual(client.closes, [])
      assert.equal(client.provider.synced, false)
    } finally {
      client.destroy()
    }
  }))
}

for (const kind of ['hocuspocus 3', 'hocuspocus 4']) {
  test(`${kind} gets in with a good token on the socket that refused the wrong one`, () => withServer({ tokens }, async (server) => {
    const client = open(kind, server, 'page', { token: 'wrong' })
    try {
      await until(() => client.refusals.length === 1, 'the refusal arrives')
      client.provider.configuration.token = 'writer'
      await client.provider.sendToken()
      client.provider.startSync()
      await client.whenSynced()
      client.text.insert(0, 'in')
      await client.whenSaved()
      assert.equal(client.opened, 1, 'the socket is the first one')
    } finally {
      client.destroy()
    }
  }))
}

for (const kind of yWebsocketKinds) {
  test(`${kind} with a wrong token is closed with 4401 and sees nothing`, () => withServer({ tokens }, async (server) => {
    await withClients(server, 'page', ['hocuspocus 4'], async ([writer]) => {
      writer.text.insert(0, 'secret')
      await writer.whenSaved()
    }, { token: 'writer' })
    const client = open(kind, server, 'page', { token: 'wrong' })
    try {
      await client.whenClosed(4401)
      assert.equal(client.text.toString(), '')
      assert.equal(client.provider.synced, false)
      if (kind === 'y-websocket 3') assert.equal(client.provider.shouldConnect, false, 'it stops asking')
    } finally {
      client.destroy()
    }
  }))
}

test('a token for one folder opens no document outside of it', () => withServer({ tokens }, async (server) => {
  const outside = open('y-websocket 3', server, 'private', { token: 'team' })
  const denied = open('hocuspocus 4', server, 'private', { token: 'team' })
  try {
    await outside.whenClosed(4403)
    await until(() => denied.refusals.length === 1, 'the Hocuspocus client is refused')
    await withClients(server, 'team/page', ['y-websocket 1', 'hocuspocus 2'], async (team) => {
      team[0].text.insert(0, 'ours')
      await until(() => team[1].text.toString() === 'ours', 'the team shares its page')
    }, { token: 'team' })
  } finally {
    outside.destroy()
    denied.destroy()
  }
}))

test('no token is a wrong token once tokens are configured', () => withServer({ tokens }, async (server) => {
  const client = open('y-websocket 3', server, 'page', { token: null })
  const denied = open('hocuspocus 4', server, 'page', { token: '' })
  try {
    await client.whenClosed(4401)
    await until(() => denied.refusals.length === 1, 'the Hocuspocus client is refused')
  } finally {
    client.destroy()
    denied.destroy()
  }
}))

test('where nobody is asked who they are, only people at this machine come in', () => withServer({}, async (server) => {
  const where = { port: server.port }
  const ask = async (target, headers) => (await request(where, target, { headers })).status
  const host = `127.0.0.1:${server.port}`
  // What a proxy in front passes on, and a site whose name was made to lead to this machine.
  const others = [
    { host: 'docs.example.org' }, { host: 'rebound.evil.example:4444' }, { host: 'localhost.evil.example' },
    { host, 'x-forwarded-for': '198.51.100.7' }, { host, forwarded: 'for=198.51.100.7' }
  ]
  for (const target of ['/', '/api/v1/documents', '/client/unisson-editor.js', '/ws/page', '/healthz']) {
    for (const headers of others) assert.equal(await ask(target, headers), 403, `${target} ${JSON.stringify(headers)}`)
  }
  for (const name of [host, `localhost:${server.port}`, 'LOCALHOST', '[::1]']) assert.equal(await ask('/api/v1/documents', { host: name }), 200, name)
  assert.equal(await ask('/api/v1/documents', { host, 'x-forwarded-for': '127.0.0.1' }), 200, 'a proxy of this machine for this machine')
  const { answer } = await request(where, '/api/v1/documents', { headers: { host: 'docs.example.org' } })
  assert.match(answer, /only-this-machine/)
}))

test('with --insecure anybody may come, by any name', () => withServer({ environment: { UNISSON_INSECURE: 'true' } }, async (server) => {
  const { status } = await request({ port: server.port }, '/api/v1/documents', { headers: { host: 'docs.example.org', 'x-forwarded-for': '198.51.100.7' } })
  assert.equal(status, 200)
}))
