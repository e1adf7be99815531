//! One's own caret beside those of others, in a real browser: a click lands in the text, never in a drawing.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { skip, withBrowser } from '../harness/editors.mjs'
import { withServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

const options = { skip, timeout: 120_000 }

test('a click behind a line where somebody else\'s caret stands leads to its end, and no letter is lost', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const ann = await open(`${server.httpUrl}/d/carets`, { name: 'Anne' })
  const bob = await open(`${server.httpUrl}/d/carets`, { name: 'Bilal' })
  await Promise.all([ann.synced(), bob.synced()])
  await ann.end()
  await ann.type('# Titre')
  await ann.press('Enter')
  await ann.type('du texte')
  await until(async () => /du texte/.test(await bob.markdown()), 'Bilal has the text')
  const line = ann.page.locator('unisson-editor .ProseMirror p', { hasText: 'du texte' })
  let expected = 'du texte'
  for (let round = 0; round < 5; round++) {
    await ann.caret('Titre', 0)
    await bob.end()
    await line.locator('.unisson-caret').waitFor()
    const box = await line.boundingBox()
    // Close behind the letters, and far from them.
    const caret = await line.locator('.unisson-caret').boundingBox()
    const x = round % 2 === 0 ? box.width / 2 : caret.x - box.x + caret.width + 1
    await line.click({ position: { x, y: box.height / 2 } })
    // The browser leads the caret into the drawing, and the editor out of it, a moment later.
    await until(async () => (await ann.around())[0].replaceAll('z', '') === expected, `round ${round}: the caret is behind the letters`)
    await ann.type('abc')
    expected += 'abc'
    await bob.type('z')
    let text = ''
    await until(async () => { text = await bob.markdown(); return text.split('abc').length === round + 2 }, () => `round ${round}: all letters arrive: ${text}`)
    const said = (await bob.markdown()).split('\n').find((text) => text.includes('du texte'))
    assert.equal(said.replaceAll('z', ''), expected, `round ${round}: ${said}`)
  }
  await ann.saved()
})))
