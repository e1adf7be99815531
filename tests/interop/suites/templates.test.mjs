//! Pages that begin as a template does, and spaces that are made after another one.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { SECRET } from '../harness/portal.mjs'
import { withServer } from '../harness/server.mjs'
import { as, call, done, makeSpace, tokens } from '../harness/spaces.mjs'

const settings = `[auth]\nsecret = ${JSON.stringify(SECRET)}\nleeway_s = 0\n`
const address = (space, page) => `/documents/${encodeURIComponent(`spaces/${space}/${page}`)}`

/** Writes a page, whether there is anything in it yet or not. */
const write = async (server, space, page, markdown) => {
  for (const [method, query] of [['POST', '?if=empty'], ['PUT', '']]) {
    const answer = await fetch(`${server.httpUrl}/api/v1${address(space, page)}/content${query}`, {
      method, headers: { authorization: `Bearer ${as('ann')}`, 'content-type': 'text/markdown' }, body: markdown
    })
    assert.ok(answer.ok, `${method} ${answer.status}`)
  }
}

const read = async (server, space, page, who = 'ann') => {
  const answer = await fetch(`${server.httpUrl}/api/v1${address(space, page)}/content?format=markdown`, {
    headers: { authorization: `Bearer ${as(who)}` }
  })
  return answer.ok ? (await answer.text()).trim() : answer.status
}

const withTemplates = (body) => withServer({ settings, tokens }, async (server) => {
  await makeSpace(server, 'team', { ann: 'facilitator', bob: 'editor', eve: 'guest' })
  await makeSpace(server, 'other', { ann: 'facilitator', bob: 'editor' })
  await done(server, 'PATCH', '/spaces/team/pages/page', { title: 'Compte rendu' })
  await write(server, 'team', 'page', '# {{titre}}\n\nLe {{ date }}, par **{{auteur}}** ({{espace}}, {{autre}})\n\n- [ ] [ordre du jour](/s/team/agenda)')
  return body(server)
})

test('a page begins as a template does, with its placeholders filled in', () => withTemplates(async (server) => {
  const put = (who, whose) => call(server, 'PUT', '/spaces/team/templates/page', { for: whose }, { shown: as(who) })
  assert.equal((await put('bob', 'space')).body.code, 'role')
  assert.equal((await put('ann', 'space')).status, 204)
  const listed = async (space, who) => (await done(server, 'GET', `/spaces/${space}/templates`, undefined, { shown: as(who) })).templates
  assert.deepEqual((await listed('team', 'bob')).map(({ document, title, for: whose }) => [document, title, whose]), [['spaces/team/page', 'Compte rendu', 'space']])
  assert.deepEqual(await listed('other', 'bob'), [])
  await put('ann', 'all')
  assert.equal((await listed('other', 'bob')).length, 1)

  const made = await done(server, 'POST', '/spaces/team/pages', { id: 'monday', title: 'Réunion du lundi', from: 'spaces/team/page' },
    { shown: as('bob', { name: 'Bob *l’éponge*' }), headers: { 'accept-language': 'fr' } })
  assert.equal(made.title, 'Réunion du lundi')
  const text = await read(server, 'team', 'monday')
  assert.match(text, /^# Réunion du lundi\n\nLe (1er|\d{1,2}) \S+ \d{4}, par \*\*Bob .*\*\* \(team, \{\{autre\}\}\)/)
  assert.match(text, /- \[ \] \[ordre du jour\]\(\/s\/team\/agenda\)/)
  assert.match(await read(server, 'team', 'page'), /\{\{titre\}\}/, 'the template stays as it is')

  // Not even that it is there.
  await done(server, 'PATCH', '/spaces/team/pages/page', { readers: 'facilitator' })
  assert.deepEqual(await listed('other', 'bob'), [])
  const refused = await call(server, 'POST', '/spaces/team/pages', { id: 'tuesday', title: 'T', from: 'spaces/team/page' }, { shown: as('bob') })
  assert.equal(refused.status, 403)
  assert.equal((await call(server, 'GET', '/spaces/team/pages/tuesday', undefined, { shown: as('ann') })).status, 404, 'nothing was made')
  const again = await call(server, 'POST', '/spaces/team/pages', { id: 'monday', title: 'T', from: 'spaces/team/page' }, { shown: as('ann') })
  assert.equal(again.body.code, 'exists')
  assert.equal(await read(server, 'team', 'monday'), text)
  await done(server, 'DELETE', '/spaces/team/templates/page', undefined, { shown: as('ann') })
  assert.deepEqual(await listed('team', 'ann'), [])
}))

test('a space is made after another one, with its pages and without its people', () => withTemplates(async (server) => {
  await done(server, 'POST', '/spaces/team/pages', { id: 'agenda', title: 'Ordre du jour', parent: 'page' })
  await done(server, 'POST', '/spaces/team/pages', { id: 'private', title: 'Privé' })
  await done(server, 'PATCH', '/spaces/team/pages/private', { readers: 'owner' })
  await done(server, 'POST', '/spaces/team/pages', { id: 'gone', title: 'Supprimée' })
  await done(server, 'DELETE', '/spaces/team/pages/gone')
  await done(server, 'PUT', '/spaces/team/templates/page', { for: 'space' })
  const maker = as('ann', { role: 'owner', prefix: 'spaces/new/' })
  await done(server, 'POST', '/spaces', { id: 'new', title: 'Crise de mars', from: 'team' }, { shown: maker })
  const { pages } = await done(server, 'GET', '/spaces/new/pages', undefined, { shown: as('ann') })
  assert.deepEqual(pages.map(({ id, title, parent }) => [id, title, parent]), [['page', 'Compte rendu', null], ['agenda', 'Ordre du jour', 'page']])
  const text = await read(server, 'new', 'page')
  assert.match(text, /^# Compte rendu\n/)
  assert.match(text, /\(Crise de mars, /)
  assert.match(text, /\(\/s\/new\/agenda\)/, 'links lead to the new space')
  const { members } = await done(server, 'GET', '/spaces/new/members', undefined, { shown: as('ann') })
  assert.deepEqual(members.map(({ user, role }) => [user, role]), [['ann', 'owner']])
  assert.equal(await read(server, 'new', 'page', 'bob'), 403)
  assert.equal((await done(server, 'GET', '/spaces/new/templates', undefined, { shown: as('ann') })).templates[0].document, 'spaces/new/page')
  const hidden = await call(server, 'POST', '/spaces', { id: 'copy', title: 'Copy', from: 'team' }, { shown: as('zoe', { role: 'owner', prefix: 'spaces/copy/' }) })
  assert.equal(hidden.body.code, 'no-such-space')
  const taken = await call(server, 'POST', '/spaces', { id: 'other', title: 'Other', owner: 'ann', from: 'team' })
  assert.equal(taken.body.code, 'exists')
}))
