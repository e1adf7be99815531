//! Administration by calls: how the server is doing, who is there, keeping people out, the banner.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { kinds, open } from '../harness/clients.mjs'
import { SECRET } from '../harness/portal.mjs'
import { withServer } from '../harness/server.mjs'
import { as, call, done, makeSpace, tokens } from '../harness/spaces.mjs'
import { pause, until } from '../harness/wait.mjs'

const options = { timeout: 120_000 }
const settings = `[auth]\nsecret = ${JSON.stringify(SECRET)}\n`

const CALLS = [
  ['GET', '/admin/overview'], ['GET', '/admin/spaces'], ['GET', '/admin/people'], ['GET', '/admin/kept-out'],
  ['DELETE', '/admin/sockets/1'], ['PUT', '/admin/kept-out/bob', { minutes: 5 }], ['DELETE', '/admin/kept-out/bob'],
  ['PUT', '/admin/banner', { level: 'info', text: { fr: 'x', en: 'x' } }], ['DELETE', '/admin/banner'],
  ['POST', '/admin/locks', { space: 'team', page: 'page', locked: true }]
]

test('only operators look after the server', options, () => withServer({ settings, tokens: [...tokens, { value: 'of-a-space', access: 'admin', prefix: 'spaces/team/' }] }, async (server) => {
  await makeSpace(server, 'team', { ann: 'owner' })
  for (const [method, path, body] of CALLS) {
    const status = async (shown) => (await call(server, method, path, body, { shown })).status
    assert.equal(await status(null), 401, path)
    assert.ok([401, 403].includes(await status(as('ann'))), path)
    assert.ok([401, 403].includes(await status(as('ann', { groups: ['ops'] }))), path)
    assert.equal(await status('of-a-space'), 403, path)
  }
}))

test('on one’s own machine, where nobody is asked who they are, everybody looks after it', options, () => withServer({}, async (server) => {
  const overview = await fetch(`${server.httpUrl}/api/v1/admin/overview`)
  assert.equal(overview.status, 200)
  assert.equal((await overview.json()).store.health, 'ready')
  // And no page of another site may.
  const evil = await fetch(`${server.httpUrl}/api/v1/admin/banner`, { method: 'DELETE', headers: { origin: 'https://evil.example' } })
  assert.equal(evil.status, 403)
}))

test('the overview counts what is there', options, () => withServer({ settings, tokens }, async (server) => {
  await makeSpace(server, 'team', { ann: 'editor', bob: 'editor' })
  const clients = [open('y-websocket 3', server, 'spaces/team/page', { token: as('ann') }), open('hocuspocus 4', server, 'spaces/team/page', { token: as('bob') })]
  try {
    await Promise.all(clients.map((client) => client.whenSynced()))
    clients[0].text.insert(0, 'words '.repeat(1_000))
    await clients[0].whenSaved()
    const overview = await done(server, 'GET', '/admin/overview')
    assert.deepEqual(overview.sockets.transports, { 'y-websocket': 1, hocuspocus: 1, fallback: 0 })
    assert.deepEqual([overview.sockets.open, overview.sockets.slow_readers], [2, 0])
    assert.ok(overview.documents.open >= 1 && overview.documents.memory_bytes > 0)
    assert.equal(overview.store.health, 'ready')
    const { spaces, own, elsewhere } = await done(server, 'GET', '/admin/spaces')
    assert.deepEqual(spaces.map(({ id, title, members, documents, is_deleted: gone }) => [id, title, members, documents, gone]), [['team', 'team', 3, 1, false]])
    assert.ok(spaces[0].bytes > 0 && own.documents > 0)
    assert.equal(elsewhere.documents, 0)
    assert.ok((await done(server, 'GET', '/admin/overview')).store.bytes > 0, 'what was measured is shown')
    const { people } = await done(server, 'GET', '/admin/people')
    assert.deepEqual(people.map(({ user, document, may_write: writes, transport }) => [user, document, writes, transport]).sort(), [
      ['ann', 'spaces/team/page', true, 'y-websocket'], ['bob', 'spaces/team/page', true, 'hocuspocus']
    ])
    assert.ok(people.every(({ address, since_ms: since }) => address === '127.0.0.1' && since <= Date.now()))
  } finally {
    clients.forEach((client) => client.destroy())
  }
}))

test('many people are listed in parts, by document, by space and by person', options, () => withServer({ settings, tokens }, async (server) => {
  for (const space of ['a', 'b']) await makeSpace(server, space, { ann: 'editor', bob: 'reader' })
  const places = [['a', 'ann'], ['a', 'bob'], ['b', 'ann'], ['b', 'bob'], ['b', 'bob']]
  const clients = places.map(([space, sub]) => open('y-websocket 3', server, `spaces/${space}/page`, { token: as(sub) }))
  try {
    await Promise.all(clients.map((client) => client.whenSynced()))
    const all = []
    let cursor = null
    let parts = 0
    do {
      const part = await done(server, 'GET', `/admin/people?limit=2${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`)
      all.push(...part.people)
      cursor = part.next
      parts += 1
    } while (cursor !== null)
    assert.ok(parts >= 3)
    assert.equal(new Set(all.map(({ socket }) => socket)).size, 5)
    const whom = async (filter) => (await done(server, 'GET', `/admin/people?${filter}`)).people.map(({ user, document }) => `${user} ${document}`)
    assert.equal((await whom('space=b')).length, 3)
    assert.deepEqual(await whom('document=spaces%2Fa%2Fpage&user=bob'), ['bob spaces/a/page'])
    assert.deepEqual(await whom('user=nobody'), [])
    for (const odd of ['limit=0', 'limit=x', 'cursor=x']) assert.equal((await call(server, 'GET', `/admin/people?${odd}`)).status, 400, odd)
  } finally {
    clients.forEach((client) => client.destroy())
  }
}))

test('a closed socket comes back with nothing lost', options, () => withServer({ settings, tokens }, async (server) => {
  await makeSpace(server, 'team', { ann: 'editor' })
  for (const kind of kinds) {
    const client = open(kind, server, 'spaces/team/page', { token: as('ann') })
    try {
      await client.whenSynced()
      const [{ socket }] = (await done(server, 'GET', '/admin/people')).people
      const { opened } = client
      await done(server, 'DELETE', `/admin/sockets/${socket}`)
      await until(() => client.opened > opened, `${kind} comes back`, 15_000)
      // What is written while hocuspocus 2 connects, it counts wrongly, with any server.
      await client.whenSynced()
      client.text.insert(0, 'still here ')
      await client.whenSaved()
      await until(async () => (await call(server, 'DELETE', `/admin/sockets/${socket}`)).body?.code === 'no-such-socket', 'the socket is gone')
    } finally {
      client.destroy()
    }
    await until(async () => (await done(server, 'GET', '/admin/people')).people.length === 0, 'the client has gone')
  }
}))

test('who is kept out is out at once in every client, through a restart, and the others go on', { timeout: 180_000 }, () => withServer({ settings, tokens }, async (server) => {
  await makeSpace(server, 'team', { ann: 'editor', mallory: 'editor' })
  const ann = open('hocuspocus 4', server, 'spaces/team/page', { token: as('ann') })
  const bad = kinds.map((kind) => open(kind, server, 'spaces/team/page', { token: as('mallory', { life: 600 }) }))
  try {
    await Promise.all([ann, ...bad].map((client) => client.whenSynced()))
    const { opened } = ann
    const order = await done(server, 'PUT', '/admin/kept-out/mallory', { minutes: 10 })
    assert.ok(order.until_ms > Date.now() + 9 * 60_000)
    await until(async () => (await done(server, 'GET', '/admin/people?user=mallory')).people.length === 0, 'every document has let go', 3_000)
    const before = ann.text.toString()
    for (const client of bad) client.text.insert(0, 'still me')
    await pause(1_500)
    assert.equal(ann.text.toString(), before, 'nothing of it comes in')
    assert.equal((await call(server, 'GET', '/spaces/team', undefined, { shown: as('mallory') })).status, 403)
    assert.deepEqual((await done(server, 'GET', '/admin/kept-out')).people.map(({ user }) => user), ['mallory'])
    ann.text.insert(0, 'I go on. ')
    await ann.whenSaved()
    assert.equal(ann.opened, opened)

    await server.restart()
    assert.equal((await call(server, 'GET', '/spaces/team', undefined, { shown: as('mallory') })).status, 403, 'it outlives kill -9')
    await done(server, 'DELETE', '/admin/kept-out/mallory')
    assert.equal((await call(server, 'GET', '/spaces/team', undefined, { shown: as('mallory') })).status, 200)
    assert.equal((await call(server, 'DELETE', '/admin/kept-out/mallory')).body.code, 'not-kept-out')
    const { entries } = await done(server, 'GET', '/audit?action=person.kept-out')
    assert.deepEqual(entries.map(({ about, detail }) => [about.id, detail.what]), [['mallory', 'let in'], ['mallory', '10 minutes']])
  } finally {
    [ann, ...bad].forEach((client) => client.destroy())
  }
}))

test('old clients that are refused knock once a second and not ten times', options, () => withServer({ settings, tokens }, async (server) => {
  await makeSpace(server, 'team', { mallory: 'editor' })
  const clients = ['y-websocket 1', 'y-websocket 2'].map((kind) => open(kind, server, 'spaces/team/page', { token: as('mallory', { life: 600 }) }))
  try {
    await Promise.all(clients.map((client) => client.whenSynced()))
    await done(server, 'PUT', '/admin/kept-out/mallory', { minutes: 1 })
    await until(() => clients.every((client) => client.closes.length > 0), 'they are out')
    const before = clients.map((client) => client.closes.length)
    await pause(6_000)
    clients.forEach((client, at) => {
      const knocks = client.closes.length - before[at]
      assert.ok(knocks >= 1 && knocks <= 8, `${client.kind} came ${knocks} times in 6 s`)
    })
  } finally {
    clients.forEach((client) => client.destroy())
  }
}))

test('the banner is everybody’s to read, in both languages, and ends by itself', options, () => withServer({ settings, tokens }, async (server) => {
  const read = (headers = {}) => fetch(`${server.httpUrl}/api/v1/banner`, { headers })
  assert.deepEqual(await (await read()).json(), { banner: null })
  const text = { fr: 'Maintenance ce soir à 18 h', en: 'Maintenance tonight at 6 pm' }
  await done(server, 'PUT', '/admin/banner', { level: 'warning', text })
  const answer = await read()
  const { banner } = await answer.json()
  assert.deepEqual([banner.level, banner.text, banner.until_ms], ['warning', text, null])
  assert.equal((await read({ 'if-none-match': answer.headers.get('etag') })).status, 304)
  await server.restart()
  assert.deepEqual((await (await read()).json()).banner.text, text, 'it outlives kill -9')
  await done(server, 'PUT', '/admin/banner', { level: 'info', text, until_ms: Date.now() + 1_500 })
  assert.equal((await (await read()).json()).banner.level, 'info')
  await until(async () => (await (await read()).json()).banner === null, 'its time is over')
  for (const [body, code] of [[{ level: 'info', text: { fr: ' ', en: 'x' } }, 'banner'], [{ level: 'loud', text }, 'body'], [{ level: 'info', text, until_ms: 5 }, 'times'], [{ level: 'info', text: { fr: 'x'.repeat(501), en: 'x' } }, 'banner']]) {
    assert.equal((await call(server, 'PUT', '/admin/banner', body)).body.code, code)
  }
  await done(server, 'DELETE', '/admin/banner')
}))

test('an operator locks a page under somebody’s hands', options, () => withServer({ settings, tokens }, async (server) => {
  await makeSpace(server, 'team', { ann: 'editor' })
  const ann = open('hocuspocus 4', server, 'spaces/team/page', { token: as('ann') })
  try {
    await ann.whenSynced()
    await done(server, 'POST', '/admin/locks', { space: 'team', page: 'page', locked: true })
    await until(() => ann.provider.authorizedScope === 'readonly', 'it is read only', 3_000)
    await done(server, 'POST', '/admin/locks', { space: 'team', page: 'page', locked: false })
    await until(() => ann.provider.authorizedScope === 'read-write', 'and not any more', 3_000)
    assert.equal((await call(server, 'POST', '/admin/locks', { space: 'none', page: 'page', locked: true })).body.code, 'no-such-space')
    assert.equal((await call(server, 'POST', '/admin/locks', { space: 'team', page: 'none', locked: true })).body.code, 'not-in-space')
  } finally {
    ann.destroy()
  }
}))
