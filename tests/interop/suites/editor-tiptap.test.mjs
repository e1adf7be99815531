//! TipTap 3 as its documentation has it, TipTap with the project's extensions, and `<unisson-editor>` on one page.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { skip, withBrowser } from '../harness/editors.mjs'
import { withServer } from '../harness/server.mjs'
import { withTiptap } from '../harness/tiptap.mjs'
import { until } from '../harness/wait.mjs'

const options = { skip, timeout: 240_000 }

/** One person in a TipTap. */
const openTiptap = async (open, address, server, name) => {
  const person = await open(address)
  await person.page.evaluate(([url, name]) => window.start(url, name), [`${server.webSocketUrl}/hocuspocus`, name])
  const text = person.page.locator('.ProseMirror')
  await until(() => person.page.evaluate(() => window.isSynced()), 'TipTap is in sync')
  return {
    page: person.page,
    html: () => person.page.evaluate(() => window.editor.getHTML()),
    run: (command, ...more) => person.page.evaluate(([command, more]) => window.editor.chain().focus()[command](...more).run(), [command, more]),
    end: async () => { await text.click(); await person.page.keyboard.press('Control+End') },
    type: (letters) => person.page.keyboard.type(letters),
    press: (keys) => person.page.keyboard.press(keys),
    saved: () => until(() => person.page.evaluate(() => window.isSynced()), 'everything is saved')
  }
}

test('three kinds of editor write one page, formats and all', options, () => withServer({ environment: { UNISSON_INSECURE: 'true' } }, (server) => withTiptap((pages) => withBrowser(async (open) => {
  const stock = await openTiptap(open, `${pages}/stock`, server, 'tiptap')
  const pair = await openTiptap(open, `${pages}/pair`, server, 'tiptap')
  const ann = await open(`${server.httpUrl}/d/tiptap`, { name: 'Anne' })
  await ann.synced()
  const same = async (what) => {
    await until(async () => await stock.html() === await pair.html(), async () => `${what}: ${await stock.html()} ${await pair.html()}`)
    const text = (html) => html.replaceAll(/<[^>]+>/g, '')
    await until(async () => text(await ann.ask((editor) => editor.toHTML())) === text(await stock.html()), `${what}: the third too`)
    return stock.html()
  }
  await stock.end()
  await stock.type('# Titre')
  await stock.press('Enter')
  await stock.type('du texte ')
  await same('the stock editor writes')
  const behind = async ({ page }) => {
    await page.locator('.ProseMirror p', { hasText: 'du texte' }).click()
    await page.keyboard.press('End')
  }
  await Promise.all([stock, pair, ann].map(behind))
  await Promise.all([stock.type('sssssssss'), pair.type('ppppppppp'), ann.type('uuuuuuuuu')])
  const html = await same('all write at once')
  for (const letter of 'spu') assert.equal(html.replaceAll(/<[^>]+>|Titre|du texte/g, '').split(letter).length - 1, 9, `${letter}: ${html}`)

  await pair.run('selectAll')
  await pair.run('toggleBold')
  await ann.end()
  await ann.press('Enter')
  await ann.type('- point')
  await same('formats and a list')
  await until(async () => /<li><p>/.test(await stock.html()), 'a list of one is a list of the others')
  // Undo takes back one's own only.
  await pair.press('Control+z')
  await until(async () => !/<strong>/.test(await stock.html()), 'undo takes the format back')
  const after = await same('undo')
  assert.match(after, /point/)
  assert.doesNotMatch(after, /<strong>/)
  await Promise.all([stock.saved(), pair.saved(), ann.saved()])
}))))
