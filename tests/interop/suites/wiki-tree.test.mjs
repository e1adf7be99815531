//! The page tree in a real browser: several people reorganise it at once, by mouse, by keyboard, on a phone.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { skip, withBrowser } from '../harness/editors.mjs'
import { withServer } from '../harness/server.mjs'
import { as, call, done } from '../harness/spaces.mjs'
import { until } from '../harness/wait.mjs'
import { choose, entry, follows, makeWiki, openAll, shown, signedIn, stored, wiki } from '../harness/wiki.mjs'

const PAGES = [['a', 'Accueil'], ['b', 'Budget'], ['c', 'Calendrier'], ['d', 'Documents'], ['e', 'Équipe', 'd'], ['f', 'Formulaires', 'd']]
const picture = async (page, name) => { if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/${name}.png` }) }

test('two facilitators reorganise one tree at once: no cycle, no lost page, both see the same', { skip, timeout: 120_000 }, () =>
  withServer(wiki, (server) => withBrowser(async (open) => {
    await makeWiki(server, 'team', PAGES, { ann: 'facilitator', bob: 'facilitator' })
    const ann = (await open(`${server.httpUrl}/s/team/a`, signedIn('ann'))).page
    const bob = (await open(`${server.httpUrl}/s/team/c`, signedIn('bob'))).page
    await Promise.all([openAll(ann), openAll(bob)])

    // By mouse: into another page.
    await entry(ann, 'Budget').dragTo(entry(ann, 'Documents'))
    await follows(server, 'team', bob, 'Bob sees what Ann has moved')
    assert.deepEqual((await stored(server, 'team')).tree[2], ['Documents', [['Équipe', []], ['Formulaires', []], ['Budget', []]]])

    // Each puts one below the other's at the same moment: that would be a cycle.
    for (const [page, title, parent] of [[ann, 'Accueil', 'Calendrier'], [bob, 'Calendrier', 'Accueil']]) {
      await choose(page, title, 'Déplacer…')
      await page.locator('unisson-pages dialog').getByLabel('Sous', { exact: true }).selectOption({ label: parent })
    }
    await Promise.all([ann, bob].map((page) => page.locator('unisson-pages dialog').getByRole('button', { name: 'Déplacer' }).click()))
    await Promise.all([ann, bob].map((page) => follows(server, 'team', page)))
    const { tree, count } = await stored(server, 'team')
    assert.equal(count, PAGES.length)
    const top = tree.map(([title]) => title)
    assert.ok(top.includes('Accueil') !== top.includes('Calendrier'), `one of the two moves was made: ${top}`)
    const told = await Promise.all([ann, bob].map((page) => page.locator('unisson-pages .notice.bad').count()))
    assert.deepEqual(told.toSorted(), [0, 1], 'who came second is told')

    // Both tidy up by keyboard, as fast as they can.
    const storm = async (page, title, keys) => {
      for (const key of keys) {
        await entry(page, title).focus()
        await page.keyboard.press(`Alt+Shift+${key}`)
      }
    }
    await Promise.all([
      storm(ann, 'Équipe', ['ArrowDown', 'ArrowLeft', 'ArrowUp', 'ArrowRight', 'ArrowUp']),
      storm(bob, 'Formulaires', ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowDown', 'ArrowUp'])
    ])
    await Promise.all([ann, bob].map((page) => follows(server, 'team', page)))
    assert.equal((await stored(server, 'team')).count, PAGES.length, 'no page is lost')
  })))

test('everything goes by keyboard, is said, and can be undone', { skip, timeout: 120_000 }, () =>
  withServer(wiki, (server) => withBrowser(async (open) => {
    await makeWiki(server, 'team', PAGES, { ann: 'facilitator' })
    const person = await open(`${server.httpUrl}/s/team/a`, signedIn('ann'))
    const { page } = person
    const said = (text) => until(async () => (await page.locator('.unisson-live').textContent())?.includes(text), `it is said: ${text}`)
    const focused = () => page.evaluate(() => document.querySelector('unisson-pages').shadowRoot.activeElement?.textContent.trim())
    await page.locator('unisson-pages [data-page]').first().waitFor()
    await entry(page, 'Accueil').focus()
    await picture(page, 'tree')
    assert.deepEqual(await person.faults(), [])

    await page.keyboard.press('ArrowDown')
    assert.equal(await focused(), 'Budget')
    await page.keyboard.press('Alt+Shift+ArrowDown')
    await said('« Budget » est maintenant en haut, 3 sur 4.')
    await until(async () => await focused() === 'Budget', 'the moved page keeps the focus')
    await page.keyboard.press('Alt+Shift+ArrowRight')
    await said('« Budget » est maintenant sous « Calendrier », 1 sur 1.')
    await until(async () => await focused() === 'Budget', 'also where it went deeper')
    await page.keyboard.press('ArrowLeft')
    assert.equal(await focused(), 'Calendrier')
    await page.keyboard.press('ArrowLeft')
    await until(async () => !JSON.stringify(await shown(page)).includes('Budget'), 'the branch is closed')

    // A new page, by its button alone.
    await page.locator('unisson-pages').getByRole('button', { name: 'Nouvelle page', exact: true }).focus()
    await page.keyboard.press('Enter')
    await picture(page, 'tree-new')
    assert.deepEqual(await person.faults(), [])
    await page.keyboard.type('Ordre du jour')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await said('« Ordre du jour » a été créée.')
    await until(async () => await focused() === 'Ordre du jour', 'the new page has the focus')

    // Its menu: rename, then the trash, then back.
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    const menu = page.locator('unisson-pages dialog.menu')
    await menu.waitFor()
    await picture(page, 'tree-menu')
    assert.deepEqual(await person.faults(), [])
    await menu.getByRole('button', { name: 'Renommer' }).press('Enter')
    await page.locator('unisson-pages dialog').getByLabel('Titre').fill('Compte rendu')
    await page.keyboard.press('Enter')
    await said('La page s’appelle maintenant « Compte rendu ».')
    await choose(page, 'Compte rendu', 'Qui peut lire et écrire…')
    await page.locator('unisson-pages dialog').getByRole('radio', { name: /^Seuls les animateurs la voient/ }).check()
    assert.deepEqual(await person.faults(), [])
    await page.locator('unisson-pages dialog').getByRole('button', { name: 'Enregistrer' }).click()
    await said('Cela compte tout de suite pour « Compte rendu »')
    const hidden = (await done(server, 'GET', '/spaces/team/pages')).pages.find(({ title }) => title === 'Compte rendu')
    assert.equal(hidden.readers, 'facilitator')
    await choose(page, 'Compte rendu', 'Mettre à la corbeille')
    await page.locator('unisson-pages dialog').getByRole('button', { name: 'Mettre à la corbeille' }).press('Enter')
    await said('« Compte rendu » est à la corbeille.')
    assert.ok(!JSON.stringify((await stored(server, 'team')).tree).includes('Compte rendu'))
    await page.locator('unisson-pages').getByRole('button', { name: 'Annuler' }).press('Enter')
    await follows(server, 'team', page)
    assert.ok(JSON.stringify((await stored(server, 'team')).tree).includes('Compte rendu'))
  })))

test('a subtree moves under somebody who is typing: nothing is lost, and the way there follows', { skip, timeout: 120_000 }, () =>
  withServer(wiki, (server) => withBrowser(async (open) => {
    await makeWiki(server, 'team', PAGES, { ann: 'facilitator', cleo: 'editor' })
    const cleo = await open(`${server.httpUrl}/s/team/e?edit`, signedIn('cleo'))
    await cleo.synced()
    await cleo.text.click()
    const crumbs = () => cleo.page.locator('.crumbs li').allTextContents()
    await until(async () => (await crumbs()).join('/').endsWith('Documents/Équipe'), 'the way to the page')
    const typing = (async () => { for (const word of 'un deux trois quatre cinq six sept huit neuf dix'.split(' ')) await cleo.type(`${word} `) })()
    await done(server, 'PATCH', '/spaces/team/pages/d', { parent: 'b', position: 'first' })
    await done(server, 'PATCH', '/spaces/team/pages/e', { title: 'Toute l’équipe' })
    await typing
    await cleo.saved()
    await until(async () => (await crumbs()).join('/').endsWith('Budget/Documents/Toute l’équipe'), 'the way follows')
    assert.equal(await cleo.page.locator('main > h1').textContent(), 'Toute l’équipe')
    assert.equal((await cleo.markdown()).trim(), 'un deux trois quatre cinq six sept huit neuf dix')
    const text = await call(server, 'GET', '/documents/spaces%2Fteam%2Fe')
    assert.equal(text.status, 200)
  })))

test('a reader has the tree without asking, a phone has a menu for all of it, and a restart is caught up with', { skip, timeout: 120_000 }, () =>
  withServer(wiki, (server) => withBrowser(async (open) => {
    await makeWiki(server, 'team', PAGES, { ann: 'facilitator', dan: 'reader' })
    const reader = (await open('about:blank', signedIn('dan'))).page
    const asked = []
    reader.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await reader.goto(`${server.httpUrl}/s/team/e`)
    await reader.locator('unisson-pages').getByRole('link', { name: 'Équipe' }).waitFor()
    await reader.waitForLoadState('networkidle')
    // What is their own they ask for, and nothing of the space.
    assert.deepEqual(asked.filter((path) => path.startsWith('/api/') && !/^\/api\/v1\/(me|news)\//.test(path)), [])

    const phone = (await open(`${server.httpUrl}/s/team/a`, signedIn('ann', { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true, colorScheme: 'dark' }))).page
    await openAll(phone)
    const more = phone.locator('unisson-pages').getByRole('button', { name: 'Actions sur « Formulaires »' })
    await more.scrollIntoViewIfNeeded()
    await more.tap()
    await picture(phone, 'tree-phone')
    await phone.locator('unisson-pages dialog').getByRole('button', { name: 'Sortir d’un niveau' }).tap()
    await until(async () => JSON.stringify((await stored(server, 'team')).tree).endsWith('["Formulaires",[]]]'), 'it is out')
    await follows(server, 'team', phone)

    await server.restart()
    await done(server, 'PATCH', '/spaces/team/pages/f', { title: 'Imprimés' })
    await follows(server, 'team', phone, 'what changed after a restart comes by itself')
  })))

test('a stream tells that a space has changed and nothing else, and ends with the rights of who follows', { timeout: 60_000 }, () =>
  withServer(wiki, async (server) => {
    await makeWiki(server, 'team', PAGES, { ann: 'facilitator', dan: 'reader' })
    const follow = async (who) => {
      const answer = await fetch(`${server.httpUrl}/api/v1/spaces/team/changes`, { headers: { authorization: `Bearer ${as(who)}` } })
      const follower = { status: answer.status, type: answer.headers.get('content-type'), text: '', hasEnded: false }
      const read = async () => { for await (const part of answer.body.pipeThrough(new TextDecoderStream())) follower.text += part }
      read().catch(() => {}).finally(() => { follower.hasEnded = true })
      return follower
    }
    assert.equal((await follow('stranger')).status, 404)
    const [ann, dan] = [await follow('ann'), await follow('dan')]
    assert.deepEqual([dan.status, dan.type], [200, 'text/event-stream'])
    const events = ({ text }) => text.split('\n\n').filter((event) => event.startsWith('event: changed')).map((event) => JSON.parse(/^data: (.*)$/m.exec(event)[1]))
    await until(() => events(dan).length === 1, 'the first event says how the space is')
    const { etag } = await call(server, 'GET', '/spaces/team/pages', undefined, { shown: as('dan') })
    assert.deepEqual(events(dan), [{ etag }])
    await done(server, 'PATCH', '/spaces/team/pages/a', { title: 'Un secret', readers: 'facilitator' })
    await until(() => events(dan).length === 2, 'each change is told')
    assert.ok(!dan.text.includes('secret'), 'and not what it is')
    await done(server, 'DELETE', '/spaces/team/members/dan')
    await until(() => dan.hasEnded, 'whoever is out hears no more')
    assert.ok(!ann.hasEnded)
    // The server does not wait for those who follow.
    await server.terminate()
    await until(() => ann.hasEnded, 'the stream ends with the server')
  }))
