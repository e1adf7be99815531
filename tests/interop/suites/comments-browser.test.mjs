//! Comments as people meet them: beside the editor, by mouse and by keys, also where they may not write.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { agreed, skip, withBrowser } from '../harness/editors.mjs'
import { SECRET } from '../harness/portal.mjs'
import { withServer } from '../harness/server.mjs'
import { as, done, makeSpace, tokens } from '../harness/spaces.mjs'
import { until } from '../harness/wait.mjs'

const options = { skip, timeout: 120_000 }
const pictures = process.env.PICTURES

/** The panel of one person's window. */
const panelOf = ({ page }) => page.locator('unisson-comments')

const marks = (person) => person.ask((editor) => editor.commentsShown.length)

/** Selects some letters, as with the mouse. */
const select = (person, text) => person.page.evaluate((text) => {
  const { view } = document.querySelector('unisson-editor')
  let from = null
  view.state.doc.descendants((node, at) => { if (from === null && node.isText && node.text.includes(text)) from = at + node.text.indexOf(text) })
  const { doc, tr, selection } = view.state
  const Selection = Object.getPrototypeOf(selection.constructor)
  view.focus()
  view.dispatch(tr.setSelection(Selection.fromJSON(doc, { type: 'text', anchor: from, head: from + text.length })))
}, text)

const write = async (person, text) => {
  const field = panelOf(person).getByRole('textbox')
  await field.fill(text)
  await panelOf(person).getByRole('button', { name: 'Envoyer' }).click()
}

const withPage = (body) => withServer({}, (server) => withBrowser(async (open) => {
  await done(server, 'POST', '/spaces', { id: 'equipe', title: 'Équipe', owner: 'anne' }, { shown: null })
  await done(server, 'POST', '/spaces/equipe/pages', { id: 'page', title: 'Compte rendu' }, { shown: null })
  const address = `${server.httpUrl}/s/equipe/page?edit`
  const people = await Promise.all(['Anne Martin', 'Bilal Roy'].map((name) => open(address, { name })))
  await Promise.all(people.map((person) => person.synced()))
  const [ann, bob] = people
  await ann.text.click()
  await ann.type('Un deux trois quatre')
  await agreed(people)
  await body(ann, bob, server, open)
}))

test('a comment on some words is seen by the others at once, answered, moved with its words and settled', options, () => withPage(async (ann, bob) => {
  await select(ann, 'deux')
  const button = ann.page.locator('unisson-editor').getByRole('button', { name: 'Commenter', exact: true })
  await button.click()
  await write(ann, 'Plutôt « trois » ?')
  await until(async () => (await marks(ann)) === 1 && (await marks(bob)) === 1, 'both see the mark')
  assert.match(await panelOf(bob).locator('.thread').textContent(), /Anne Martin[^]*Plutôt « trois » \?/)
  // The text is what it was.
  assert.equal(await ann.markdown(), 'Un deux trois quatre\n')
  await panelOf(bob).getByRole('button', { name: 'Répondre' }).click()
  await write(bob, 'Non.')
  await until(async () => /Bilal Roy[^]*Non\./.test(await panelOf(ann).locator('.thread').textContent()), 'Anne reads the answer')
  await bob.caret('Un deux', 0)
  await bob.type('Avant. ')
  await agreed([ann, bob])
  const marked = () => ann.ask((editor) => editor.shadowRoot.querySelector('.unisson-comment')?.textContent)
  assert.equal(await marked(), 'deux')
  // A click on the words shows what was said about them.
  await ann.page.locator('unisson-editor .unisson-comment').click()
  await until(() => ann.page.evaluate(() => document.querySelector('unisson-comments').shadowRoot.activeElement?.matches('.thread.active') === true), 'the thread has the focus')
  if (pictures) await ann.page.screenshot({ path: `${pictures}/comments.png`, fullPage: true })
  assert.deepEqual(await ann.faults(), [])
  await panelOf(ann).getByRole('button', { name: 'Marquer comme réglé' }).click()
  await until(async () => (await marks(ann)) === 0 && (await marks(bob)) === 0, 'nothing is marked any more')
  await until(async () => /1 fil réglé/.test(await panelOf(bob).locator('summary').textContent()), 'Bilal sees that it is settled')
}))

test('what was deleted leaves its comment in the list, and what is composed or undone takes none away', options, () => withPage(async (ann, bob) => {
  await select(ann, 'trois')
  await ann.press('Control+Alt+m')
  await write(ann, 'ici')
  await until(async () => (await marks(bob)) === 1, 'Bilal sees the mark')
  await select(bob, 'trois ')
  await bob.press('Delete')
  await until(async () => (await marks(ann)) === 0, 'nothing is marked')
  await bob.saved()
  await ann.page.reload()
  await until(async () => /n’est plus dans le texte/.test(await panelOf(ann).locator('.thread').textContent()), 'it is an orphan')
  await bob.press('Control+z')
  await until(async () => (await bob.markdown()) === 'Un deux trois quatre\n', 'it is undone')
  assert.match(await panelOf(ann).locator('.thread').textContent(), /trois[^]*ici/)
}))

test('who may only comment comments, by keys alone', options, () => withServer({
  settings: `[auth]\nsecret = ${JSON.stringify(SECRET)}\n`, tokens
}, (server) => withBrowser(async (open) => {
  await makeSpace(server, 'team', { carl: 'commenter' })
  const token = await as('carl')
  const carl = await open(`${server.httpUrl}/healthz`)
  await carl.page.setContent(`<!doctype html><html lang="fr"><title>Page</title><main><h1>Page</h1>
    <unisson-editor document="spaces/team/page" token="${token}"></unisson-editor>
    <unisson-comments space="team" document="spaces/team/page" token="${token}"></unisson-comments></main>
    <script type="module" src="/client/unisson-editor.js"></script><script type="module" src="/client/app.js"></script>`)
  await carl.synced()
  assert.equal(await carl.ask((editor) => editor.readOnly), true)
  const onPage = panelOf(carl).getByRole('button', { name: 'Commenter la page' })
  await onPage.focus()
  await carl.press('Enter')
  await carl.type('Rien à redire.')
  await carl.press('Control+Enter')
  await until(async () => /carl[^]*Rien à redire\./.test(await panelOf(carl).locator('.thread').textContent()), 'it is there')
  await carl.page.setViewportSize({ width: 390, height: 800 })
  if (pictures) await carl.page.screenshot({ path: `${pictures}/comments-phone.png`, fullPage: true })
  assert.deepEqual(await carl.faults(), [])
})))
