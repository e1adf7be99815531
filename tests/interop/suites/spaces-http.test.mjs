//! Spaces over HTTP: every role with every action, refusals, and what nobody may learn.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { open } from '../harness/clients.mjs'
import { SECRET, token } from '../harness/portal.mjs'
import { withServer } from '../harness/server.mjs'
import { as, call, done, makeSpace, tokens } from '../harness/spaces.mjs'

const settings = `[auth]\nsecret = ${JSON.stringify(SECRET)}\n`
const withSpace = (body, more) => withServer({ settings, tokens }, async (server) => {
  await makeSpace(server, 'team', {}, more)
  return body(server)
})

/** The table of the guide: what each role may do. */
const guide = () => {
  const text = readFileSync(new URL('../../../docs/guide/spaces.md', import.meta.url), 'utf8')
  const lines = text.split('\n')
  const from = lines.findIndex((line) => line.startsWith('| action |'))
  const cells = (line) => line.split('|').slice(1, -1).map((cell) => cell.trim().replaceAll('`', ''))
  const roles = cells(lines[from]).slice(1)
  const rows = []
  for (let at = from + 2; lines[at].startsWith('|'); at += 1) rows.push(cells(lines[at]))
  return rows.flatMap(([action, ...marks]) => marks.map((mark, place) => ({ action, role: roles[place], may: mark === 'yes' })))
}

const DOCUMENT = encodeURIComponent('spaces/team/page')
/** How each action is done. `comment` has no call of its own: the server only says whether one may. */
const DO = {
  read: (server, shown) => call(server, 'GET', `/documents/${DOCUMENT}/versions`, undefined, { shown }),
  'see-members': (server, shown) => call(server, 'GET', '/spaces/team/members', undefined, { shown }),
  write: (server, shown) => call(server, 'POST', `/documents/${DOCUMENT}/versions`, { label: 'named' }, { shown }),
  'create-pages': (server, shown) => call(server, 'POST', '/spaces/team/pages', { title: 'New' }, { shown }),
  'manage-pages': (server, shown) => call(server, 'PATCH', '/spaces/team/pages/page', { title: 'Renamed', position: 'first' }, { shown }),
  delete: async (server, shown) => {
    const answer = await call(server, 'DELETE', '/spaces/team/pages/page', undefined, { shown })
    await done(server, 'POST', '/spaces/team/pages/page/restore')
    return answer
  },
  moderate: async (server, shown) => {
    const answer = await call(server, 'PATCH', '/spaces/team/pages/page', { locked: true }, { shown })
    await done(server, 'PATCH', '/spaces/team/pages/page', { locked: false })
    return answer
  },
  'manage-members': (server, shown) => call(server, 'PUT', '/spaces/team/members/new', { role: 'reader' }, { shown }),
  'manage-links': (server, shown) => call(server, 'POST', '/spaces/team/links', { role: 'reader', page: 'page' }, { shown }),
  own: (server, shown) => call(server, 'PATCH', '/spaces/team', { title: 'Team' }, { shown })
}

test('every role may do what the table of the guide says, and nothing else', () => withSpace(async (server) => {
  const table = guide()
  assert.equal(table.length, 66)
  for (const { action, role, may } of table) {
    await done(server, 'PUT', '/spaces/team/members/ann', { role })
    const rights = await done(server, 'GET', '/spaces/team/rights?page=page', undefined, { shown: as('ann') })
    assert.equal(rights.role, role)
    assert.equal(rights.actions.includes(action), may, `${role} says ${action}`)
    if (action === 'comment') continue
    const answer = await DO[action](server, as('ann'))
    const went = answer.status < 300
    assert.equal(went, may, `${role} does ${action}: ${answer.status} ${JSON.stringify(answer.body)}`)
    if (!went) assert.equal(answer.status, 403, `${role} ${action}`)
  }
}))

test('a name is needed for all but reading, commenting and writing', () => withSpace(async (server) => {
  const link = await done(server, 'POST', '/spaces/team/links', { role: 'editor' })
  for (const shown of [null, link.token]) {
    for (const [action, doIt] of Object.entries(DO)) {
      const { status } = await doIt(server, shown)
      const may = action === 'read' || action === 'write'
      assert.equal(status < 300, may, `${shown === null ? 'nobody' : 'a link'} does ${action}: ${status}`)
    }
  }
}, { visibility: 'public', anonymous_role: 'editor' }))

test('a facilitator makes no owner, the last owner stays, and everybody may leave', () => withSpace(async (server) => {
  await done(server, 'PUT', '/spaces/team/members/chief', { role: 'facilitator' })
  const chief = { shown: as('chief') }
  await done(server, 'PUT', '/spaces/team/members/second', { role: 'facilitator' }, chief)
  for (const [method, path, body] of [
    ['PUT', 'members/chief', { role: 'owner' }],
    ['PUT', 'members/owner', { role: 'reader' }],
    ['DELETE', 'members/owner'],
    ['PUT', 'groups/all', { role: 'owner' }]
  ]) {
    const { status, body: { code } } = await call(server, method, `/spaces/team/${path}`, body, chief)
    assert.deepEqual([status, code], [403, 'role'], `${method} ${path}`)
  }
  const owner = { shown: as('owner') }
  assert.equal((await call(server, 'DELETE', '/spaces/team/members/owner', undefined, owner)).body.code, 'last-owner')
  assert.equal((await call(server, 'PUT', '/spaces/team/members/owner', { role: 'editor' }, owner)).body.code, 'last-owner')
  await done(server, 'DELETE', '/spaces/team/members/second', undefined, { shown: as('second') })
  await done(server, 'PUT', '/spaces/team/members/chief', { role: 'owner' }, owner)
  await done(server, 'DELETE', '/spaces/team/members/owner', undefined, owner)
}))

test('nobody learns of spaces and pages that they may not know', () => withSpace(async (server) => {
  await done(server, 'POST', '/spaces/team/pages', { id: 'secret', title: 'Reorganisation' })
  await done(server, 'PATCH', '/spaces/team/pages/secret', { readers: 'facilitator' })
  await done(server, 'POST', '/spaces/team/pages', { id: 'inside', title: 'Inside', parent: 'secret' })
  await done(server, 'PUT', '/spaces/team/members/ann', { role: 'editor' })
  await done(server, 'PUT', '/spaces/team/pages/inside/grants/people/ann', { role: 'reader' })
  const stranger = { shown: as('stranger') }
  assert.deepEqual((await done(server, 'GET', '/spaces', undefined, stranger)).spaces, [])
  const hidden = await call(server, 'GET', '/spaces/team', undefined, stranger)
  const absent = await call(server, 'GET', '/spaces/no-such', undefined, stranger)
  assert.deepEqual([hidden.status, hidden.body], [404, absent.body])
  assert.equal((await call(server, 'GET', '/spaces/team', undefined, { shown: null })).status, 401)
  const { pages } = await done(server, 'GET', '/spaces/team/pages', undefined, { shown: as('ann') })
  assert.deepEqual(pages.map(({ id, parent }) => [id, parent]), [['page', null], ['inside', null]])
  assert.ok(!JSON.stringify(pages).includes('secret'))
  assert.equal((await call(server, 'GET', '/spaces/team/pages/secret', undefined, { shown: as('ann') })).status, 404)
}))

test('tags, parts and conflicts', () => withSpace(async (server) => {
  for (const place of [1, 2, 3, 4]) await done(server, 'PUT', `/spaces/team/members/p${place}`, { role: 'reader' })
  const first = await call(server, 'GET', '/spaces/team/members?limit=3')
  assert.deepEqual(first.body.members.map(({ user }) => user), ['owner', 'p1', 'p2'])
  const second = await call(server, 'GET', `/spaces/team/members?limit=3&cursor=${first.body.next}`)
  assert.deepEqual([second.body.members.map(({ user }) => user), second.body.next], [['p3', 'p4'], null])
  const known = { headers: { 'if-none-match': first.etag } }
  assert.equal((await call(server, 'GET', '/spaces/team', undefined, known)).status, 304)
  const ifMatch = { headers: { 'if-match': first.etag } }
  await done(server, 'PATCH', '/spaces/team', { title: 'New' }, ifMatch)
  const late = await call(server, 'PATCH', '/spaces/team', { title: 'Newer' }, ifMatch)
  assert.deepEqual([late.status, late.body.code], [412, 'precondition'])
  assert.equal((await call(server, 'POST', '/spaces', { id: 'team', title: 'T', owner: 'x' })).body.code, 'exists')
  assert.equal((await call(server, 'POST', '/spaces/team/pages', { id: 'page', title: 'T' })).body.code, 'exists')
  await done(server, 'POST', '/spaces/team/pages', { id: 'below', title: 'T', parent: 'page' })
  assert.equal((await call(server, 'PATCH', '/spaces/team/pages/page', { parent: 'below' })).body.code, 'page-place')
  for (const [body, code] of [[{ id: 'Team', title: 'T' }, 'space-id'], [{ id: 'a', title: ' ' }, 'title'], [{ id: 'a', title: 'T' }, 'person'],
    [{ id: 'a', title: 'T', owner: 'x', signed_in_role: 'owner' }, 'open-role'], [{ id: 'a', titel: 'T' }, 'body']]) {
    assert.equal((await call(server, 'POST', '/spaces', body)).body.code, code, JSON.stringify(body))
  }
}))

test('a deleted space is its owners\' alone and comes back as it was', () => withSpace(async (server) => {
  await done(server, 'PUT', '/spaces/team/members/ann', { role: 'editor' })
  const owner = { shown: as('owner') }
  await done(server, 'DELETE', '/spaces/team', undefined, owner)
  assert.equal((await call(server, 'GET', '/spaces/team', undefined, { shown: as('ann') })).status, 404)
  const client = open('y-websocket 3', server, 'spaces/team/page', { token: as('ann') })
  await client.whenClosed(4403)
  client.destroy()
  assert.equal((await call(server, 'POST', '/spaces', { id: 'team', title: 'Mine', owner: 'eve' })).body.code, 'exists')
  await done(server, 'POST', '/spaces/team/restore', undefined, owner)
  assert.equal((await done(server, 'GET', '/spaces/team', undefined, { shown: as('ann') })).role, 'editor')
}))

test('what is deleted of a space is gone, or says to those who may bring it back that it is deleted', () => withSpace(async (server) => {
  await done(server, 'PUT', '/spaces/team/members/ann', { role: 'editor' })
  const owner = { shown: as('owner') }
  const reads = async (path, options = owner) => call(server, 'GET', path, undefined, options)
  // Taken away for good: a member, a group, a grant, a link, a template.
  const link = await done(server, 'POST', '/spaces/team/links', { role: 'reader', page: 'page' }, owner)
  for (const [made, body, list] of [
    ['/spaces/team/members/bob', { role: 'reader' }, '/spaces/team/members'],
    ['/spaces/team/groups/cooks', { role: 'reader' }, '/spaces/team/groups'],
    ['/spaces/team/pages/page/grants/people/eve', { role: 'reader' }, '/spaces/team/pages/page/grants'],
    ['/spaces/team/templates/page', { for: 'space' }, '/spaces/team/templates'],
    [`/spaces/team/links/${link.id}`, null, '/spaces/team/links']
  ]) {
    const before = JSON.stringify((await reads(list)).body)
    if (body !== null) await done(server, 'PUT', made, body, owner)
    const there = JSON.stringify((await reads(list)).body)
    if (body !== null) assert.notEqual(there, before, made)
    assert.ok((await call(server, 'DELETE', made, undefined, owner)).status < 300, made)
    const after = JSON.stringify((await reads(list)).body)
    if (body !== null) assert.equal(after, before, made)
    else assert.notEqual(after, before, made)
    // That a page is no template is a state, and no thing that has gone.
    const again = made.includes('templates') ? 204 : 404
    assert.equal((await call(server, 'DELETE', made, undefined, owner)).status, again, made)
  }
  // A page lies in the trash: facilitators and owners see that it does, nobody else sees it.
  const page = await done(server, 'DELETE', '/spaces/team/pages/page', undefined, owner)
  assert.ok(page.deleted_ms > 0)
  assert.equal((await reads('/spaces/team/pages/page')).body.deleted_ms, page.deleted_ms)
  assert.equal((await reads('/spaces/team/pages/page', { shown: as('ann') })).status, 404)
  // And so does a whole space, for its owners alone.
  const space = await done(server, 'DELETE', '/spaces/team', undefined, owner)
  assert.ok(space.deleted_ms > 0)
  assert.equal((await reads('/spaces/team')).body.deleted_ms, space.deleted_ms)
  for (const path of ['', '/members', '/pages', '/links', '/rights', '/templates']) {
    assert.equal((await reads(`/spaces/team${path}`, { shown: as('ann') })).status, 404, path)
  }
  const again = await done(server, 'DELETE', '/spaces/team', undefined, owner)
  assert.equal(again.deleted_ms, space.deleted_ms, 'deleted once')
}))

test('tokens for places go on as before, own spaces where they say so, and name nobody where others made them', () => withSpace(async (server) => {
  const editor = token({ sub: 'portal', prefix: 'spaces/team/', role: 'editor' })
  assert.equal((await done(server, 'GET', '/spaces/team/rights?page=page', undefined, { shown: editor })).role, 'editor')
  const owner = token({ sub: 'portal', prefix: 'spaces/', role: 'owner' })
  await done(server, 'POST', '/spaces', { id: 'made-by-the-portal', title: 'T' }, { shown: owner })
  const minter = token({ sub: 'minter', prefix: 'elsewhere/', role: 'editor', mint: true })
  const order = { sub: 'owner', prefix: 'elsewhere/', role: 'editor', expires_in_s: 60 }
  const minted = await done(server, 'POST', '/tokens', order, { shown: minter })
  assert.equal((await call(server, 'GET', '/spaces/team', undefined, { shown: minted.token })).status, 404)
  assert.equal((await done(server, 'GET', '/spaces/team', undefined, { shown: as('owner') })).role, 'owner')
  const named = await done(server, 'POST', '/tokens', { sub: 'owner', groups: ['x'], expires_in_s: 60 })
  assert.equal((await done(server, 'GET', '/spaces/team', undefined, { shown: named.token })).role, 'owner')
  assert.equal((await call(server, 'POST', '/tokens', { sub: 'a', prefix: '.unisson/', role: 'owner', expires_in_s: 60 })).body.code, 'token-order')
  // Where there is no space a name is a name like any other.
  await done(server, 'GET', `/documents/${encodeURIComponent('spaces/none/x')}/versions`, undefined, { shown: token({ prefix: 'spaces/none/' }) })
}))

test('the records of spaces are documents: exported, checked and counted, and open to nobody', () => withSpace(async (server) => {
  for (const path of ['versions', 'activity', 'blame']) {
    const answer = await call(server, 'GET', `/documents/${encodeURIComponent('.unisson/spaces/team')}/${path}`)
    assert.equal(answer.status, 403)
  }
  const { execFileSync } = await import('node:child_process')
  await server.terminate()
  const run = (...args) => JSON.parse(execFileSync(process.env.UNISSON_BIN, [...args, '--data', server.data, '--json'], { encoding: 'utf8' }))
  assert.ok(run('stat').documents.some(({ name }) => name === '.unisson/spaces/team'))
  assert.equal(run('fsck').ok, true)
  assert.ok(run('export', `${server.home}/out`).exported >= 1)
  await server.spawn()
}))
