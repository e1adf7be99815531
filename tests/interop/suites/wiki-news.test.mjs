//! What concerns me, in a real browser: the number at the top, the list, who is called from a comment, and who did what.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { skip, withBrowser } from '../harness/editors.mjs'
import { EVENTS } from '../harness/receiver.mjs'
import { withServer } from '../harness/server.mjs'
import { as, done } from '../harness/spaces.mjs'
import { until } from '../harness/wait.mjs'
import { makeWiki, signedIn, wiki } from '../harness/wiki.mjs'

const PAGES = [['menus', 'Menus'], ['hygiene', 'Hygiène']]
const NAMES = { ann: 'Ann Martin', bob: 'Bob Roy' }
const SOON_MS = 20_000
const options = { skip, timeout: 120_000 }
const fast = { ...wiki, settings: wiki.settings + EVENTS }
const picture = async (page, name) => { if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/${name}.png`, fullPage: true }) }

const write = async (server, page, markdown, who) => {
  for (const [method, query] of [['POST', '?if=empty'], ['PUT', '']]) {
    const answer = await fetch(`${server.httpUrl}/api/v1/documents/${encodeURIComponent(`spaces/canteen/${page}`)}/content${query}`, {
      method, headers: { authorization: `Bearer ${as(who, { name: NAMES[who] })}`, 'content-type': 'text/markdown' }, body: markdown
    })
    assert.ok(answer.ok, `${method} ${answer.status} ${await answer.text()}`)
  }
}

const unseen = async (server, who) => (await done(server, 'GET', '/news/count', undefined, { shown: as(who) })).unseen

test('who is named, and whose task it is, sees how much is new, reads it, and has read it on every device', options, () =>
  withServer(fast, (server) => withBrowser(async (open) => {
    await makeWiki(server, 'canteen', PAGES, { ann: 'editor', bob: 'editor' })
    await write(server, 'menus', 'Voir avec [@Bob](/-/people/bob).\n\n- [ ] Commander les poireaux [@Bob](/-/people/bob) [1er décembre](/-/tasks?due=2026-12-01)\n', 'ann')
    await until(async () => await unseen(server, 'bob') === 2, 'both are told', SOON_MS, 50)
    const bob = await open(`${server.httpUrl}/s/canteen/hygiene`, signedIn('bob'))
    const { page } = bob
    const link = page.getByRole('link', { name: /^Pour moi/ })
    await link.locator('.count', { hasText: '2' }).waitFor()
    await page.getByRole('link', { name: 'Pour moi (2 nouveautés)' }).waitFor()
    assert.deepEqual(await bob.faults(), [])
    await picture(page, 'news-count')
    await link.click()
    const screen = page.locator('unisson-news')
    await screen.getByText('Ann Martin vous a confié une tâche').waitFor()
    await screen.getByText('Ann Martin vous a mentionné', { exact: true }).waitFor()
    await screen.getByText(/Commander les poireaux/).waitFor()
    await screen.getByText(/pour le 1 décembre 2026/).waitFor()
    await screen.getByRole('heading', { name: 'Nouveau' }).waitFor()
    await until(async () => await unseen(server, 'bob') === 0, 'it is seen')
    await link.locator('.count').waitFor({ state: 'hidden' })
    assert.deepEqual(await bob.faults(), [])
    await picture(page, 'news')
    const phone = await open(`${server.httpUrl}/-/news`, signedIn('bob', { viewport: { width: 390, height: 800 }, colorScheme: 'dark' }))
    await phone.page.locator('unisson-news').getByRole('heading', { name: 'Plus tôt' }).waitFor()
    assert.deepEqual(await phone.faults(), [])
    assert.equal(await phone.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true, 'nothing is wider than the phone')
    await picture(phone.page, 'news-phone')
    await phone.page.locator('unisson-news').getByRole('link', { name: 'Menus (canteen)' }).first().click()
    await phone.page.getByRole('heading', { level: 1, name: 'Menus' }).waitFor()
    const ann = await open(`${server.httpUrl}/-/news`, signedIn('ann'))
    await ann.page.locator('unisson-news').getByText(/Rien pour l’instant/).waitFor()
  })))

test('in a comment @ brings the people of the space, by keys and by mouse, and who is chosen hears of it', options, () =>
  withServer(fast, (server) => withBrowser(async (open) => {
    await makeWiki(server, 'canteen', PAGES, { ann: 'editor', bob: 'editor', bella: 'reader' })
    const ann = await open(`${server.httpUrl}/s/canteen/menus/-/comments`, signedIn('ann'))
    const { page } = ann
    const panel = page.locator('unisson-comments')
    await panel.getByRole('button', { name: 'Commenter la page' }).click()
    const field = panel.getByRole('textbox')
    await field.pressSequentially('Vu, @b')
    const list = panel.getByRole('listbox', { name: 'Personnes' })
    await list.getByRole('option', { name: /^Bella/ }).waitFor()
    assert.equal(await list.getByRole('option').count(), 2)
    assert.deepEqual(await ann.faults(), [])
    await picture(page, 'comment-people')
    await field.press('ArrowDown')
    await list.locator('[aria-selected="true"]', { hasText: 'Bob' }).waitFor()
    await field.press('Enter')
    await list.waitFor({ state: 'detached' })
    await until(async () => await field.inputValue() === 'Vu, @Bob ', 'the name is in the text')
    await field.pressSequentially('et @bel')
    await list.getByRole('option', { name: /^Bella/ }).click()
    await until(async () => await field.inputValue() === 'Vu, @Bob et @Bella ', 'so is the other one')
    await field.press('@')
    await list.waitFor()
    await field.press('Escape')
    await list.waitFor({ state: 'detached' })
    await field.press('Backspace')
    await panel.getByRole('button', { name: 'Envoyer' }).click()
    await panel.locator('.thread', { hasText: 'Vu, @Bob et @Bella' }).waitFor()
    const { threads: [{ comments: [comment] }] } = await done(server, 'GET', '/documents/spaces%2Fcanteen%2Fmenus/comments')
    assert.deepEqual(comment.mentions.sort(), ['bella', 'bob'])
    const bob = await open(`${server.httpUrl}/-/news`, signedIn('bob'))
    await bob.page.locator('unisson-news').getByText('ann vous a mentionné dans un commentaire').waitFor()
    await bob.page.locator('unisson-news').getByRole('link', { name: 'Menus (canteen)' }).click()
    await bob.page.locator('unisson-comments .thread', { hasText: 'Vu, @Bob' }).waitFor()
  })))

test('what has happened is listed for everybody, a person and a page, with faces, differences and feeds, also without a script', options, () =>
  withServer(fast, (server) => withBrowser(async (open) => {
    await makeWiki(server, 'canteen', PAGES, { ann: 'editor', bob: 'editor' })
    await write(server, 'menus', 'Purée.\n', 'ann')
    await write(server, 'hygiene', 'Savon.\n', 'bob')
    const activity = async () => (await done(server, 'GET', '/activity', undefined, { shown: as('bob') })).activity
    await until(async () => (await activity().catch(() => [])).length === 2, 'both are known', SOON_MS, 50)
    const bob = await open(`${server.httpUrl}/-/activity`, signedIn('bob', { javaScriptEnabled: false }))
    const { page } = bob
    await page.getByRole('link', { name: 'Menus', exact: true }).waitFor()
    await picture(page, 'activity')
    await page.getByRole('listitem').filter({ hasText: 'Hygiène' }).locator('a.face').click()
    await page.getByText('Le travail de Bob Roy').waitFor()
    assert.equal(await page.getByRole('link', { name: 'Menus', exact: true }).count(), 0)
    const feed = await page.getByRole('link', { name: 'Flux (Atom)' }).getAttribute('href')
    const atom = await fetch(new URL(feed, page.url()), { headers: { authorization: `Bearer ${as('bob')}` } })
    assert.match(await atom.text(), /<title>Hygiène<\/title>/)
    await page.getByRole('link', { name: 'Tout le monde' }).click()
    await page.getByRole('link', { name: 'Menus', exact: true }).click()
    await page.getByRole('navigation', { name: 'Cette page' }).getByRole('link', { name: 'Activité' }).click()
    await page.getByText(/écriture/).waitFor()
    assert.equal(await page.getByRole('link', { name: 'Hygiène', exact: true }).and(page.locator('.hits a')).count(), 0)
    const seen = await open(page.url(), signedIn('bob'))
    assert.deepEqual(await seen.faults(), [])
    await seen.page.getByRole('link', { name: /Ce qui a changé depuis/ }).click()
    await seen.page.locator('unisson-history .compare').waitFor()
    await picture(seen.page, 'activity-changes')
  })))
