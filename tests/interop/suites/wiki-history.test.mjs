//! The history of a page in a real browser: who did what, and exactly that undone.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { skip, withBrowser } from '../harness/editors.mjs'
import { withServer } from '../harness/server.mjs'
import { as, done } from '../harness/spaces.mjs'
import { until } from '../harness/wait.mjs'
import { makeWiki, signedIn, wiki } from '../harness/wiki.mjs'

const DOCUMENT = '/documents/spaces%2Ftown%2Fwalks'
const picture = async (page, name) => { if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/${name}.png`, fullPage: true }) }

const says = async (server) => (await (await fetch(`${server.httpUrl}/api/v1${DOCUMENT}/content?format=markdown`, { headers: { authorization: `Bearer ${as('ann')}` } })).text()).trim()
const write = async (server, who, operations) => done(server, 'PATCH', `${DOCUMENT}/content`, { operations }, { shown: as(who) })
const begin = (server, who, content) => done(server, 'POST', '/documents', { name: 'spaces/town/walks', content }, { shown: as(who) })
const becomes = async (server, expected, what) => {
  let text = ''
  await until(async () => { text = await says(server); return text === expected }, () => `${what}: ${JSON.stringify(text)}`, 10_000, 50)
}

test('a newcomer vandalises a page of a public space, and a facilitator undoes exactly that', { skip, timeout: 120_000 }, () =>
  withServer(wiki, (server) => withBrowser(async (open) => {
    await makeWiki(server, 'town', [['walks', 'Promenades']], { ann: 'facilitator', bob: 'editor' }, { visibility: 'public', anonymous_role: 'editor', signed_in_role: 'editor' })
    await begin(server, 'bob', 'Le canal est beau.\n\nLe parc ferme à huit heures.')

    // Somebody without a name, in the page itself.
    const newcomer = await open(`${server.httpUrl}/s/town/walks?edit`)
    await newcomer.synced()
    await newcomer.caret('Le parc ferme', 0)
    await newcomer.press('Shift+End')
    await newcomer.press('Delete')
    await newcomer.end()
    await newcomer.type('ACHETEZ MES MONTRES')
    await newcomer.press('Enter')
    await newcomer.saved()
    // Bob goes on meanwhile, before and between.
    await write(server, 'bob', [{ op: 'prepend', content: 'Quatre promenades.' }])
    const vandalised = await says(server)
    assert.ok(vandalised.includes('MONTRES') && !vandalised.includes('parc'), vandalised)

    const person = await open(`${server.httpUrl}/s/town/walks/-/history`, signedIn('ann'))
    const { page } = person
    const screen = page.locator('unisson-history')
    await screen.getByRole('button', { name: 'Qui a fait quoi' }).click()
    await screen.locator('.work', { hasText: 'Anonyme' }).getByRole('button').waitFor()
    await picture(page, 'history-people')
    assert.deepEqual(await person.faults(), [])
    await screen.locator('.work', { hasText: 'Anonyme' }).getByRole('button').click()
    await picture(page, 'history-revert')
    assert.deepEqual(await person.faults(), [])
    await screen.locator('dialog').getByRole('button', { name: 'Annuler ses modifications' }).click()
    await becomes(server, 'Quatre promenades.\n\nLe canal est beau.\n\nLe parc ferme à huit heures.', 'exactly the newcomer’s part is gone')
    await until(async () => (await newcomer.markdown()).includes('parc'), 'also where the page is open')

    // It was a mistake, and that was one as well.
    await screen.locator('.notice').getByRole('button', { name: 'Annuler' }).click()
    await becomes(server, vandalised, 'the undoing is undone')
  })))

test('versions are kept, compared in the page’s own letters, restored, and the restoration is undone', { skip, timeout: 120_000 }, () =>
  withServer(wiki, (server) => withBrowser(async (open) => {
    await makeWiki(server, 'town', [['walks', 'Promenades']], { ann: 'editor', bob: 'editor', dan: 'reader' })
    await begin(server, 'bob', '## Le canal\n\nLe canal est beau en hiver.')
    const person = await open(`${server.httpUrl}/s/town/walks/-/history`, signedIn('ann'))
    const { page } = person
    const screen = page.locator('unisson-history')
    await screen.getByLabel('Nom, par exemple « Envoyée au maire »').fill('Envoyée au maire')
    await screen.getByRole('button', { name: 'Garder', exact: true }).click()
    await screen.getByText('« Envoyée au maire » est gardée pour toujours.').waitFor()
    const first = await says(server)
    await write(server, 'ann', [{ op: 'replace-text', find: 'beau en hiver', replace_with: 'beau au printemps' }, { op: 'append', content: 'Prenez un vélo.' }])
    const second = await says(server)

    await page.reload()
    await screen.getByLabel('De', { exact: true }).waitFor()
    const article = screen.locator('article')
    await article.locator('ins', { hasText: 'Prenez un vélo.' }).first().waitFor()
    await article.locator('del', { hasText: 'hiver' }).first().waitFor()
    assert.equal(await article.locator('h2').textContent().then((text) => text.trim()), 'Le canal')
    await picture(page, 'history-diff')
    assert.deepEqual(await person.faults(), [])

    // Who wrote this: by a selection, and by a person.
    await screen.getByRole('button', { name: 'Qui a écrit cela' }).click()
    await screen.getByRole('button', { name: 'Marquer ce que bob a écrit' }).click()
    await article.locator('[data-marked]', { hasText: 'Le canal est' }).first().waitFor()
    await article.getByText('Prenez un vélo.').click({ clickCount: 3 })
    await screen.locator('.selected', { hasText: 'ann' }).waitFor()
    assert.equal(await screen.locator('.selected', { hasText: 'bob' }).count(), 0)
    await picture(page, 'history-who')
    assert.deepEqual(await person.faults(), [])

    await screen.locator('.timeline').getByRole('button', { name: /Envoyée au maire/ }).click()
    await screen.getByRole('button', { name: 'Rétablir cette version' }).click()
    await screen.locator('dialog').getByRole('button', { name: 'Rétablir cette version' }).click()
    await becomes(server, first, 'the version is restored')
    await screen.locator('.notice').getByRole('button', { name: 'Annuler' }).click()
    await becomes(server, second, 'the restoration is undone')

    // A reader sees all of it and is offered nothing that would be refused.
    const reader = (await open(`${server.httpUrl}/s/town/walks/-/history`, signedIn('dan', { viewport: { width: 390, height: 800 }, colorScheme: 'dark' }))).page
    await reader.locator('unisson-history .timeline').getByRole('button', { name: /Envoyée au maire/ }).click()
    await reader.locator('unisson-history article').waitFor()
    assert.equal(await reader.locator('unisson-history').getByRole('button', { name: /Rétablir|Garder/ }).count(), 0)
    await picture(reader, 'history-phone')
  })))
