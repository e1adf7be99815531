//! Writing on below what ends a page and has no place for a caret behind it, in a real browser.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { skip, withBrowser } from '../harness/editors.mjs'
import { withServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

const options = { skip, timeout: 120_000 }
/** A red square that browsers draw. */
const PNG = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP8z4APMOGVHbHSAEEsAROxCnMTAAAAAElFTkSuQmCC'

/** What ends the page: made by one edit, as it is when somebody else has taken away what stood below. */
const ENDS = {
  contents: { type: 'paragraph', content: [{ type: 'text', text: 'Sommaire', marks: [{ type: 'link', attrs: { href: '#toc' } }] }] },
  image: { type: 'image', attrs: { src: PNG, alt: 'carré' } },
  horizontalRule: { type: 'horizontalRule' },
  table: { type: 'table', content: [{ type: 'tableRow', content: ['a', 'b'].map((text) => ({ type: 'tableCell', content: [{ type: 'paragraph', content: [{ type: 'text', text }] }] })) }] },
  blockquote: { type: 'blockquote', attrs: { callout: 'info' }, content: [{ type: 'paragraph', content: [{ type: 'text', text: 'Retenir' }] }] }
}

/** The page is a heading, a line, and this block. */
const endWith = (person, block) => person.page.evaluate((block) => {
  const { view } = document.querySelector('unisson-editor')
  const { schema, doc, tr } = view.state
  const nodes = [
    { type: 'heading', attrs: { level: 1 }, content: [{ type: 'text', text: 'Titre' }] },
    { type: 'paragraph', content: [{ type: 'text', text: 'Avant' }] },
    block
  ].map((node) => schema.nodeFromJSON(node))
  view.dispatch(tr.replaceWith(0, doc.content.size, nodes))
}, block)

const blocks = (person) => person.ask((editor) => editor.view.state.doc.content.content.map((node) => [node.type.name, node.textContent]))

const isBelow = (person) => person.ask((editor) => {
  const { doc, selection } = editor.view.state
  return selection.empty && selection.$head.parent === doc.lastChild && doc.lastChild.content.size === 0
})

const kinds = Object.keys(ENDS)

test('an arrow down, Enter or a click below what ends a page makes a paragraph there', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const ann = await open(`${server.httpUrl}/d/dessous`, { name: 'Anne' })
  const bob = await open(`${server.httpUrl}/d/dessous`, { name: 'Bilal' })
  await Promise.all([ann.synced(), bob.synced()])
  await ann.text.click()
  for (const kind of kinds) {
    await endWith(ann, ENDS[kind])
    const written = ['paragraph', `dessous ${kind}`]

    await ann.caret('Avant', 5)
    // The editor hears of each move a moment later; in the new paragraph one more press moves nothing.
    await until(async () => {
      if (await isBelow(ann)) return true
      await ann.press('ArrowDown')
      return false
    }, `${kind}: the arrow leads below`)
    await ann.type(written[1])
    await until(async () => JSON.stringify((await blocks(bob)).at(-1)) === JSON.stringify(written), `${kind}: Bob gets it`)
    assert.equal((await blocks(ann)).length, 4, kind)

    await endWith(ann, ENDS[kind])
    const box = await ann.text.boundingBox()
    await ann.text.click({ position: { x: box.width / 2, y: box.height - 12 } })
    await until(() => isBelow(ann), `${kind}: the click leads below`)
    await ann.type(written[1])
    await until(async () => JSON.stringify((await blocks(bob)).at(-1)) === JSON.stringify(written), `${kind}: Bob gets it`)
    assert.equal((await blocks(ann)).length, 4, kind)
  }

  await endWith(ann, ENDS.contents)
  await ann.caret('Sommaire', 8)
  await ann.press('Enter')
  await until(() => isBelow(ann), 'Enter leads below the contents')
  await ann.type('après')
  await until(async () => /#toc\)\n\naprès$/.test((await ann.markdown()).trim()), 'it is no link')
  await ann.saved()
})))

test('where one may only read, nothing is made', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const ann = await open(`${server.httpUrl}/d/lecture`, { name: 'Anne' })
  await ann.synced()
  await ann.text.click()
  await endWith(ann, ENDS.image)
  await ann.saved()
  await ann.page.evaluate(() => document.querySelector('unisson-editor').setAttribute("access", "reader"))
  await until(() => ann.ask((editor) => !editor.view.editable), 'it may be read only')
  const box = await ann.text.boundingBox()
  await ann.text.click({ position: { x: box.width / 2, y: box.height - 12 } })
  await ann.press('ArrowDown')
  await ann.page.waitForTimeout(300)
  assert.equal((await blocks(ann)).length, 3)
})))
