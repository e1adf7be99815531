//! The screen on which pages are brought in and a space is taken away, in a real browser.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { unzip, zip } from '../harness/archive.mjs'
import { skip, withBrowser } from '../harness/editors.mjs'
import { withServer } from '../harness/server.mjs'
import { call } from '../harness/spaces.mjs'

const options = { skip, timeout: 120_000 }
const pictures = process.env.PICTURES

test('a facilitator brings an archive in, and takes the space away', options, () => withServer({}, (server) => withBrowser(async (open) => {
  await call(server, 'POST', '/spaces', { id: 'crise', title: 'Cellule de crise' }, { shown: null })
  const person = await open(`${server.httpUrl}/s/crise/-/import`)
  const { page } = person
  const file = page.getByLabel('Fichier', { exact: true })
  await file.waitFor()
  if (pictures) await page.screenshot({ path: `${pictures}/import.png`, fullPage: true })
  assert.deepEqual(await person.faults(), [])
  // Nothing chosen is said, and nothing happens.
  await page.getByRole('button', { name: 'Importer', exact: true }).click()
  await page.getByText('Choisissez d’abord un fichier.').first().waitFor()
  await file.setInputFiles({
    name: 'wiki.zip',
    mimeType: 'application/zip',
    buffer: zip({ 'docs/02-menus.md': '# Menus\n\n[retour](01-accueil.md)\n', 'docs/01-accueil.md': '# Accueil\n\nBonjour\n', 'docs/notes.xyz': '?' })
  })
  await page.getByRole('button', { name: 'Importer', exact: true }).click()
  await page.getByText('2 pages ont été créées.').first().waitFor()
  await page.getByText('aucune page ne le montre').waitFor()
  assert.deepEqual(await person.faults(), [])
  if (pictures) {
    await page.screenshot({ path: `${pictures}/import-done.png`, fullPage: true })
    await page.setViewportSize({ width: 390, height: 800 })
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.screenshot({ path: `${pictures}/import-phone-dark.png`, fullPage: true })
    await page.setViewportSize({ width: 1100, height: 760 })
  }
  await page.getByLabel('Pages web').check()
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Télécharger l’archive' }).click()])
  assert.equal(download.suggestedFilename(), 'crise.zip')
  const files = unzip(readFileSync(await download.path()))
  assert.match(files['index.html'].toString(), /<a href="Menus\.html">Menus<\/a>/)
  await page.locator('unisson-import').getByRole('link', { name: 'Menus' }).click()
  await page.getByRole('link', { name: 'retour' }).click()
  await page.getByText('Bonjour').waitFor()
})))
