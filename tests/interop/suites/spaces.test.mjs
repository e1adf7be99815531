//! Spaces: rights that change under open documents, links and guests, and what survives.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hocuspocusKinds, kinds, open, sharedTransport, withClients, yWebsocketKinds } from '../harness/clients.mjs'
import { SECRET, withPortal } from '../harness/portal.mjs'
import { UnissonServer, withServer } from '../harness/server.mjs'
import { as, call, done, makeSpace, OPERATOR, tokens } from '../harness/spaces.mjs'
import { pause, until } from '../harness/wait.mjs'

const settings = `[auth]\nsecret = ${JSON.stringify(SECRET)}\nleeway_s = 0\n`
const LIVE_MS = 2_000

/** Runs `body` with a server that has the space `team`. */
const withSpace = (members, body, more = {}) => withServer({ settings, tokens }, async (server) => {
  await makeSpace(server, 'team', members, more)
  return body(server)
})

/** A client is out of a document, as its version is told so, within two seconds. */
const isOut = async (client, before = Date.now()) => {
  if (yWebsocketKinds.includes(client.kind)) await client.whenClosed(4403, LIVE_MS)
  else await until(() => client.refusals.includes('permission-denied'), `${client.kind} is denied`, LIVE_MS)
  assert.ok(Date.now() - before < LIVE_MS, `${client.kind} was told after ${Date.now() - before} ms`)
}

/** What a client writes is not part of the document: `reader` never sees it. */
const cannotWrite = async (client, other) => {
  client.text.insert(0, 'intruder ')
  other.text.insert(0, '.')
  await other.whenSaved()
  await pause(200)
  assert.ok(!other.text.toString().includes('intruder'), `${client.kind} wrote`)
  assert.ok(client.unsaved() > 0, `${client.kind} never hears that it is saved`)
}

for (const kind of kinds) {
  test(`${kind} follows its role: it may write, only read, write again, and is out`, () => withSpace({ ann: 'editor', bob: 'editor' }, (server) =>
    withClients(server, 'spaces/team/page', ['hocuspocus 4', 'y-websocket 3'], async (others) => {
      const client = open(kind, server, 'spaces/team/page', { token: as('ann') })
      try {
        await client.whenSynced()
        client.text.insert(0, 'one ')
        await client.whenSaved()
        await done(server, 'PUT', '/spaces/team/members/ann', { role: 'reader' })
        if (hocuspocusKinds.includes(kind)) await until(() => client.provider.authorizedScope === 'readonly', 'it is told', LIVE_MS)
        else await pause(300)
        await cannotWrite(client, others[0])
        await until(() => client.text.toString().includes('.'), 'it still reads')
        await done(server, 'PUT', '/spaces/team/members/ann', { role: 'editor' })
        if (hocuspocusKinds.includes(kind)) await until(() => client.provider.authorizedScope === 'read-write', 'it is told', LIVE_MS)
        const before = Date.now()
        const opened = client.opened
        await done(server, 'DELETE', '/spaces/team/members/ann')
        await isOut(client, before)
        await pause(1_000)
        // Before version 3 y-websocket never takes no for an answer; ten times a second is its own pace.
        assert.ok(client.opened - opened <= 12, `${client.opened - opened} sockets in a second`)
        if (hocuspocusKinds.includes(kind)) assert.equal(client.opened, 1, 'its socket stays')
        for (const other of others) {
          other.text.insert(0, '!')
          await other.whenSaved()
          assert.deepEqual([other.opened, other.closes, other.refusals ?? []], [1, [], []], `${other.kind} noticed nothing`)
        }
      } finally {
        client.destroy()
      }
    }, { token: as('bob') })))
}

for (const kind of hocuspocusKinds) {
  test(`${kind} loses one page and keeps the other of the same socket`, () => withSpace({ ann: 'guest' }, async (server) => {
    await done(server, 'POST', '/spaces/team/pages', { id: 'other', title: 'Other' })
    for (const page of ['page', 'other']) await done(server, 'PUT', `/spaces/team/pages/${page}/grants/people/ann`, { role: 'editor' })
    const transport = sharedTransport(kind, server)
    const [lost, kept] = ['page', 'other'].map((page) => open(kind, server, `spaces/team/${page}`, { transport, token: as('ann') }))
    try {
      await Promise.all([lost.whenSynced(), kept.whenSynced()])
      await done(server, 'DELETE', '/spaces/team/pages/page/grants/people/ann')
      await isOut(lost)
      kept.text.insert(0, 'goes on')
      await kept.whenSaved()
      assert.deepEqual(kept.refusals, [])
    } finally {
      lost.destroy()
      kept.destroy()
      transport.destroy()
    }
  }))
}

test('many members come in one change, or none of them', () => withSpace({ ann: 'facilitator', zoe: 'owner' }, async (server) => {
  const put = (members, options) => call(server, 'POST', '/spaces/team/members', { members }, options)
  const people = Array.from({ length: 1_000 }, (_, at) => ({ user: `agent-${at}`, role: 'reader', name: `Agent ${at}` }))
  const { total: before, members: first } = await done(server, 'GET', '/spaces/team/members')
  const owners = first.filter(({ role }) => role === 'owner')
  assert.equal(owners.length, 2)
  assert.deepEqual((await put(people, { shown: as('ann') })).body, { added: 1_000, changed: 0, total: before + 1_000 })
  assert.deepEqual((await put([...people.slice(0, 5), { user: 'agent-1', role: 'editor' }])).body, { added: 0, changed: 1, total: before + 1_000 })
  const find = async (q) => (await done(server, 'GET', `/spaces/team/members?q=${encodeURIComponent(q)}`)).members.map(({ user }) => user)
  await put([{ user: 'x-1', role: 'reader', name: 'Élodie Cœur' }])
  assert.deepEqual(await find('COEUR elodie'), ['x-1'])
  assert.deepEqual(await find('agent-99'), ['agent-99', ...Array.from({ length: 10 }, (_, at) => `agent-99${at}`)])

  // One that may not be makes all of them not be.
  const refused = async (members, status, pattern, options) => {
    const answer = await put(members, options)
    assert.equal(answer.status, status, JSON.stringify(answer.body))
    assert.match(JSON.stringify(answer.body), pattern)
  }
  const fresh = { user: 'fresh', role: 'reader' }
  await refused([fresh, { user: ' ', role: 'reader' }], 400, /entry 2/)
  await refused([fresh, { user: 'ann', role: 'owner' }], 403, /owners/, { shown: as('ann') })
  await refused([fresh], 403, /role/, { shown: as('agent-1') })
  await refused([], 400, /between 1 and 1000/)
  await refused([...people, fresh], 400, /between 1 and 1000/)
  // The last owners do not go together.
  await refused([fresh, ...owners.map(({ user }) => ({ user, role: 'editor' }))], 409, /owner/)
  assert.deepEqual(await find('fresh'), [])
}))

test('visibility opens and closes a space to those who are no members, under open documents', () => withSpace({ ann: 'editor' }, async (server) => {
  const path = 'spaces/team/page'
  const refused = open('y-websocket 3', server, path, { token: null })
  await refused.whenClosed(4401)
  refused.destroy()
  await done(server, 'PATCH', '/spaces/team', { visibility: 'public', anonymous_role: 'reader', signed_in_role: 'editor' })
  const member = open('hocuspocus 4', server, path, { token: as('ann') })
  const known = open('hocuspocus 3', server, path, { token: as('eve') })
  const nobody = open('y-websocket 2', server, path, { token: null })
  try {
    await Promise.all([member, known, nobody].map((client) => client.whenSynced()))
    known.text.insert(0, 'known ')
    await known.whenSaved()
    await cannotWrite(nobody, member)
    await done(server, 'PATCH', '/spaces/team', { visibility: 'signed-in' })
    await isOut(nobody)
    await done(server, 'PATCH', '/spaces/team', { visibility: 'members' })
    await isOut(known)
    member.text.insert(0, 'member ')
    await member.whenSaved()
    assert.deepEqual([member.closes, member.refusals], [[], []])
  } finally {
    for (const client of [member, known, nobody]) client.destroy()
  }
}))

test('restrictions, locks, moves and deletions take effect on pages below, where they are open', () => withSpace({ ann: 'editor', chief: 'facilitator' }, async (server) => {
  await done(server, 'POST', '/spaces/team/pages', { id: 'below', title: 'Below', parent: 'page' })
  await done(server, 'POST', '/spaces/team/pages', { id: 'secret', title: 'Secret' })
  await done(server, 'PATCH', '/spaces/team/pages/secret', { readers: 'facilitator' })
  const ann = open('hocuspocus 4', server, 'spaces/team/below', { token: as('ann') })
  const chief = open('hocuspocus 3', server, 'spaces/team/below', { token: as('chief') })
  const scope = (wanted) => until(() => ann.provider.authorizedScope === wanted, `she is ${wanted}`, LIVE_MS)
  try {
    await Promise.all([ann.whenSynced(), chief.whenSynced()])
    for (const change of [{ writers: 'facilitator' }, { locked: true }]) {
      await done(server, 'PATCH', '/spaces/team/pages/page', change, { shown: as('chief') })
      await scope('readonly')
      await done(server, 'PATCH', '/spaces/team/pages/page', { writers: null, locked: false }, { shown: as('chief') })
      await scope('read-write')
    }
    await done(server, 'PATCH', '/spaces/team/pages/below', { parent: 'secret' }, { shown: as('chief') })
    await isOut(ann)
    await done(server, 'PATCH', '/spaces/team/pages/below', { parent: null }, { shown: as('chief') })
    const again = open('y-websocket 3', server, 'spaces/team/below', { token: as('ann') })
    await again.whenSynced()
    await done(server, 'DELETE', '/spaces/team/pages/below', undefined, { shown: as('chief') })
    await isOut(again)
    again.destroy()
    chief.text.insert(0, 'a facilitator sees it still')
    await chief.whenSaved()
    await done(server, 'POST', '/spaces/team/pages/below/restore', undefined, { shown: as('chief') })
    await withClients(server, 'spaces/team/below', ['y-websocket 2'], ([client]) => {
      assert.match(client.text.toString(), /sees it still/)
    }, { token: as('ann') })
    assert.deepEqual([chief.closes, chief.refusals], [[], []])
  } finally {
    ann.destroy()
    chief.destroy()
  }
}))

for (const kind of kinds) {
  test(`${kind} of a guest comes in by a link under a name of the server's writing, and goes with the link`, () => withSpace({ ann: 'editor' }, (server) =>
    withClients(server, 'spaces/team/page', ['hocuspocus 4'], async ([ann]) => {
      const link = await done(server, 'POST', '/spaces/team/links', { role: 'editor', page: 'page', label: 'for Zoé' })
      assert.match(link.path, /^d\/spaces\/team\/page#link=unisson-link\./)
      const opened = await done(server, 'POST', '/links/open', { link: link.token, name: 'Zoé' }, { shown: null, headers: { 'accept-language': 'fr' } })
      assert.deepEqual([opened.document, opened.role, opened.name], ['spaces/team/page', 'editor', 'Zoé (invité)'])
      const guest = open(kind, server, opened.document, { token: opened.token })
      try {
        await guest.whenSynced()
        guest.awareness.setLocalState({ user: { name: 'The Director', color: '#111111' } })
        await until(() => ann.awareness.getStates().get(guest.doc.clientID)?.user?.name === 'Zoé (invité)', 'Ann sees a guest')
        guest.text.insert(0, 'hello ')
        await guest.whenSaved()
        await withClients(server, 'spaces/team/page', [kind], () => {}, { token: link.token })
        const before = Date.now()
        await done(server, 'DELETE', `/spaces/team/links/${link.id}`)
        await isOut(guest, before)
        assert.equal((await call(server, 'POST', '/links/open', { link: link.token, name: 'Zoé' }, { shown: null })).body.code, 'no-such-link')
        ann.text.insert(0, 'still here ')
        await ann.whenSaved()
        assert.deepEqual([ann.closes, ann.refusals], [[], []])
      } finally {
        guest.destroy()
      }
    }, { token: as('ann') })))

  test(`${kind} of a guest whose link ends is out at that moment, and a member whose time ends too`, () => withSpace({}, async (server) => {
    const untilMs = Date.now() + 2_500
    const link = await done(server, 'POST', '/spaces/team/links', { role: 'editor', page: 'page', until_ms: untilMs })
    await done(server, 'PUT', '/spaces/team/members/ann', { role: 'editor', until_ms: untilMs })
    const opened = await done(server, 'POST', '/links/open', { link: link.token, name: 'Zoé' }, { shown: null })
    const clients = [opened.token, as('ann')].map((shown) => open(kind, server, 'spaces/team/page', { token: shown }))
    try {
      await Promise.all(clients.map((client) => client.whenSynced()))
      assert.ok(Date.now() < untilMs, 'in before the end')
      await pause(untilMs - Date.now())
      await Promise.all(clients.map((client) => isOut(client)))
      assert.equal((await call(server, 'POST', '/links/open', { link: link.token, name: 'Zoé' }, { shown: null })).body.code, 'link-ended')
    } finally {
      clients.forEach((client) => client.destroy())
    }
  }))

  test(`${kind} opens nothing that only the server writes`, () => withSpace({}, async (server) => {
    const client = open(kind, server, '.unisson/spaces/team', { token: OPERATOR })
    try {
      await isOut(client)
      assert.equal(client.provider.synced, false)
    } finally {
      client.destroy()
    }
  }))
}

test('a link with a password opens with it, and rests after ten wrong ones while others go on', () => withSpace({}, async (server) => {
  const password = 'printemps 2027'
  const link = await done(server, 'POST', '/spaces/team/links', { role: 'reader', page: 'page', password })
  const plain = await done(server, 'POST', '/spaces/team/links', { role: 'reader' })
  const opening = async (more, of = link) => (await call(server, 'POST', '/links/open', { link: of.token, name: 'Zoé', ...more }, { shown: null }))
  assert.equal((await opening({})).body.code, 'password-needed')
  const opened = await opening({ password })
  assert.equal(opened.status, 200)
  const bare = open('y-websocket 3', server, 'spaces/team/page', { token: link.token })
  await bare.whenClosed(4401)
  bare.destroy()
  for (let tries = 0; tries < 10; tries += 1) assert.equal((await opening({ password: 'hiver 2027' })).body.code, 'password-wrong')
  const late = await opening({ password })
  assert.deepEqual([late.status, late.body.code], [429, 'too-many-passwords'])
  assert.ok(Number(late.headers.get('retry-after')) > 60)
  assert.equal((await opening({}, plain)).status, 200)
  // Who is in stays in.
  await withClients(server, 'spaces/team/page', ['hocuspocus 4'], () => {}, { token: opened.body.token })
}))

test('what was answered survives kill -9, and open documents come back to the same rights', () => withSpace({ ann: 'editor' }, async (server) => {
  const client = open('y-websocket 3', server, 'spaces/team/page', { token: as('ann') })
  try {
    await client.whenSynced()
    const link = await done(server, 'POST', '/spaces/team/links', { role: 'editor', page: 'page' })
    // Each is answered, then the process dies.
    for (let round = 0; round < 5; round += 1) {
      await done(server, 'PUT', `/spaces/team/members/person-${round}`, { role: 'reader' })
      await done(server, 'POST', '/spaces/team/pages', { id: `page-${round}`, title: `Page ${round}` })
      await server.restart()
    }
    const { members } = await done(server, 'GET', '/spaces/team/members')
    assert.deepEqual(members.map(({ user }) => user), ['ann', 'owner', ...[0, 1, 2, 3, 4].map((round) => `person-${round}`)])
    const { pages } = await done(server, 'GET', '/spaces/team/pages')
    assert.deepEqual(pages.map(({ id }) => id), ['page', ...[0, 1, 2, 3, 4].map((round) => `page-${round}`)])
    await client.whenSynced(30_000)
    client.text.insert(0, 'again')
    await client.whenSaved()
    await withClients(server, 'spaces/team/page', ['hocuspocus 4'], () => {}, { token: link.token })
    await done(server, 'DELETE', `/spaces/team/links/${link.id}`)
    await server.restart()
    const late = open('hocuspocus 4', server, 'spaces/team/page', { token: link.token })
    await until(() => late.refusals.length > 0, 'a revoked link stays revoked')
    late.destroy()
  } finally {
    client.destroy()
  }
}))

test('fifty changes at once are all made', () => withSpace({}, async (server) => {
  const people = Array.from({ length: 50 }, (_, place) => `person-${String(place).padStart(2, '0')}`)
  await Promise.all(people.map((user) => done(server, 'PUT', `/spaces/team/members/${user}`, { role: 'editor' })))
  await server.restart()
  const { members } = await done(server, 'GET', '/spaces/team/members')
  assert.deepEqual(members.map(({ user }) => user), ['owner', ...people])
}))

test('two servers on one store know what the other changed, and neither overwrites the other', async () => {
  const store = mkdtempSync(join(tmpdir(), 'unisson-spaces-'))
  const start = (node) => UnissonServer.start({
    settings: `${settings}[store]\nurl = "file://${store}"\nnode = "${node}"\nflush_ms_min = 50\nflush_ms_max = 200\n`, tokens
  })
  const [one, two] = [await start('one'), await start('two')]
  try {
    await makeSpace(one, 'team', { ann: 'editor', bob: 'editor' })
    await until(async () => (await call(two, 'GET', '/spaces/team')).status === 200, 'the other knows the space', 15_000, 100)
    const client = open('hocuspocus 4', two, 'spaces/team/page', { token: as('ann') })
    const other = open('y-websocket 3', two, 'spaces/team/page', { token: as('bob') })
    try {
      await Promise.all([client.whenSynced(), other.whenSynced()])
      // Both write at once, and before either has looked.
      await Promise.all([0, 1, 2].flatMap((place) => [
        done(one, 'PUT', `/spaces/team/members/one-${place}`, { role: 'reader' }),
        done(two, 'PUT', `/spaces/team/members/two-${place}`, { role: 'reader' })
      ]))
      await done(one, 'DELETE', '/spaces/team/members/ann')
      const before = Date.now()
      await until(() => client.refusals.includes('permission-denied'), 'the other server cuts her off', 6_000)
      assert.ok(Date.now() - before < 5_000, `after ${Date.now() - before} ms`)
      other.text.insert(0, 'unharmed')
      await other.whenSaved()
      assert.deepEqual(other.closes, [])
      const expected = ['bob', 'one-0', 'one-1', 'one-2', 'owner', 'two-0', 'two-1', 'two-2']
      for (const server of [one, two]) {
        const users = async () => (await done(server, 'GET', '/spaces/team/members')).members.map(({ user }) => user)
        await until(async () => JSON.stringify(await users()) === JSON.stringify(expected), async () => JSON.stringify(await users()), 10_000, 200)
      }
    } finally {
      client.destroy()
      other.destroy()
    }
  } finally {
    await one.dispose()
    await two.dispose()
    rmSync(store, { recursive: true, force: true })
  }
})

test('a portal that is asked says who it is and which groups, and spaces say the rest', () => withPortal((portal) =>
  withServer({ settings: `[auth]\ncallback = "${portal.url}/who"\ncallback_cache_s = 0\n`, tokens }, async (server) => {
    portal.who = ({ token: shown }) => shown === 'session' ? [200, { sub: 'ann', groups: ['kitchen'] }] : [401]
    await makeSpace(server, 'team')
    await done(server, 'PUT', '/spaces/team/groups/kitchen', { role: 'editor' })
    await withClients(server, 'spaces/team/page', kinds, async (clients) => {
      await done(server, 'PUT', '/spaces/team/groups/kitchen', { role: 'guest' })
      await Promise.all(clients.map((client) => isOut(client)))
    }, { token: 'session' })
    assert.equal((await call(server, 'GET', '/spaces/team/rights', undefined, { shown: 'session' })).body.role, 'guest')
    assert.equal((await call(server, 'GET', '/spaces/team', undefined, { shown: 'stranger' })).status, 401)
  })))
