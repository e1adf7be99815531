//! The page of administration in a real browser: read, used by keyboard alone, and the banner where people are.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { open as openClient } from '../harness/clients.mjs'
import { skip, withBrowser } from '../harness/editors.mjs'
import { SECRET } from '../harness/portal.mjs'
import { withServer } from '../harness/server.mjs'
import { as, done, makeSpace, tokens } from '../harness/spaces.mjs'
import { until } from '../harness/wait.mjs'

const options = { skip, timeout: 120_000 }
const settings = `[auth]\nsecret = ${JSON.stringify(SECRET)}\n`
const OPERATOR = tokens[0].value

/** The page as an operator opens it: the token is the component's own, as a portal would give it. */
const asOperator = async (open, server, more = {}) => {
  const person = await open(`${server.httpUrl}/-/admin`, more)
  await person.page.evaluate((token) => {
    const before = document.querySelector('unisson-admin')
    const component = document.createElement('unisson-admin')
    component.setAttribute('token', token)
    before.replaceWith(component)
  }, OPERATOR)
  await person.page.getByRole('heading', { name: more.locale === 'en-GB' ? 'How the server is doing' : 'État du serveur' }).waitFor()
  return person
}

const picture = async (page, name) => { if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/${name}.png`, fullPage: true }) }

test('on one’s own machine the page shows how the server is doing, clean in both colours and on a phone', options, () => withServer({}, (server) => withBrowser(async (open) => {
  await done(server, 'POST', '/spaces', { id: 'cantine', title: 'La cantine', owner: 'me' })
  for (const [name, more] of [['light', {}], ['dark', { colorScheme: 'dark' }], ['phone', { viewport: { width: 390, height: 800 } }]]) {
    const person = await open(`${server.httpUrl}/-/admin`, more)
    const { page } = person
    await page.getByRole('heading', { name: 'État du serveur' }).waitFor()
    await page.getByText('Fonctionne : les modifications sont enregistrées').first().waitFor()
    await page.getByRole('rowheader', { name: /La cantine/ }).waitFor()
    assert.deepEqual(await person.faults(), [], name)
    await picture(page, `admin-${name}`)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    assert.ok(wide <= 0, `${name}: the page is ${wide} px too wide`)
  }
})))

test('who is no operator is told so and sees nothing', options, () => withServer({ settings, tokens }, (server) => withBrowser(async (open) => {
  const person = await open(`${server.httpUrl}/-/admin`)
  await person.page.getByText('Cette page est réservée').waitFor()
  assert.equal(await person.page.getByRole('heading', { name: 'État du serveur' }).count(), 0)
  assert.deepEqual(await person.faults(), [])
})))

test('by keyboard alone an operator finds somebody, keeps them out, and lets them in', options, () => withServer({ settings, tokens }, (server) => withBrowser(async (open) => {
  await makeSpace(server, 'team', { ann: 'editor', bob: 'editor' })
  const clients = ['ann', 'bob'].map((sub) => openClient('hocuspocus 4', server, 'spaces/team/page', { token: as(sub) }))
  try {
    await Promise.all(clients.map((client) => client.whenSynced()))
    const person = await asOperator(open, server)
    const { page } = person
    await page.getByLabel('Personne, espace ou page').focus()
    await page.keyboard.type('bob')
    await page.keyboard.press('Enter')
    await until(async () => await page.getByRole('rowheader', { name: /^bob/ }).count() === 1 && await page.getByRole('rowheader', { name: /^ann/ }).count() === 0, 'bob alone is there')
    await page.getByRole('button', { name: 'Écarter bob…' }).focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Écarter bob ?' })
    await dialog.waitFor()
    assert.deepEqual(await person.faults(), [])
    await picture(page, 'admin-keep-out')
    // Escape changes nothing, and the focus is where it was.
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    assert.equal((await done(server, 'GET', '/admin/kept-out')).people.length, 0)
    await page.keyboard.press('Enter')
    await dialog.waitFor()
    await page.keyboard.press('Control+A')
    await page.keyboard.type('15')
    await page.keyboard.press('Enter')
    await page.getByText('bob est à l’écart.').first().waitFor()
    await until(async () => (await done(server, 'GET', '/admin/people?user=bob')).people.length === 0, 'bob is out')
    const [{ until_ms: untilMs }] = (await done(server, 'GET', '/admin/kept-out')).people
    assert.ok(Math.abs(untilMs - Date.now() - 15 * 60_000) < 30_000)
    await page.getByRole('button', { name: 'Laisser revenir bob' }).press('Enter')
    await page.getByText('bob peut revenir.').first().waitFor()
    assert.equal((await done(server, 'GET', '/admin/people?user=ann')).people.length, 1, 'ann was never touched')
  } finally {
    clients.forEach((client) => client.destroy())
  }
})))

test('a banner is set in both languages and seen by readers, by writers and in a portal’s editor', options, () => withServer({ settings, tokens }, (server) => withBrowser(async (open) => {
  await makeSpace(server, 'team', { ann: 'editor' }, { visibility: 'public', anonymous_role: 'reader' })
  const { page } = await asOperator(open, server)
  await page.getByLabel('Texte en français').fill('Maintenance ce soir à 18 h')
  await page.getByLabel('Texte en anglais').fill('Maintenance tonight at 6 pm')
  await page.getByLabel('Importance').selectOption({ label: 'Avertissement' })
  await page.getByRole('button', { name: 'Afficher', exact: true }).press('Enter')
  await page.getByText('Affiché en ce moment : Maintenance ce soir à 18 h').first().waitFor()
  for (const [locale, text] of [['fr-FR', 'Maintenance ce soir à 18 h'], ['en-GB', 'Maintenance tonight at 6 pm']]) {
    const reader = await open(`${server.httpUrl}/s/team/page`, { locale })
    assert.equal((await reader.page.locator('.banner').textContent()).trim(), text)
    assert.deepEqual(await reader.faults(), [])
    const without = await open(`${server.httpUrl}/s/team/page`, { locale, javaScriptEnabled: false })
    assert.equal((await without.page.locator('.banner').textContent()).trim(), text, 'without a script too')
    const writer = await open(`${server.httpUrl}/d/spaces/team/page`, { locale })
    await writer.page.locator('unisson-editor .banner', { hasText: text }).waitFor()
    await picture(reader.page, `banner-${locale}`)
    await picture(writer.page, `banner-editor-${locale}`)
  }
  await page.getByRole('button', { name: 'Retirer' }).press('Enter')
  await page.getByText('Aucun bandeau n’est affiché.').first().waitFor()
  const later = await open(`${server.httpUrl}/s/team/page`)
  assert.ok(await later.page.locator('.banner').isHidden())
})))
