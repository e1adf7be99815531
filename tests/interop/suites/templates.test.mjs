//! Pages that begin as a template does, and spaces that are made after another one.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { skip, withBrowser } from '../harness/editors.mjs'
import { SECRET } from '../harness/portal.mjs'
import { withServer } from '../harness/server.mjs'
import { as, call, done, makeSpace, tokens } from '../harness/spaces.mjs'
import { signedIn } from '../harness/wiki.mjs'

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

test('a facilitator writes a template, looks how a page would begin, offers it everywhere and takes it back', { skip, timeout: 120_000 }, () =>
  withTemplates((server) => withBrowser(async (open) => {
    await done(server, 'POST', '/spaces/team/pages', { id: 'menu', title: 'Menu' })
    const person = await open(`${server.httpUrl}/s/team/-/templates`, signedIn('ann'))
    const { page } = person
    const screen = page.locator('unisson-templates')
    const said = (text) => screen.locator('.notice', { hasText: text }).waitFor()
    await screen.getByText('Il n’y a pas encore de modèle. Écrivez-en un').waitFor()
    await screen.getByText('{{titre}}').waitFor()

    await screen.getByLabel('Page', { exact: true }).selectOption({ label: 'Compte rendu' })
    await screen.getByRole('button', { name: 'Proposer comme modèle' }).click()
    await said('De nouvelles pages peuvent commencer comme « Compte rendu ».')
    await screen.getByRole('button', { name: 'Comment une page commence avec « Compte rendu »' }).click()
    const preview = screen.locator('dialog article')
    await preview.locator('mark', { hasText: 'Votre nom' }).waitFor()
    assert.match(await preview.textContent(), /Titre de la nouvelle page[^]*par Votre nom \(Nom de l’espace, \{\{autre\}\}\)/)
    assert.deepEqual(await person.faults(), [])
    if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/template-preview.png` })
    await page.keyboard.press('Escape')

    await screen.getByLabel('Où « Compte rendu » est proposé').selectOption({ label: 'dans tous les espaces' })
    await said('« Compte rendu » est maintenant proposé dans tous les espaces.')
    assert.equal((await done(server, 'GET', '/spaces/other/templates', undefined, { shown: as('bob') })).templates.length, 1)
    await screen.getByRole('button', { name: 'Ne plus proposer « Compte rendu »' }).click()
    await screen.locator('dialog').getByRole('button', { name: 'Retirer' }).click()
    await said('« Compte rendu » n’est plus un modèle.')
    assert.deepEqual((await done(server, 'GET', '/spaces/other/templates', undefined, { shown: as('bob') })).templates, [])
    await screen.locator('.notice').getByRole('button', { name: 'Annuler' }).click()
    await screen.getByLabel('Où « Compte rendu » est proposé').waitFor()
    assert.equal((await done(server, 'GET', '/spaces/other/templates', undefined, { shown: as('bob') })).templates[0].for, 'all', 'as it was')

    // A new one is a page like any other, open to be written.
    await screen.getByLabel('Titre', { exact: true }).fill('Point de situation')
    await screen.getByRole('button', { name: 'Écrire le modèle' }).click()
    await page.waitForURL('**?edit')
    await person.synced()
    await person.text.click()
    await person.type('Le {{date}}')
    await person.saved()
    const listed = (await done(server, 'GET', '/spaces/team/templates', undefined, { shown: as('bob') })).templates
    assert.deepEqual(listed.map(({ title }) => title), ['Compte rendu', 'Point de situation'])

    // Who writes here sees them and changes none; who may not read a page hears nothing of it.
    const bob = (await open(`${server.httpUrl}/s/team/-/templates`, signedIn('bob'))).page.locator('unisson-templates')
    await bob.getByText('Point de situation').waitFor()
    assert.equal(await bob.getByRole('button', { name: /Ne plus proposer/ }).count(), 0)
    assert.equal(await bob.getByRole('button', { name: 'Écrire le modèle' }).count(), 0)
    await done(server, 'PATCH', '/spaces/team/pages/page', { readers: 'facilitator' })
    const everywhere = async (shown) => (await done(server, 'GET', '/templates', undefined, { shown })).templates.map(({ title }) => title)
    assert.deepEqual(await everywhere(as('bob')), ['Point de situation'])
    assert.deepEqual(await everywhere(as('ann')), ['Compte rendu', 'Point de situation'])
    assert.deepEqual(await everywhere(null), [])
  })))

test('an operator has the templates of all spaces on one page', { skip, timeout: 60_000 }, () => withServer({}, (server) => withBrowser(async (open) => {
  const here = { shown: null }
  for (const space of ['nord', 'sud']) {
    await done(server, 'POST', '/spaces', { id: space, title: `Cantines du ${space}`, owner: 'anne' }, here)
    await done(server, 'POST', `/spaces/${space}/pages`, { id: 'menu', title: `Menu du ${space}` }, here)
    await done(server, 'PUT', `/spaces/${space}/templates/menu`, { for: space === 'sud' ? 'all' : 'space' }, here)
  }
  const { page } = await open(`${server.httpUrl}/-/templates`)
  const screen = page.locator('unisson-templates')
  await screen.getByRole('row', { name: /Menu du sud.*Cantines du sud/ }).waitFor()
  await screen.getByLabel('Où « Menu du nord » est proposé').selectOption({ label: 'dans tous les espaces' })
  await screen.locator('.notice', { hasText: '« Menu du nord » est maintenant proposé dans tous les espaces.' }).waitFor()
  assert.deepEqual((await done(server, 'GET', '/spaces/sud/templates', undefined, here)).templates.map(({ title }) => title), ['Menu du sud', 'Menu du nord'])
})))
