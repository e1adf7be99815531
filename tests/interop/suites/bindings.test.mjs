//! CodeMirror, Quill and plain fields as people use them: ours on both engines, with the stock bindings
//! of Yjs on the same document, through the real server.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import { agree, skip, withEditors } from '../harness/bindings.mjs'
import { withServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

const options = { skip, timeout: 180_000 }
const pictures = process.env.PICTURES
const picture = async (person, name) => { if (pictures) await person.page.screenshot({ path: `${pictures}/${name}.png` }) }

/** Each editor, and what others have for it. */
const KINDS = [['codemirror', 'codemirror stock'], ['quill', 'quill stock'], ['textarea', 'codemirror stock']]

for (const [kind, stock] of KINDS) {
  test(`${kind}: two people and one with ${stock} write one text, and see each other`, options, () => withServer({}, (server) => withEditors(server, async (open) => {
    const ann = await open(kind, 'shared', 'Ann', { engine: 'wasm' })
    const bob = await open(kind, 'shared', 'Bilal', { color: '#b34000' })
    const eve = await open(stock, 'shared', 'Eve', { color: '#18753c' })
    await ann.go('end')
    await ann.type('Wash your hands.')
    await ann.press('Enter')
    await ann.type('Twice.')
    assert.equal(await agree(ann, bob, eve), 'Wash your hands.\nTwice.')

    // All at once, in one line.
    await Promise.all([bob.go('start'), eve.go('end')])
    await Promise.all([bob.type('Please: '), eve.type(' Or more'), ann.type(' 🙂')])
    const text = await agree(ann, bob, eve)
    assert.match(text, /^Please: Wash your hands\.\nTwice\./)
    assert.equal(text.length, 'Please: Wash your hands.\nTwice. 🙂 Or more'.length, 'nothing is lost or doubled')

    // With a selection, which others see as well.
    await bob.press('Control+Home')
    await bob.press('Shift+End')
    await Promise.all([ann.whenSees('Bilal'), ann.whenSees('Eve'), bob.whenSees('Ann'), eve.whenSees('Ann'), eve.whenSees('Bilal')])
    await until(() => ann.page.locator('.unisson-selection').count(), 'the selection is drawn')
    const box = await ann.page.locator('.unisson-caret').first().boundingBox()
    assert.ok(box.height > 8 && box.x > 10, JSON.stringify(box))
    await picture(ann, kind)
    await picture(eve, `${stock} with ${kind}`)

    // Ann takes back what she did, and nothing of what others did.
    await ann.press('Control+z')
    const less = await agree(ann, bob, eve)
    assert.ok(less.length < text.length && less.includes('Please: ') && less.includes(' Or more'), less)
    for (let left = 20; left > 0; left -= 1) await ann.press('Control+z')
    const rest = await agree(ann, bob, eve)
    assert.ok(!rest.includes('Wash') && rest.includes('Please: ') && rest.includes(' Or more'), rest)
    for (let left = 20; left > 0; left -= 1) await ann.press('Control+y')
    assert.equal(await agree(ann, bob, eve), text)
    await Promise.all([ann.saved(), bob.saved(), eve.saved()])

    // Whoever comes later sees it once.
    const late = await open(kind, 'shared', 'Zoé')
    assert.equal(await agree(ann, late), text)
  })))

  test(`${kind}: five write at once, two with ${stock}, and the server is killed meanwhile`, options, () => withServer({}, (server) => withEditors(server, async (open) => {
    const people = await Promise.all([
      open(kind, 'crowd', 'Ann', { engine: 'wasm' }), open(kind, 'crowd', 'Bilal'), open(kind, 'crowd', 'Chloé', { engine: 'wasm' }),
      open(stock, 'crowd', 'Dana'), open(stock, 'crowd', 'Eve')
    ])
    const words = ['alpha', 'bravo', 'charlie', 'delta', 'echo']
    await people[0].go('end')
    await people[0].type('\n'.repeat(2))
    await agree(...people)
    await Promise.all(people.map(async (person, index) => {
      await person.go(index % 2 === 0 ? 'start' : 'end')
      await person.type(`${words[index]} `)
      if (index === 0) await server.restart()
      for (let round = 0; round < 3; round += 1) {
        await person.type(words[index])
        await person.press('Backspace')
      }
    }))
    await Promise.all(people.map((person) => person.saved()))
    const text = await agree(...people)
    const typed = words.map((word) => `${word} ${word.slice(0, -1).repeat(3)}`).join('')
    assert.deepEqual([...text.replaceAll('\n', '')].sort(), [...typed].sort(), 'every letter once')
    assert.equal(await agree(people[0], await open(kind, 'crowd', 'Zoé')), text)
  })))

  test(`${kind}: edits of others never break a composition`, options, () => withServer({}, (server) => withEditors(server, async (open) => {
    const ann = await open(kind, 'compose', 'Ann', { engine: 'wasm' })
    const bob = await open(kind, 'compose', 'Bilal')
    await ann.go('end')
    await ann.type('one two')
    await agree(ann, bob)
    await ann.press('ArrowLeft')
    await ann.press('ArrowLeft')
    await ann.press('ArrowLeft')
    await ann.compose('か')
    await bob.go('start')
    await bob.type('>> ')
    await ann.compose('かん')
    await bob.go('end')
    await bob.type('!')
    await ann.compose('かんじ')
    await ann.composed('漢字')
    assert.equal(await agree(ann, bob), '>> one 漢字two!')
    await ann.type('x')
    assert.equal(await agree(ann, bob), '>> one 漢字xtwo!', 'the caret is behind the word')
  })))

  test(`${kind}: who may only read is not let write, and sees what others write`, options, () => withServer({
    tokens: [{ value: 'write', access: 'read-write' }, { value: 'read', access: 'read-only' }]
  }, (server) => withEditors(server, async (open) => {
    const ann = await open(kind, 'rights', 'Ann', { token: 'write' })
    const bob = await open(kind, 'rights', 'Bilal', { token: 'read', engine: 'wasm' })
    await ann.go('end')
    await ann.type('read this')
    await agree(ann, bob)
    await bob.editor.click({ force: true })
    await bob.type('xxx')
    await bob.press('Control+z')
    await ann.type('!')
    assert.equal(await agree(ann, bob), 'read this!')
  })))
}

test('quill: formats and a heading reach the stock binding, and come back from it', options, () => withServer({}, (server) => withEditors(server, async (open) => {
  const ann = await open('quill', 'formats', 'Ann', { engine: 'wasm' })
  const eve = await open('quill stock', 'formats', 'Eve')
  await ann.go('end')
  await ann.type('plain ')
  await ann.press('Control+b')
  await ann.type('bold')
  await ann.press('Control+b')
  await ann.press('Enter')
  await ann.type('more')
  await until(async () => isDeepStrictEqual(await eve.delta(), await ann.delta()), 'both hold the same')
  assert.deepEqual(await ann.delta(), [{ insert: 'plain ' }, { insert: 'bold', attributes: { bold: true } }, { insert: '\nmore' }])
  await eve.go('start')
  await eve.page.locator('.ql-header').click()
  await until(() => ann.page.locator('.ql-editor h1').count(), 'Ann sees the heading')
  assert.equal(await ann.page.locator('.ql-editor h1 strong').textContent(), 'bold')
  await picture(ann, 'quill formats')
})))

test('an input and a textarea share one text, each as it can', options, () => withServer({}, (server) => withEditors(server, async (open) => {
  const ann = await open('input', 'title', 'Ann')
  const bob = await open('textarea', 'title', 'Bilal', { engine: 'wasm' })
  await ann.editor.click()
  await ann.type('A title')
  await until(async () => await bob.content() === 'A title', 'Bilal reads it')
  await bob.go('end')
  await bob.press('Enter')
  await bob.type('below')
  await until(async () => await ann.content() === 'A title below', 'the line end is a space')
  await ann.press('Home')
  await ann.type('Not ')
  await until(async () => await bob.content() === 'Not A title\nbelow', 'and stays a line end')
  await ann.whenSees('Bilal')
  // Bilal's caret is behind the last letter, also after Ann has typed before it.
  await until(() => ann.page.evaluate(() => {
    const field = document.querySelector('input')
    const { fontSize, fontFamily, borderLeftWidth, paddingLeft } = getComputedStyle(field)
    const pen = document.createElement('canvas').getContext('2d')
    pen.font = `${fontSize} ${fontFamily}`
    const end = field.getBoundingClientRect().left + parseFloat(borderLeftWidth) + parseFloat(paddingLeft) + pen.measureText(field.value).width
    return Math.abs(document.querySelector('.unisson-caret').getBoundingClientRect().left - end) < 2
  }), 'the caret is where the text ends')
  await picture(ann, 'input')
})))
