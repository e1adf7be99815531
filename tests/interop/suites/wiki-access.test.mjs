//! Who may see and write a page: what its facilitators are shown of it and change, live under those who have it open;
//! and the way of a link's guest to a page.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { skip, withBrowser } from '../harness/editors.mjs'
import { withServer } from '../harness/server.mjs'
import { as, call, done } from '../harness/spaces.mjs'
import { until } from '../harness/wait.mjs'
import { choose, makeWiki, openAll, signedIn, wiki } from '../harness/wiki.mjs'

const PAGES = [['hygiene', 'Hygiène'], ['menus', 'Menus', 'hygiene'], ['lundi', 'Lundi', 'menus']]
const MEMBERS = { fanny: 'facilitator', cleo: 'editor', dan: 'reader', gus: 'guest' }
const picture = async (page, name) => { if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/${name}.png`, fullPage: true }) }

const roleOf = async (server, shown, page) => (await call(server, 'GET', `/spaces/canteen/rights?page=${page}`, undefined, { shown })).body?.role ?? null
const accessOf = (server, page, who, more = '') => call(server, 'GET', `/spaces/canteen/pages/${page}/access${more}`, undefined, { shown: as(who) })

test('what is shown of a page is what everybody may do there, and where it comes from', { timeout: 60_000 }, () => withServer(wiki, async (server) => {
  await makeWiki(server, 'canteen', PAGES, MEMBERS)
  await done(server, 'PUT', '/spaces/canteen/groups/cuisines', { role: 'reader' })
  await done(server, 'PATCH', '/spaces/canteen/pages/hygiene', { writers: 'facilitator' })
  await done(server, 'PUT', '/spaces/canteen/pages/menus/grants/people/gus', { role: 'facilitator' })
  await done(server, 'PUT', '/spaces/canteen/pages/lundi/grants/people/zoe@example.org', { role: 'editor', until_ms: Date.now() + 36e5 })
  await done(server, 'PUT', '/spaces/canteen/pages/lundi/grants/people/past@example.org', { role: 'editor', until_ms: 1 })
  await done(server, 'PUT', '/spaces/canteen/pages/lundi/grants/groups/cuisines', { role: 'commenter' })
  await done(server, 'POST', '/spaces/canteen/links', { role: 'editor', page: 'menus', label: 'Diététicienne' })
  await done(server, 'POST', '/spaces/canteen/links', { role: 'editor', page: 'hygiene', until_ms: 1 })

  const { status, body, etag } = await accessOf(server, 'lundi', 'fanny')
  assert.equal(status, 200)
  assert.ok(etag)
  assert.deepEqual(body.way.map(({ page, title, writers, locked }) => [page, title, writers ?? null, locked]), [
    ['hygiene', 'Hygiène', 'facilitator', false], ['menus', 'Menus', null, false], ['lundi', 'Lundi', null, false]
  ])
  for (const { user, role } of body.people) assert.equal(role, await roleOf(server, as(user), 'lundi'), user)
  assert.deepEqual(body.people.map(({ user, role, in_space: inSpace, grants }) => [user, role, inSpace, grants.map((grant) => [grant.page, grant.role])]), [
    ['cleo', 'commenter', 'editor', []],
    ['dan', 'reader', 'reader', []],
    ['fanny', 'facilitator', 'facilitator', []],
    ['gus', 'facilitator', 'guest', [['menus', 'facilitator']]],
    ['owner', 'owner', 'owner', []],
    ['past@example.org', null, null, [['lundi', 'editor']]],
    ['zoe@example.org', 'editor', null, [['lundi', 'editor']]]
  ])
  assert.deepEqual([body.anonymous, body.signed_in], [null, null])
  assert.deepEqual(body.groups.map(({ group, role, in_space: inSpace }) => [group, role, inSpace]), [['cuisines', 'commenter', 'reader']])
  assert.equal(body.groups[0].role, await roleOf(server, as('somebody', { groups: ['cuisines'] }), 'lundi'))
  assert.deepEqual(body.links.map(({ label, role }) => [label, role]), [['Diététicienne', 'editor']])

  // In parts; nothing of it to those who may not change it, and of the space only what they may know.
  const first = (await accessOf(server, 'lundi', 'fanny', '?limit=2')).body
  const rest = (await accessOf(server, 'lundi', 'fanny', `?cursor=${first.next}`)).body
  assert.deepEqual([...first.people, ...rest.people].map(({ user }) => user), body.people.map(({ user }) => user))
  assert.equal(rest.next, null)
  assert.equal((await accessOf(server, 'lundi', 'cleo')).body.code, 'role')
  assert.equal((await accessOf(server, 'lundi', 'stranger')).status, 404)
  assert.equal((await accessOf(server, 'nothing', 'fanny')).status, 403)
  const partly = (await accessOf(server, 'lundi', 'gus')).body
  assert.deepEqual(partly.people.map(({ user, in_space: inSpace }) => [user, inSpace]), [['gus', null], ['past@example.org', null], ['zoe@example.org', null]])
  assert.deepEqual(partly.way.map(({ title }) => title), [null, 'Menus', 'Lundi'], 'the title of what he may not read is kept from him')
  assert.deepEqual(partly.groups.map(({ in_space: inSpace }) => inSpace), [null])
}))

test('a facilitator opens a page to one person, closes it to others and locks it, and who writes hears of it at once', { skip, timeout: 120_000 }, () =>
  withServer(wiki, (server) => withBrowser(async (open) => {
    await makeWiki(server, 'canteen', PAGES, MEMBERS)
    const cleo = await open(`${server.httpUrl}/s/canteen/lundi?edit`, signedIn('cleo'))
    await cleo.synced()
    assert.equal(await cleo.page.getByRole('link', { name: 'Qui peut lire et écrire' }).count(), 0, 'no way there for who has no use for it')
    const fanny = await open(`${server.httpUrl}/s/canteen/menus`, signedIn('fanny'))
    const { page } = fanny
    await openAll(page)
    await choose(page, 'Menus', 'Qui peut lire et écrire…')
    await page.locator('unisson-pages dialog').getByRole('link', { name: /Les personnes et groupes/ }).click()
    await page.waitForURL('**/s/canteen/menus/-/access')
    const screen = page.locator('unisson-access')
    const said = (text) => screen.locator('.notice', { hasText: text }).waitFor()
    await screen.getByRole('row', { name: /Cleo.*Rédacteur.*dans l’espace : Rédacteur/ }).waitFor()

    // Only facilitators write: Cléo, who has a page below it open, reads.
    await screen.getByRole('radio', { name: /^Seuls les animateurs écrivent/ }).check()
    await screen.getByRole('button', { name: 'Enregistrer' }).click()
    await said('Cela compte tout de suite')
    await until(() => cleo.ask((editor) => editor.readOnly), 'Cléo only reads now')
    await screen.getByRole('row', { name: /Cleo.*Commentateur/ }).waitFor()

    // An exception for her, by keys alone.
    await screen.getByLabel('Identifiant de la personne').focus()
    await page.keyboard.type('cleo')
    await page.keyboard.press('Enter')
    await said('cleo a maintenant le rôle Rédacteur')
    await until(() => cleo.ask((editor) => !editor.readOnly), 'Cléo writes again')
    await cleo.text.click()
    await cleo.type('Lundi : lentilles')
    await cleo.saved()
    // And somebody who is not in the space at all.
    assert.equal(await roleOf(server, as('zoe@example.org'), 'lundi'), null)
    await screen.getByLabel('Identifiant de la personne').fill('zoe@example.org')
    await screen.locator('#people-role').selectOption({ label: 'Lecteur' })
    await screen.getByRole('button', { name: 'Donner l’accès' }).first().click()
    await said('zoe@example.org a maintenant le rôle Lecteur')
    assert.equal(await roleOf(server, as('zoe@example.org'), 'lundi'), 'reader')
    await screen.getByLabel('Nom du groupe').fill('cuisines')
    await screen.getByRole('button', { name: 'Donner l’accès' }).last().click()
    await said('cuisines a maintenant le rôle Rédacteur')
    await picture(page, 'access')
    assert.deepEqual(await fanny.faults(), [])

    // What comes from above is said below, with the way to it.
    await page.goto(`${server.httpUrl}/s/canteen/lundi/-/access`)
    await screen.getByRole('link', { name: /« Menus » : on n’écrit qu’à partir du rôle Animateur/ }).waitFor()
    await screen.getByRole('row', { name: /zoe@example\.org.*Lecteur.*sur « Menus » : Lecteur/ }).getByRole('link').click()
    await page.waitForURL('**/s/canteen/menus/-/access')

    // A lock has no exceptions; then it is taken back.
    await screen.getByLabel(/^Verrouillée/).check()
    await screen.getByRole('button', { name: 'Enregistrer' }).click()
    await said('Cela compte tout de suite')
    await until(() => cleo.ask((editor) => editor.readOnly), 'a lock has no exceptions')
    await screen.getByLabel(/^Verrouillée/).uncheck()
    await screen.getByRole('button', { name: 'Enregistrer' }).click()
    await until(() => cleo.ask((editor) => !editor.readOnly), 'unlocked, she writes')
    await screen.getByRole('button', { name: 'Reprendre cette page à Cleo' }).click()
    await said('Repris à Cleo.')
    await until(() => cleo.ask((editor) => editor.readOnly), 'the exception is gone')
    assert.match(await cleo.markdown(), /lentilles/, 'and what she wrote is there')
    await screen.getByRole('button', { name: 'Reprendre cette page à zoe@example.org' }).click()
    await said('Repris à zoe@example.org.')
    assert.equal(await roleOf(server, as('zoe@example.org'), 'lundi'), null)

    // Somebody else's change comes by itself.
    await done(server, 'PUT', '/spaces/canteen/pages/menus/grants/people/ines', { role: 'commenter' })
    await screen.getByRole('row', { name: /ines.*Commentateur/ }).waitFor()

    // Who may not change it is told so, and sees nothing of it.
    await cleo.page.goto(`${server.httpUrl}/s/canteen/menus/-/access`)
    await cleo.page.locator('unisson-access .notice.bad').waitFor()
    assert.equal(await cleo.page.locator('unisson-access').getByRole('row').count(), 0)
  })))

test('a link behind # opens the page to read: its secret is in no request, and who is in needs no door', { skip, timeout: 120_000 }, () =>
  withServer(wiki, (server) => withBrowser(async (open) => {
    await makeWiki(server, 'canteen', PAGES, { fanny: 'facilitator' })
    await done(server, 'POST', '/documents', { name: 'spaces/canteen/menus', content: 'Des lentilles.' })
    const link = await done(server, 'POST', '/spaces/canteen/links', { role: 'editor', page: 'menus', password: 'printemps 2027' })
    const guest = await open('about:blank')
    const asked = []
    guest.page.on('request', (request) => asked.push(request.url()))
    await guest.page.goto(`${server.httpUrl}/s/canteen/menus#link=${link.token}`)
    await guest.page.getByLabel('Votre nom').fill('Zoé')
    await guest.page.getByLabel('Mot de passe').fill('hiver 2027')
    await guest.page.getByRole('button', { name: 'Entrer' }).click()
    await guest.page.getByText('Ce n’est pas le bon mot de passe.').waitFor()
    await guest.page.getByLabel('Mot de passe').fill('printemps 2027')
    assert.deepEqual(await guest.faults(), [])
    await guest.page.getByRole('button', { name: 'Entrer' }).click()
    await guest.page.getByText('Des lentilles.').waitFor()
    assert.equal(new URL(guest.page.url()).pathname, '/s/canteen/menus', 'to the page that the link was for')
    assert.ok(asked.length > 3 && asked.every((url) => !url.includes(link.token)), 'no address of a request has the secret')
    assert.ok(!guest.page.url().includes(link.token))
    // Below it as well, and no further.
    await guest.page.goto(`${server.httpUrl}/s/canteen/lundi`)
    await guest.page.getByRole('heading', { name: 'Lundi', level: 1 }).waitFor()
    assert.equal((await guest.page.request.get(`${server.httpUrl}/s/canteen/hygiene`)).status(), 404)
    // The link again: the guest is in already, or says a name once more, and is never sent in circles.
    await guest.page.goto(`${server.httpUrl}/s/canteen/menus#link=${link.token}`)
    await guest.page.reload()
    await guest.page.locator('main').waitFor()

    // A member who follows it stays who they are.
    const fanny = await open(`${server.httpUrl}/s/canteen/menus#link=${link.token}`, signedIn('fanny'))
    await fanny.page.getByText('Des lentilles.').waitFor()
    assert.equal(await fanny.page.locator('form.door').count(), 0)
    assert.equal((await fanny.page.context().cookies()).some(({ name }) => name === 'unisson_guest'), false)

    // One that is wrong says so at the door.
    const wrong = await open(`${server.httpUrl}/s/canteen/menus#link=${link.token.slice(0, -6)}abcdef`)
    await wrong.page.waitForURL('**/-/enter')
    await wrong.page.locator('main').waitFor()
    assert.equal(await wrong.page.getByText('Des lentilles.').count(), 0)
  })))
