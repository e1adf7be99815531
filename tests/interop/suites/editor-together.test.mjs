//! Several people in one place of one page, in real browsers.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { open as openClient } from '../harness/clients.mjs'
import { agreed, skip, withBrowser } from '../harness/editors.mjs'
import { withServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

const options = { skip, timeout: 240_000 }
const pictures = process.env.PICTURES
const NAMES = ['Anne Martin', 'Bilal Roy', 'Chloé Dupont', 'Driss Amara', 'Élise Petit']

const joined = async (open, address, names, more = {}) => {
  const people = await Promise.all(names.map((name) => open(address, { name, ...more })))
  await Promise.all(people.map((person) => person.synced()))
  return people
}

const count = (text, letter) => text.split(letter).length - 1

test('five people type in one paragraph', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const people = await joined(open, `${server.httpUrl}/d/cinq`, NAMES)
  const [ann] = people
  await ann.text.click()
  await ann.type('Liste : ')
  await agreed(people)
  await Promise.all(people.map((person) => person.end()))
  // Each types letters of their own, all at once; some take one back now and then.
  await Promise.all(people.map(async (person, number) => {
    for (let turn = 0; turn < 12; turn += 1) {
      await person.type('ABCDE'[number])
      if (number === 1 && turn % 4 === 3) { await person.type('x'); await person.press('Backspace') }
    }
  }))
  await Promise.all(people.map((person) => person.saved()))
  const text = await agreed(people)
  for (const letter of 'ABCDE') assert.equal(count(text, letter), 12, `${letter} in ${text}`)
  assert.match(text, /^Liste : [A-E]{60}\n$/)
  await until(async () => (await ann.page.locator('.unisson-caret-name').count()) === 4, 'Anne sees four carets')
  if (pictures) await ann.page.screenshot({ path: `${pictures}/five.png` })
  for (const person of people.slice(0, 2)) assert.deepEqual(await person.faults(), [])
})))

test('five people fill one table while it grows', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const people = await joined(open, `${server.httpUrl}/d/tableau`, NAMES)
  const [ann] = people
  await ann.text.click()
  await ann.tool('Tableau').click()
  await agreed(people)
  const cells = (person) => person.page.locator('unisson-editor .ProseMirror :is(td, th)')
  await until(async () => (await cells(people[4]).count()) === 9, 'the table is there')
  const isIn = (person, at) => person.page.evaluate((at) => {
    const { shadowRoot, view } = document.querySelector('unisson-editor')
    const cell = shadowRoot.querySelectorAll('.ProseMirror :is(td, th)')[at]
    return view.hasFocus() && cell.contains(view.domAtPos(view.state.selection.head).node)
  }, at)
  await Promise.all(people.map(async (person, number) => {
    // While the carets of the others are being drawn.
    await cells(person).nth(number + 3).click()
    await until(() => isIn(person, number + 3), `person ${number} is in a cell`)
  }))
  await Promise.all(people.map(async (person, number) => {
    for (const letter of `case${number}`) await person.type(letter)
    // Two change the table around the others' carets.
    if (number === 0) await person.page.locator('unisson-editor').getByRole('button', { name: 'Ligne au-dessus' }).click()
    if (number === 4) await person.page.locator('unisson-editor').getByRole('button', { name: 'Colonne à droite' }).click()
    for (const letter of ' fin') await person.type(letter)
  }))
  await Promise.all(people.map((person) => person.saved()))
  const text = await agreed(people)
  for (let number = 0; number < 5; number += 1) assert.ok(text.includes(`case${number} fin`), `case${number} in ${text}`)
  // Whatever happens at once, the table stays one: as many cells in each row.
  const rows = await ann.ask((editor) => [...editor.shadowRoot.querySelectorAll('.ProseMirror tr')].map((row) => row.cells.length))
  assert.deepEqual(new Set(rows).size, 1, rows.join())
  assert.equal(rows.length, 4)
})))

test('a move of the caret that the editor has not heard of yet outlasts what is drawn for others', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const [ann, bob] = await joined(open, `${server.httpUrl}/d/mouvement`, NAMES.slice(0, 2))
  await ann.text.click()
  await ann.type('un deux trois')
  await agreed([ann, bob])
  await bob.caret('un deux', 3)
  await until(() => ann.ask(({ view }) => view.dom.querySelector('.unisson-caret')?.previousSibling?.textContent === 'un '), 'Anne sees the caret there')
  // The browser tells of a move in a task of its own; before it, somebody else's caret is drawn.
  const moved = await ann.ask(async ({ view, session, shadowRoot }) => {
    const text = view.domAtPos(1).node.firstChild ?? view.domAtPos(1).node
    const selection = shadowRoot.getSelection?.() ?? document.getSelection()
    const [other] = [...session.awareness.getStates().keys()].filter((id) => id !== session.awareness.clientID)
    const before = view.state.selection.head
    selection.collapse(text, 2)
    const wanted = view.posAtDOM(text, 2)
    session.awareness.states.set(other, { ...session.awareness.getStates().get(other), cursor: null })
    session.awareness.emit('change', [{ added: [], updated: [other], removed: [] }, 'local'])
    await Promise.resolve().then(() => {}).then(() => {})
    return { before, wanted, now: view.state.selection.head, shown: view.posAtDOM(selection.focusNode, selection.focusOffset) }
  })
  assert.notEqual(moved.before, moved.wanted, 'it is a move')
  assert.deepEqual([moved.now, moved.shown], [moved.wanted, moved.wanted], JSON.stringify(moved))
})))

test('a composition goes on while others type before it and in its paragraph', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const [ann, bob] = await joined(open, `${server.httpUrl}/d/ime`, NAMES.slice(0, 2))
  await ann.text.click()
  await ann.type('début fin')
  await agreed([ann, bob])
  await ann.end()
  const ime = await ann.devtools()
  const compose = (text) => ime.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length })
  await compose('に')
  await compose('にほ')
  await bob.caret('début', 0)
  await bob.type('avant ')
  await compose('にほん')
  await bob.caret('fin', 0)
  await bob.type('milieu ')
  await until(async () => /にほん/.test(await bob.markdown()), 'the other sees what is being composed')
  await bob.end()
  await bob.press('Enter')
  await bob.type('ailleurs')
  await compose('にほんご')
  assert.equal(await ann.ask((editor) => editor.view.composing), true, 'the composition goes on')
  await ime.send('Input.insertText', { text: '日本語' })
  await until(async () => /avant début milieu fin/.test(await ann.markdown()), 'then the other\'s text is shown')
  await ann.type(' ok')
  assert.equal(await agreed([ann, bob]), 'avant début milieu fin日本語 ok\n\nailleurs\n')
})))

test('keyboards on glass write words, correct them, and never write them twice', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const phone = {
    viewport: { width: 393, height: 700 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2,
    userAgent: 'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36'
  }
  const [ann] = await joined(open, `${server.httpUrl}/d/telephone`, ['Anne'], phone)
  const [bob] = await joined(open, `${server.httpUrl}/d/telephone`, ['Bilal'])
  await ann.text.tap()
  const keyboard = await ann.devtools()
  // Such a keyboard tells no key, and composes each word that it might still correct.
  const key = (type) => keyboard.send('Input.dispatchKeyEvent', { type, windowsVirtualKeyCode: 229, key: 'Unidentified' })
  const word = async (...steps) => {
    for (const text of steps) {
      await key('keyDown')
      await keyboard.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length })
      await key('keyUp')
    }
    await keyboard.send('Input.insertText', { text: `${steps.at(-1)} ` })
  }
  await word('b', 'bo', 'bon', 'bonj', 'bonjour')
  await bob.end()
  await word('à', 'à t', 'à to', 'à tous')
  await ann.press('Enter')
  await word('m', 'me', 'mer', 'merci')
  // Correcting the last word: it is composed again, shorter.
  await ann.press('Backspace')
  await ann.press('Backspace')
  await word('r', 're')
  await bob.caret('bonjour', 0)
  await bob.type('Bilal : ')
  const text = await agreed([ann, bob])
  assert.equal(text.replaceAll('\u00a0', ' '), 'Bilal : bonjour à tous\n\nmercre\n')
  assert.deepEqual(await ann.faults(), [])
  if (pictures) await ann.page.screenshot({ path: `${pictures}/phone.png` })
})))

test('what another editor wrote is shown, kept and not changed', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const stock = openClient('hocuspocus 4', server, 'etranger')
  try {
    await stock.whenSynced()
    const root = stock.doc.getXmlFragment('default')
    stock.doc.transact(() => {
      const callout = new Y.XmlElement('callout')
      callout.setAttribute('kind', 'info')
      const inside = new Y.XmlElement('paragraph')
      inside.insert(0, [new Y.XmlText('à ne pas perdre')])
      callout.insert(0, [inside])
      const paragraph = new Y.XmlElement('paragraph')
      const text = new Y.XmlText()
      text.insert(0, 'texte ')
      text.insert(6, 'surligné', { fluo: { color: 'yellow' } })
      paragraph.insert(0, [text])
      root.insert(0, [paragraph, callout])
    })
    const [ann] = await joined(open, `${server.httpUrl}/d/etranger`, ['Anne'])
    await until(async () => /surligné/.test(await ann.ask((editor) => editor.toText())), 'Anne sees the text')
    const foreign = ann.page.locator('unisson-editor div.unisson-unsupported').first()
    assert.equal(await foreign.getAttribute('contenteditable'), 'false')
    assert.match(await foreign.getAttribute('title'), /callout/)
    assert.match(await foreign.textContent(), /à ne pas perdre/)
    await ann.caret('texte', 0)
    await ann.type('Un ')
    await ann.press('Control+a')
    await ann.press('Control+b')
    await ann.press('Control+z')
    await ann.saved()
    await until(() => root.toString().includes('Un texte'), 'her edit arrives')
    const [, callout] = root.toArray()
    assert.equal(callout.toString(), '<callout kind="info"><paragraph>à ne pas perdre</paragraph></callout>')
    assert.deepEqual(root.get(0).get(0).toDelta().at(-1), { insert: 'surligné', attributes: { fluo: { color: 'yellow' } } })
    if (pictures) await ann.page.screenshot({ path: `${pictures}/foreign.png` })
    assert.deepEqual(await ann.faults(), [])
  } finally {
    stock.destroy()
  }
})))

test('a caret stays where it is, whatever others do around it', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const [ann, bob] = await joined(open, `${server.httpUrl}/d/caret`, NAMES.slice(0, 2))
  await ann.text.click()
  await ann.type('un deux trois quatre')
  await agreed([ann, bob])
  await ann.caret('deux trois', 5)
  const stays = async (what) => {
    await agreed([ann, bob], what)
    const [before, behind] = await ann.around()
    assert.match(before, /deux $/, what)
    assert.match(behind, /^trois/, what)
    assert.equal(await ann.ask((editor) => editor.view.hasFocus()), true, what)
  }
  await bob.caret('un', 0)
  await bob.type('zéro ')
  await stays('typing before it')
  await bob.caret('zéro', 0)
  for (let key = 0; key < 5; key += 1) await bob.press('Delete')
  await stays('deleting before it')
  await bob.press('Control+a')
  await bob.press('Control+b')
  await stays('formatting around it')
  await bob.caret('quatre', 0)
  await bob.press('Enter')
  await stays('a new paragraph behind it')
  await bob.caret('un deux', 0)
  await bob.press('Enter')
  await bob.press('Control+Home')
  await until(async () => (await bob.around()).join('') === '', 'Bob is above')
  await bob.type('# Titre')
  await stays('a heading above it')
  await ann.type('X')
  assert.match(await agreed([ann, bob]), /deux X/)
})))
