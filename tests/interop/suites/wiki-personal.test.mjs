//! What is one person's own: favourites and what they have read on every device, ticks that nobody else sees.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { skip, withBrowser } from '../harness/editors.mjs'
import { withServer } from '../harness/server.mjs'
import { as, call, done } from '../harness/spaces.mjs'
import { until } from '../harness/wait.mjs'
import { entry, makeWiki, signedIn, wiki } from '../harness/wiki.mjs'

const options = { skip, timeout: 120_000 }
const picture = async (page, name) => { if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/${name}.png`, fullPage: true }) }
/** The same page on a phone, and in the dark. */
const pictures = async (page, name) => {
  if (!process.env.PICTURES) return
  await picture(page, name)
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.setViewportSize({ width: 390, height: 780 })
  await picture(page, `${name}-phone-dark`)
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1100, height: 760 })
}

const named = (space, page) => `/documents/${encodeURIComponent(`spaces/${space}/${page}`)}`
const begin = (server, who, space, page, content) => done(server, 'POST', '/documents', { name: `spaces/${space}/${page}`, content }, { shown: as(who) })
const edit = (server, who, space, page, operations) => done(server, 'PATCH', `${named(space, page)}/content`, { operations }, { shown: as(who) })
const mine = (server, who) => done(server, 'GET', '/me', undefined, { shown: as(who) })
const keep = (server, who, order) => done(server, 'PATCH', '/me', order, { shown: as(who) })
const unread = async (server, who, space) => (await done(server, 'GET', `/me/unread/${space}`, undefined, { shown: as(who) })).pages.map(({ page }) => page)
const becomesUnread = async (server, who, space, expected) => {
  let pages = []
  await until(async () => {
    // The index opens a moment after the server.
    const answer = await call(server, 'GET', `/me/unread/${space}`, undefined, { shown: as(who) })
    pages = answer.body?.pages?.map(({ page }) => page).sort() ?? answer.status
    return JSON.stringify(pages) === JSON.stringify(expected)
  }, () => `unread for ${who}: ${JSON.stringify(pages)}, not ${JSON.stringify(expected)}`, 20_000, 50)
}
/** Looks at a window again, as one that comes to the front. */
const lookAgain = (page) => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))

test('what is one’s own is told to nobody else, and a lost right takes titles away', { timeout: 60_000 }, () => withServer(wiki, async (server) => {
  await makeWiki(server, 'town', [['walks', 'Promenades'], ['secret', 'Le secret']], { ann: 'facilitator', bob: 'reader', eve: 'reader' })
  const order = {
    favour: [{ space: 'town', page: 'walks' }, { space: 'town', page: 'secret' }],
    opened: [{ space: 'town', page: 'secret' }],
    ticks: [{ space: 'town', page: 'walks', item: '0123456789abcdef', done: true }]
  }
  await keep(server, 'bob', order)
  const own = await mine(server, 'bob')
  assert.equal(own.user, 'bob')
  assert.deepEqual(own.favourites.map(({ title }) => title), ['Le secret', 'Promenades'])
  assert.deepEqual(own.recent.map(({ page, space_title: title }) => [page, title]), [['secret', 'town']])

  // Others have their own, and whoever is nobody has none.
  assert.deepEqual((await mine(server, 'eve')).favourites, [])
  const page = (who, path = 'town/walks') => call(server, 'GET', `/me/pages/${path}`, undefined, { shown: as(who) })
  assert.deepEqual((await page('bob')).body, { favourite: true, read_ms: (await page('bob')).body.read_ms, ticks: ['0123456789abcdef'] })
  assert.deepEqual((await page('eve')).body, { favourite: false, read_ms: null, ticks: [] })
  const nobody = await call(server, 'GET', '/me', undefined, { shown: null })
  assert.deepEqual([nobody.status, nobody.body.user, nobody.body.favourites], [200, null, []])
  for (const [method, path, body] of [['PATCH', '/me', order], ['DELETE', '/me'], ['GET', '/me/pages/town/walks'], ['GET', '/me/unread'], ['GET', '/me/unread/town']]) {
    const { status, body: { code } } = await call(server, method, path, body, { shown: null })
    assert.deepEqual([status, code], [401, 'unauthorized'], `${method} ${path}`)
  }
  // Anybody may have such a token made for any name.
  const made = await call(server, 'GET', '/me', undefined, { shown: as('bob', { spaces: false }) })
  assert.deepEqual([made.body.user, made.body.favourites], [null, []])
  // A link's guest is somebody only as long as the link lasts.
  const link = await done(server, 'POST', '/spaces/town/links', { role: 'reader' }, { shown: as('owner') })
  const guest = await done(server, 'POST', '/links/open', { link: link.token, name: 'bob' }, { shown: null })
  assert.equal((await call(server, 'GET', '/me', undefined, { shown: guest.token })).body.user, null)

  // What there is not and what may not be seen look alike, and a page that is hidden later takes its title along.
  assert.deepEqual((await page('eve', 'town/none')).body, (await page('eve', 'town/secret')).body)
  await done(server, 'PATCH', '/spaces/town/pages/secret', { readers: 'facilitator' })
  const text = JSON.stringify(await mine(server, 'bob'))
  assert.ok(text.includes('Promenades') && !text.includes('secret'), text)
  await done(server, 'PATCH', '/spaces/town/pages/secret', { readers: null })
  assert.equal((await mine(server, 'bob')).favourites.length, 2, 'it comes back with the right')

  // What makes no sense changes nothing.
  for (const odd of [{ favour: [{ space: '../x', page: 'walks' }] }, { read: ['Not an id'] }, { ticks: [{ space: 'town', page: 'walks', item: 'A/B', done: true }] }]) {
    assert.equal((await call(server, 'PATCH', '/me', odd, { shown: as('bob') })).body.code, 'mark', JSON.stringify(odd))
  }
  assert.equal((await call(server, 'PATCH', '/me', { favor: [] }, { shown: as('bob') })).body.code, 'body')
  const many = Array.from({ length: 201 }, (_, at) => ({ space: 'town', page: `p${at}` }))
  assert.equal((await call(server, 'PATCH', '/me', { favour: many }, { shown: as('bob') })).body.code, 'marks-full')
  // It is known which answer somebody has.
  const first = await call(server, 'GET', '/me', undefined, { shown: as('bob') })
  assert.equal((await fetch(`${server.httpUrl}/api/v1/me`, { headers: { authorization: `Bearer ${as('bob')}`, 'if-none-match': first.etag } })).status, 304)

  // It is durable, and gone at a word.
  await server.restart()
  assert.equal((await mine(server, 'bob')).favourites.length, 2, 'a crash takes nothing')
  await done(server, 'DELETE', '/me', undefined, { shown: as('bob') })
  assert.deepEqual((({ favourites, recent }) => [favourites, recent])(await mine(server, 'bob')), [[], []])
}))

test('a page that somebody changed is unread for the others, on every device, until they read it', options, () =>
  withServer(wiki, (server) => withBrowser(async (open) => {
    await makeWiki(server, 'town', [['walks', 'Promenades'], ['park', 'Parc'], ['lake', 'Lac', 'park']], { ann: 'reader', bob: 'editor' })
    await begin(server, 'bob', 'town', 'walks', 'Le canal est beau.')
    // The first visit begins to count: what was before is nobody's backlog.
    const desk = await open(`${server.httpUrl}/s/town/walks`, signedIn('ann'))
    await until(async () => (await mine(server, 'ann')).recent.length === 1, 'the page is known as opened')
    assert.deepEqual(await unread(server, 'ann', 'town'), [])
    await keep(server, 'bob', { opened: [{ space: 'town', page: 'walks' }] })

    await edit(server, 'bob', 'town', 'walks', [{ op: 'append', content: 'Le parc aussi.' }])
    await begin(server, 'bob', 'town', 'lake', 'Un lac.')
    await becomesUnread(server, 'ann', 'town', ['lake', 'walks'])
    assert.deepEqual(await unread(server, 'bob', 'town'), [], 'one’s own words are never unread')

    // On another device, on the first page: as many as may be read.
    const phone = await open(server.httpUrl, signedIn('ann', { viewport: { width: 390, height: 780 } }))
    await phone.page.locator('unisson-spaces').getByText('2 pages modifiées').waitFor()
    await pictures(phone.page, 'personal-home')
    assert.deepEqual(await phone.faults(), [])
    // In the list of pages, for a reader whose list is the server's own.
    await phone.page.goto(`${server.httpUrl}/s/town`)
    await phone.page.locator('unisson-own').getByText('2 pages ont changé depuis votre lecture.').waitFor()
    await phone.page.locator('unisson-pages .unread').nth(1).waitFor()
    await pictures(phone.page, 'personal-space')
    assert.deepEqual(await phone.faults(), [])

    // The page says so, and leads to what is new: exactly that.
    await desk.page.reload()
    const own = desk.page.locator('unisson-own')
    await own.getByText('Modifiée depuis votre dernière lecture').waitFor()
    await pictures(desk.page, 'personal-page')
    assert.deepEqual(await desk.faults(), [])
    // Once it is read it is read everywhere.
    await becomesUnread(server, 'ann', 'town', ['lake'])
    await lookAgain(phone.page)
    await phone.page.locator('unisson-own').getByText('Une page a changé depuis votre lecture.').waitFor()
    await own.getByRole('link', { name: 'Voir ce qui a changé' }).click()
    await desk.page.locator('unisson-history article ins', { hasText: 'Le parc aussi.' }).first().waitFor()

    await phone.page.locator('unisson-own').getByRole('button', { name: 'Tout marquer comme lu' }).click()
    await phone.page.locator('unisson-own').getByText('Tout ici compte comme lu.').first().waitFor()
    await phone.page.locator('unisson-pages .unread').first().waitFor({ state: 'detached' })
    await becomesUnread(server, 'ann', 'town', [])
    // A plain reading, as a program or a browser without scripts does it, changes nothing.
    await edit(server, 'bob', 'town', 'walks', [{ op: 'append', content: 'Et la rive.' }])
    await becomesUnread(server, 'ann', 'town', ['walks'])
    const plain = await fetch(`${server.httpUrl}/s/town/walks`, { headers: { authorization: `Bearer ${as('ann')}` } })
    assert.match(await plain.text(), /Et la rive/)
    assert.deepEqual(await unread(server, 'ann', 'town'), ['walks'])
    // What may not be seen is not counted.
    await done(server, 'PATCH', '/spaces/town/pages/walks', { readers: 'facilitator' })
    assert.deepEqual((await done(server, 'GET', '/me/unread', undefined, { shown: as('ann') })).spaces, [])
  })))

test('who writes in the editor has read what others write there, and sees marks in the live tree', options, () =>
  withServer(wiki, (server) => withBrowser(async (open) => {
    await makeWiki(server, 'town', [['walks', 'Promenades'], ['park', 'Parc'], ['lake', 'Lac', 'park']], { ann: 'editor', bob: 'editor' })
    await begin(server, 'bob', 'town', 'walks', 'Le canal est beau.')
    const ann = await open(`${server.httpUrl}/s/town/walks?edit`, signedIn('ann'))
    await ann.synced()
    await until(async () => (await mine(server, 'ann')).recent.length === 1, 'the page is known as opened')
    await edit(server, 'bob', 'town', 'walks', [{ op: 'append', content: 'Le parc aussi.' }])
    await until(async () => (await ann.markdown()).includes('Le parc aussi.'), 'Ann reads it as it is written')
    await becomesUnread(server, 'ann', 'town', ['walks'])
    await begin(server, 'bob', 'town', 'lake', 'Un lac.')
    await becomesUnread(server, 'ann', 'town', ['lake', 'walks'])
    await ann.page.goto(`${server.httpUrl}/s/town/park`)
    await becomesUnread(server, 'ann', 'town', ['lake'])
    const tree = ann.page.locator('unisson-pages')
    await tree.locator('[data-page="lake"] > .row .unread').waitFor()
    assert.equal(await tree.locator('[data-page="park"] > .row .unread').count(), 0)
    // A page that is unread and not shown is told by the one above it.
    await tree.getByRole('button', { name: 'Masquer les pages sous « Parc »' }).click()
    await tree.locator('[data-page="park"] > .row .unread').waitFor()
    await pictures(ann.page, 'personal-tree')
    assert.deepEqual(await ann.faults(), [])
    assert.equal(await tree.locator('[data-page="walks"] > .row .unread').count(), 0)
  })))

test('favourites follow from one device to the next, also those that a browser kept before', options, () =>
  withServer(wiki, (server) => withBrowser(async (open) => {
    await makeWiki(server, 'town', [['walks', 'Promenades'], ['park', 'Parc']], { ann: 'reader', bob: 'facilitator' })
    const phone = await open(server.httpUrl, signedIn('ann'))
    const desk = await open(`${server.httpUrl}/s/town/walks`, signedIn('ann'))
    await desk.page.locator('unisson-own').getByRole('button', { name: 'Ajouter à mes favoris' }).click()
    await desk.page.locator('unisson-own').getByRole('button', { name: 'Dans mes favoris', pressed: true }).waitFor()
    await lookAgain(phone.page)
    const home = phone.page.locator('unisson-spaces')
    await home.getByRole('heading', { name: 'Mes favoris' }).waitFor()
    await home.getByRole('link', { name: 'Promenades' }).first().waitFor()
    // A page that is called otherwise now is called so here, too.
    await done(server, 'PATCH', '/spaces/town/pages/walks', { title: 'Balades' })
    await lookAgain(phone.page)
    await home.getByRole('link', { name: 'Balades' }).first().waitFor()

    // What this browser kept by the person's id is taken over, once.
    await phone.page.evaluate(() => localStorage.setItem('unisson-favourites:ann', JSON.stringify([{ space: 'town', page: 'park', title: 'Parc', ms: 1 }])))
    await phone.page.reload()
    await home.getByRole('link', { name: 'Parc' }).first().waitFor()
    await until(async () => (await mine(server, 'ann')).favourites.length === 2, 'the server keeps it')
    assert.equal(await phone.page.evaluate(() => localStorage.getItem('unisson-favourites:ann')), null)
    assert.deepEqual((await mine(server, 'bob')).favourites, [], 'they are nobody else’s')

    await desk.page.locator('unisson-own').getByRole('button', { name: 'Dans mes favoris' }).click()
    await until(async () => (await mine(server, 'ann')).favourites.length === 1, 'it is no favourite any more')
  })))

const GUIDE = '## Le matin\n\n- [ ] Ouvrir la cuisine\n- [ ] Compter les repas\n- [ ] Vérifier les frigos\n\nMerci.'

test('each reader ticks a guide for themselves: on every device, through edits, and never in the document', options, () =>
  withServer(wiki, (server) => withBrowser(async (open) => {
    await makeWiki(server, 'canteen', [['guide', 'Le guide']], { ann: 'facilitator', dan: 'reader', eve: 'reader' }, { visibility: 'public', anonymous_role: 'reader', signed_in_role: 'reader' })
    await begin(server, 'ann', 'canteen', 'guide', GUIDE)
    const address = `${server.httpUrl}/s/canteen/guide`
    const says = async () => (await (await fetch(`${server.httpUrl}/api/v1${named('canteen', 'guide')}/content?format=markdown`, { headers: { authorization: `Bearer ${as('ann')}` } })).text()).trim()
    const box = (person, name) => person.page.locator('article').getByRole('checkbox', { name, exact: true })
    const progress = (person, text) => person.page.locator('unisson-own').getByText(text, { exact: true }).waitFor()

    // The facilitator says so in the tree; readers cannot.
    const ann = await open(address, signedIn('ann'))
    await entry(ann.page, 'Le guide').waitFor()
    await ann.page.locator('unisson-pages').getByRole('button', { name: 'Actions sur « Le guide »' }).click()
    await ann.page.locator('unisson-pages dialog').getByRole('button', { name: 'Chaque personne coche pour elle-même' }).click()
    await until(async () => (await done(server, 'GET', '/spaces/canteen/pages/guide')).guide === true, 'it is a guide')
    assert.equal((await call(server, 'PATCH', '/spaces/canteen/pages/guide', { guide: false }, { shown: as('dan') })).status, 403)

    const desk = await open(address, signedIn('dan'))
    await progress(desk, '0 sur 3 fait')
    await box(desk, 'Compter les repas').check()
    await progress(desk, '1 sur 3 fait')
    // The words are as good a target as the box.
    await desk.page.locator('article').getByText('Vérifier les frigos').click()
    await progress(desk, '2 sur 3 faits')
    await until(async () => (await done(server, 'GET', '/me/pages/canteen/guide', undefined, { shown: as('dan') })).ticks.length === 2, 'both are kept')
    await pictures(desk.page, 'personal-guide')
    assert.deepEqual(await desk.faults(), [])
    await desk.page.reload()
    await progress(desk, '2 sur 3 faits')

    // Another device; another person; and the document knows nothing.
    const phone = await open(address, signedIn('dan', { viewport: { width: 390, height: 780 } }))
    await progress(phone, '2 sur 3 faits')
    assert.equal(await box(phone, 'Compter les repas').isChecked(), true)
    const eve = await open(address, signedIn('eve'))
    await progress(eve, '0 sur 3 fait')
    assert.equal(await says(), GUIDE)
    for (const path of ['/me', '/me/pages/canteen/guide', '/me/unread', '/activity', '/tasks', named('canteen', 'guide'), `${named('canteen', 'guide')}/activity`, '/spaces/canteen/pages']) {
      const { body } = await call(server, 'GET', path, undefined, { shown: as('ann') })
      const text = JSON.stringify(body)
      assert.ok(!text.includes('dan'), `${path} tells of somebody else: ${text}`)
    }

    // Other items come and go, the text around changes: what is ticked stays ticked.
    await edit(server, 'ann', 'canteen', 'guide', [{ op: 'replace-section', heading: 'Le matin', content: '- [ ] Se laver les mains\n- [ ] Vérifier les frigos\n- [ ] Ouvrir la cuisine\n- [ ] Compter les repas' }])
    await phone.page.reload()
    await progress(phone, '2 sur 4 faits')
    assert.deepEqual(await Promise.all(['Se laver les mains', 'Vérifier les frigos', 'Ouvrir la cuisine', 'Compter les repas'].map((name) => box(phone, name).isChecked())), [false, true, false, true])

    // All over again, and that was a mistake.
    await phone.page.locator('unisson-own').getByRole('button', { name: 'Recommencer' }).click()
    await progress(phone, '0 sur 4 fait')
    await until(async () => (await done(server, 'GET', '/me/pages/canteen/guide', undefined, { shown: as('dan') })).ticks.length === 0, 'nothing is kept')
    await phone.page.locator('unisson-own').getByRole('button', { name: 'Annuler' }).click()
    await progress(phone, '2 sur 4 faits')
    await until(async () => (await done(server, 'GET', '/me/pages/canteen/guide', undefined, { shown: as('dan') })).ticks.length === 2, 'they are kept again')

    // Whoever is nobody in particular ticks in their own browser.
    const passer = await open(address)
    await box(passer, 'Se laver les mains').check()
    await progress(passer, '1 sur 4 fait')
    await passer.page.reload()
    await progress(passer, '1 sur 4 fait')
    const other = await open(address)
    await progress(other, '0 sur 4 fait')
    // Without scripts it is a plain list, and the page may be kept for everybody.
    const plain = await open(address, { javaScriptEnabled: false })
    await plain.page.getByText('Compter les repas').waitFor()
    assert.equal(await plain.page.locator('article input:visible').count(), 0)
    assert.match((await fetch(address)).headers.get('cache-control'), /public/)
  })))
