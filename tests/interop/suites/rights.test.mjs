//! Rights while documents are open: they end, are renewed, shrink, and carry a name.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { hocuspocusKinds, kinds, open, sharedTransport, withClients, yWebsocketKinds } from '../harness/clients.mjs'
import { SECRET, token, withPortal } from '../harness/portal.mjs'
import { withServer } from '../harness/server.mjs'
import { pause, until } from '../harness/wait.mjs'

const settings = `[auth]\nsecret = ${JSON.stringify(SECRET)}\nleeway_s = 0\n`
const asked = (portal) => `[auth]\ncallback = "${portal.url}/who"\ncallback_cache_s = 1\ncallback_recheck_s = 3\ncallback_timeout_ms = 500\n`

for (const kind of hocuspocusKinds) {
  test(`${kind} loses one document when its token ends, and keeps the other on the same socket`, () => withServer({ settings }, async (server) => {
    const transport = sharedTransport(kind, server)
    const kept = open(kind, server, 'kept', { transport, token: token() })
    const lost = open(kind, server, 'lost', { transport, token: token({}, 3) })
    try {
      await withClients(server, 'lost', ['y-websocket 3'], async ([other]) => {
        await Promise.all([kept.whenSynced(), lost.whenSynced()])
        lost.text.insert(0, 'in time')
        await lost.whenSaved()
        await until(() => lost.refusals.includes('token expired'), 'it hears that its time is over', 10_000)
        lost.text.insert(0, 'too late')
        kept.text.insert(0, 'goes on')
        await kept.whenSaved()
        other.text.insert(0, 'and ')
        await other.whenSaved()
        assert.equal(other.text.toString(), 'and in time')
        assert.ok(lost.unsaved() > 0, 'what came too late never counts as saved')
        assert.deepEqual(kept.refusals, [])
      }, { token: token() })
    } finally {
      lost.destroy()
      kept.destroy()
      transport.destroy()
    }
  }))
}

for (const kind of ['hocuspocus 3', 'hocuspocus 4']) {
  test(`${kind} is asked for a fresh token in time, and nothing is interrupted`, () => withServer({ settings }, async (server) => {
    let tokens = 0
    const client = open(kind, server, 'page', { token: async () => { tokens += 1; return token({}, 3) } })
    try {
      await client.whenSynced()
      const until9s = Date.now() + 9_000
      while (Date.now() < until9s) {
        client.text.insert(0, '.')
        await client.whenSaved()
        await pause(50)
      }
      assert.ok(tokens >= 3, `${tokens} tokens`)
      assert.equal(client.opened, 1)
      assert.deepEqual([client.closes, client.refusals], [[], []])
    } finally {
      client.destroy()
    }
  }))

  test(`${kind} goes on reading when its fresh token is a reader's, and writes again with a writer's`, () => withServer({ settings }, (server) =>
    withClients(server, 'page', ['y-websocket 2'], async ([other]) => {
      let role = 'editor'
      const client = open(kind, server, 'page', { token: async () => token({ role }, 3) })
      try {
        await client.whenSynced()
        client.text.insert(0, 'one ')
        await client.whenSaved()
        role = 'reader'
        await until(() => client.provider.authorizedScope === 'readonly', 'it may only read', 10_000)
        other.text.insert(0, 'two ')
        await until(() => client.text.toString() === 'two one ', 'it still reads')
        role = 'editor'
        await until(() => client.provider.authorizedScope === 'read-write', 'it may write', 10_000)
        client.text.insert(0, 'three ')
        await client.whenSaved()
        await until(() => other.text.toString() === 'three two one ', 'the other reads it')
        assert.equal(client.opened, 1)
      } finally {
        client.destroy()
      }
    }, { token: token() })))

  test(`${kind} does not become somebody else by a fresh token`, () => withServer({ settings }, async (server) => {
    let sub = 'ann'
    const client = open(kind, server, 'page', { token: async () => token({ sub }) })
    try {
      await client.whenSynced()
      sub = 'bob'
      await client.provider.sendToken()
      await until(() => client.refusals.length > 0, 'it is refused')
    } finally {
      client.destroy()
    }
  }))
}

for (const kind of yWebsocketKinds) {
  test(`${kind} comes back when its token ends, and is refused with the old one`, () => withServer({ settings }, async (server) => {
    const client = open(kind, server, 'page', { token: token({}, 2) })
    try {
      await client.whenSynced()
      await client.whenClosed(4205, 10_000)
      await client.whenClosed(4401, 10_000)
    } finally {
      client.destroy()
    }
  }))
}

for (const kind of ['y-websocket 2', 'y-websocket 3']) {
  test(`${kind} goes on with a fresh token in its parameters`, () => withServer({ settings }, async (server) => {
    const client = open(kind, server, 'page', { token: token({}, 2) })
    try {
      await client.whenSynced()
      client.provider.params.token = token()
      await client.whenClosed(4205, 10_000)
      client.text.insert(0, 'on')
      await client.whenSaved()
      assert.ok(!client.closes.some(({ code }) => code === 4401))
    } finally {
      client.destroy()
    }
  }))
}

test('names beside cursors are those of the tokens, and nobody moves another\'s cursor', () => withServer({ settings }, async (server) => {
  const ann = open('hocuspocus 4', server, 'page', { token: token({ sub: 'ann', name: 'Ann', color: '#30bced' }) })
  const bob = open('y-websocket 3', server, 'page', { token: token({ sub: 'bob', name: 'Bob' }) })
  const seen = (client, other) => client.awareness.getStates().get(other.doc.clientID)
  try {
    await Promise.all([ann.whenSynced(), bob.whenSynced()])
    ann.awareness.setLocalState({ user: { name: 'Ann', color: '#000000' }, cursor: { at: 1 } })
    bob.awareness.setLocalState({ user: { name: 'The Director', id: 'director', color: '#111111' } })
    await until(() => seen(ann, bob)?.user?.id === 'bob' && seen(bob, ann)?.user?.id === 'ann', 'they see each other')
    assert.deepEqual(seen(ann, bob).user, { name: 'Bob', id: 'bob', color: '#111111' })
    assert.deepEqual(seen(bob, ann), { user: { name: 'Ann', id: 'ann', color: '#30bced' }, cursor: { at: 1 } })

    // Bob claims Ann's client id, with a clock far ahead.
    const { encodeAwarenessUpdate } = await import('y-protocols/awareness')
    const forged = { states: new Map([[ann.doc.clientID, { cursor: { at: 99 } }]]), meta: new Map([[ann.doc.clientID, { clock: 1_000 }]]) }
    const update = encodeAwarenessUpdate(forged, [ann.doc.clientID])
    assert.ok(update.length < 128)
    bob.socket.send(Buffer.from([1, update.length, ...update]))
    ann.awareness.setLocalStateField('cursor', { at: 2 })
    await until(() => seen(bob, ann)?.cursor.at === 2, 'Ann moves her cursor herself')
  } finally {
    ann.destroy()
    bob.destroy()
  }
}))

for (const kind of kinds) {
  test(`${kind} gets in by what the portal says, is denied by it alone, and waits while it fails`, () => withPortal((portal) =>
    withServer({ settings: asked(portal) }, async (server) => {
      portal.who = ({ token: shown, document }) => shown !== 'ann' ? [401] : document === 'page' ? [200, { sub: 'ann', role: 'editor' }] : [403]
      portal.failing = true
      const client = open(kind, server, 'page', { token: 'ann' })
      try {
        await client.whenClosed(4503)
        portal.failing = 'silent'
        const heard = client.closes.length
        await until(() => client.closes.length > heard, 'a portal that says nothing is no denial either', 10_000)
        assert.deepEqual(client.refusals ?? [], [])
        portal.failing = false
        await client.whenSynced(30_000)
        client.text.insert(0, 'in')
        await client.whenSaved()
      } finally {
        client.destroy()
      }
      for (const [name, shown, code] of [['page', 'eve', 4401], ['other', 'ann', 4403]]) {
        const denied = open(kind, server, name, { token: shown })
        try {
          if (yWebsocketKinds.includes(kind)) await denied.whenClosed(code)
          else await until(() => denied.refusals.length > 0, 'it is denied')
        } finally {
          denied.destroy()
        }
      }
    })))

  test(`${kind} follows the portal's change of mind while the document is open`, () => withPortal((portal) =>
    withServer({ settings: asked(portal) }, async (server) => {
      let answer = [200, { sub: 'ann', role: 'editor' }]
      portal.who = ({ token: shown }) => shown === 'ann' ? answer : [200, { sub: 'bob', role: 'editor' }]
      await withClients(server, 'page', ['hocuspocus 4'], async ([other]) => {
        const client = open(kind, server, 'page', { token: 'ann' })
        try {
          await client.whenSynced()
          client.text.insert(0, 'one ')
          await client.whenSaved()
          // A failing portal changes nothing at once.
          portal.failing = true
          client.text.insert(0, 'two ')
          await client.whenSaved()
          portal.failing = false
          answer = [403]
          if (yWebsocketKinds.includes(kind)) await client.whenClosed(4403, 15_000)
          else await until(() => client.refusals.includes('permission-denied'), 'it is denied', 15_000)
          other.text.insert(0, 'three ')
          await other.whenSaved()
          assert.equal(other.text.toString(), 'three two one ')
        } finally {
          client.destroy()
        }
      }, { token: 'bob' })
    })))
}

test('fifty sockets of one person on one document are one question', () => withPortal((portal) =>
  withServer({ settings: asked(portal).replace('cache_s = 1', 'cache_s = 60').replace('recheck_s = 3', 'recheck_s = 300') }, async (server) => {
    portal.who = () => [200, { sub: 'ann', role: 'editor' }]
    const many = Array.from({ length: 50 }, (_, place) => kinds[place % kinds.length])
    await withClients(server, 'page', many, () => {}, { token: 'ann' })
    assert.equal(portal.asked.who.length, 1)
    await withClients(server, 'page', ['y-websocket 3'], () => {}, { token: 'bob' })
    assert.equal(portal.asked.who.length, 2)
  })))

test('cookies are forwarded for pages that may use them, and for no others', () => withPortal((portal) =>
  withServer({ settings: `${asked(portal)}origins = ["https://portal.example"]\n` }, async (server) => {
    const { default: WebSocket } = await import('ws')
    portal.who = ({ cookie }) => cookie === 'session=ann' ? [200, { sub: 'ann', role: 'reader' }] : [401]
    const code = (origin) => new Promise((resolve, reject) => {
      const socket = new WebSocket(`${server.webSocketUrl}/ws/page`, { headers: { cookie: 'session=ann', ...(origin ? { origin } : {}) } })
      socket.on('message', () => { socket.terminate(); resolve('in') })
      socket.on('close', resolve)
      socket.on('error', (error) => resolve(error.message))
    })
    assert.equal(await code(null), 'in')
    assert.equal(await code('https://portal.example'), 'in')
    assert.match(String(await code('https://evil.example')), /403/)
  })))

for (const kind of hocuspocusKinds) {
  test(`${kind} goes on with one document while the portal thinks about another of the same socket`, () => withPortal((portal) =>
    withServer({ settings: asked(portal).replace('timeout_ms = 500', 'timeout_ms = 10000') }, async (server) => {
      let decide
      const thinking = new Promise((resolve) => { decide = resolve })
      portal.who = async ({ document }) => {
        if (document === 'slow') await thinking
        return [200, { sub: 'ann', role: 'editor' }]
      }
      const transport = sharedTransport(kind, server)
      const open1 = open(kind, server, 'page', { transport, token: 'ann' })
      const open2 = open(kind, server, 'slow', { transport, token: 'ann' })
      try {
        await open1.whenSynced()
        await until(() => portal.asked.who.some(({ document }) => document === 'slow'), 'the portal is asked')
        open2.text.insert(0, 'waits')
        open1.text.insert(0, 'goes on')
        await open1.whenSaved()
        assert.equal(open2.provider.synced, false)
        decide()
        await open2.whenSynced()
        await open2.whenSaved()
      } finally {
        open1.destroy()
        open2.destroy()
        transport.destroy()
      }
    })))
}
