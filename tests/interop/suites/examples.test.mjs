//! The examples as their readers open them: in another origin than the server, with signed tokens and a
//! strict content security policy.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { skip as withoutBrowser, withBrowser } from '../harness/editors.mjs'
import { skip as withoutExamples, withExample } from '../harness/examples.mjs'
import { SECRET } from '../harness/portal.mjs'
import { freePort, withServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

const options = { skip: withoutBrowser || withoutExamples, timeout: 180_000 }
const pictures = process.env.PICTURES

/** An example beside a server that asks for signed tokens, and a browser that forgives nothing. */
const opened = (name, body) => async () => {
  const port = await freePort()
  await withServer({ environment: { UNISSON_AUTH_SECRET: SECRET, UNISSON_ORIGINS: `http://127.0.0.1:${port}` } }, (server) =>
    withExample(name, { port, server, secret: SECRET }, (address) => withBrowser(async (open) => {
      const strict = async (path, options) => {
        const person = await open(address + path, options)
        person.page.on('console', (message) => { if (message.type() === 'error') person.complaints.push(message.text()) })
        return person
      }
      await body({ server, address, open: strict })
    })))
}

const ready = (person) => until(() => person.ask((editor) => editor?.session?.synced === true && !editor.readOnly), 'the editor is ready')

const picture = async (person, name) => { if (pictures) await person.page.screenshot({ path: `${pictures}/${name}.png` }) }

test('plain HTML: one element and one script tag', options, opened('plain-html', async ({ open }) => {
  const ann = await open('/')
  const bob = await open('/')
  await Promise.all([ready(ann), ready(bob)])
  await ann.text.click()
  await ann.type('Présents : tous')
  await ann.saved()
  await until(async () => await bob.markdown() === 'Présents : tous\n', 'the other guest reads it')
  // Names come from the token that the page's server signed.
  await until(async () => (await bob.page.locator('.unisson-caret-name').allTextContents()).includes('Invité 1'), 'and sees who writes')
  assert.equal(await ann.page.locator('unisson-editor .face').first().getAttribute('title'), 'Invité 1 (vous)')
  await picture(bob, 'example-plain-html')
  for (const person of [ann, bob]) assert.deepEqual(await person.faults(), [])
}))

for (const name of ['react', 'vue']) {
  test(`${name}: two documents in one app`, options, opened(name, async ({ open }) => {
    const ann = await open('/')
    await ready(ann)
    const state = () => ann.page.locator('output').textContent()
    await until(async () => await state() === 'ouverte', 'the app hears that the document is there')
    await ann.text.click()
    await ann.type('Budget de mars')
    await ann.saved()
    await until(async () => await state() === 'enregistrée', 'the app hears that it is saved')
    await until(async () => /1 personne/.test(await ann.page.locator('main p').first().textContent()), 'and who is there')

    await ann.page.getByRole('button', { name: 'Décisions' }).click()
    await until(() => ann.ask((editor) => editor.getAttribute('document').endsWith('decisions')), 'the other document opens')
    await ready(ann)
    assert.equal(await ann.ask((editor) => editor.toText()), '')
    await ann.text.click()
    await ann.type('Adopté')
    await ann.saved()
    await ann.page.getByRole('button', { name: 'Ordre du jour' }).click()
    await until(async () => await ann.markdown() === 'Budget de mars\n', 'the first one is as it was')
    assert.equal(await ann.page.locator('unisson-editor').count(), 1)
    await picture(ann, `example-${name}`)
    assert.deepEqual(await ann.faults(), [])
  }))
}

test('iframe: a token and the text by messages', options, opened('iframe', async ({ open }) => {
  const ann = await open('/')
  const frame = ann.page.frameLocator('#editor')
  const state = () => ann.page.locator('#state').textContent()
  await until(async () => await state() === 'ouverte', 'the page hears that the document is there')
  await frame.locator('unisson-editor .ProseMirror').click()
  await ann.type('Éteindre le four')
  await until(async () => await state() === 'enregistrée', 'the page hears that it is saved')
  await ann.page.getByRole('button', { name: 'Lire le texte' }).click()
  await until(async () => await ann.page.locator('#text').textContent() === 'Éteindre le four\n', 'the page gets the text')
  await picture(ann, 'example-iframe')
  assert.deepEqual(await ann.faults(), [])
}))

/** Signs in as one of the portal's people and opens a page of it. */
const signIn = async (open, who, page, options) => {
  const person = await open('/', options)
  await person.page.selectOption('#person', who)
  await person.page.click('button.btn-primary')
  await person.page.goto(new URL(page, person.page.url()).href)
  return person
}

test('portal: nothing of the page breaks the editor', options, opened('portal', async ({ open }) => {
  const ann = await signIn(open, 'amartin', '/pages/menus')
  await ready(ann)
  await ann.text.click()
  // The page takes these keys from everything that is no field.
  await ann.type('# Grand gag /3')
  await ann.press('Backspace')
  await ann.press('Enter')
  await ann.type('pain')
  assert.equal(await ann.markdown(), '# Grand gag /\n\npain\n')
  await ann.press('Shift+Home')
  await until(() => ann.ask((editor) => !editor.view.state.selection.empty), 'the word is selected')
  await ann.press('Control+b')
  assert.equal(await ann.markdown(), '# Grand gag /\n\n**pain**\n')
  await ann.press('End')
  await until(() => ann.ask((editor) => editor.view.state.selection.empty), 'the caret is behind it')
  await ann.page.evaluate(() => {
    const data = new DataTransfer()
    data.setData('text/plain', ' collé')
    document.querySelector('unisson-editor').view.dom.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true, composed: true }))
  })
  await until(async () => (await ann.markdown()).endsWith('**pain collé**\n'), 'pasting works where the page forbids it')
  // Neither its style sheet nor its sizes get in.
  const looks = await ann.ask((editor) => {
    const of = (selector) => getComputedStyle(editor.shadowRoot.querySelector(selector))
    return {
      display: of('.frame > .text').display, bar: of('.toolbar').visibility, size: of('.ProseMirror p').fontSize,
      case: of('.toolbar button').textTransform, spacing: of('.ProseMirror p').letterSpacing, select: of('.ProseMirror').userSelect, wraps: of('.ProseMirror').whiteSpaceCollapse
    }
  })
  assert.deepEqual(looks, { display: 'flex', bar: 'visible', size: '16px', case: 'none', spacing: 'normal', select: 'text', wraps: 'break-spaces' })
  // The page's own parts work around it: a dialog opens and closes, and leaves the text alone.
  await ann.page.getByRole('button', { name: 'Aide' }).click()
  await ann.page.locator('#help').getByRole('button', { name: 'Fermer' }).click()
  await ann.page.locator('#help').waitFor({ state: 'hidden' })
  await ann.end()
  await ann.type(' frais')
  assert.match(await ann.markdown(), /\*\*pain collé frais\*\*\n$/)
  await ann.saved()
  await picture(ann, 'example-portal')
  assert.deepEqual(await ann.faults(), [])
}))

test('portal: it publishes what is saved, and warns who leaves unsaved', options, opened('portal', async ({ server, address, open }) => {
  const ann = await signIn(open, 'amartin', '/pages/menus')
  await ready(ann)
  await ann.text.click()
  await ann.type('Lundi : gratin')
  await ann.saved()
  await server.kill()
  await ann.type(' et salade')
  const state = () => ann.page.locator('#state').textContent()
  await until(async () => /pas encore/.test(await state()), 'the page says so')
  const asked = []
  ann.page.on('dialog', (dialog) => { asked.push(dialog.type()); void dialog.dismiss() })
  await ann.page.click('a.navbar-brand')
  assert.deepEqual(asked, ['confirm'])
  assert.match(ann.page.url(), /menus$/)
  // Publishing waits for the server, however long it is away.
  await ann.page.click('#publish')
  assert.equal(await state(), 'Enregistrement en cours…')
  await server.spawn()
  await until(async () => /Publié par Anne Martin/.test(await ann.page.locator('#published').textContent()), 'it is published', 60_000)
  const published = await ann.page.evaluate(() => fetch('/published/menus').then((answer) => answer.text()))
  assert.equal(published, 'Lundi : gratin et salade\n')
  assert.deepEqual(asked, ['confirm'])

  // Who may only read is told so, by the portal and by the server.
  const chloe = await signIn(open, 'cdupont', '/pages/menus')
  await until(() => chloe.ask((editor) => editor.toMarkdown?.() === 'Lundi : gratin et salade\n'), 'Chloé reads')
  assert.equal(await chloe.ask((editor) => editor.readOnly), true)
  assert.equal(await chloe.page.locator('#publish').count(), 0)
  assert.deepEqual(await chloe.faults(), [])
  assert.equal((await fetch(`${address}/api/unisson-token/menus`)).status, 401, 'who is not signed in gets no token')
  // The lost connections of the server that was killed are no faults of the page.
  for (const person of [ann, chloe]) person.complaints.splice(0, Infinity, ...person.complaints.filter((text) => !/ERR_CONNECTION_REFUSED/.test(text)))
}))
