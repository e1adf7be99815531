//! The editor without a mouse, without sight, on small screens and at large sizes.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { skip, withBrowser } from '../harness/editors.mjs'
import { withServer } from '../harness/server.mjs'
import { pause, until } from '../harness/wait.mjs'

const options = { skip, timeout: 180_000 }
const pictures = process.env.PICTURES

const focused = (person) => person.ask((editor) => {
  const { activeElement } = editor.shadowRoot
  return activeElement?.getAttribute('aria-label') ?? activeElement?.textContent ?? null
})

test('every control of the bar is reached and used by keys alone', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const ann = await open(`${server.httpUrl}/d/clavier`, { name: 'Anne' })
  await ann.synced()
  await ann.ask((editor) => editor.focus())
  await ann.type('mot')
  // From the text back to the bar: it is one stop.
  await ann.press('Shift+Tab')
  assert.equal(await focused(ann), 'Annuler')
  const walked = []
  for (let step = 0; step < 40; step += 1) {
    const name = await focused(ann)
    if (walked.includes(name)) break
    walked.push(name)
    await ann.press('ArrowRight')
  }
  assert.deepEqual(walked, ['Annuler', 'Rétablir', 'Style du paragraphe', 'Gras', 'Italique', 'Souligné', 'Barré', 'Code dans le texte', 'Lien',
    'Liste à puces', 'Liste numérotée', 'Liste de tâches', 'Citation', 'Encadré', 'Tableau', 'Image', 'Joindre un fichier',
    'Ligne de séparation', 'Sommaire'])
  await ann.press('Tab')
  assert.equal(await ann.ask((editor) => editor.view.hasFocus()), true, 'the next stop is the text')

  // In lists and tables the tab key has its own use.
  const use = async (name, key = 'Enter') => {
    await ann.press('Alt+F10')
    await ann.press('Home')
    for (let step = 0; step < 20 && await focused(ann) !== name; step += 1) await ann.press('ArrowRight')
    assert.equal(await focused(ann), name)
    await ann.press(key)
  }
  const back = async (what) => assert.equal(await ann.ask((editor) => editor.view.hasFocus()), true, `${what}: the text has the focus again`)
  for (const [name, expected, undone] of [
    ['Gras', '**mot**\n'], ['Italique', '*mot*\n'], ['Barré', '~~mot~~\n'], ['Code dans le texte', '`mot`\n'],
    ['Liste à puces', '- mot\n'], ['Liste numérotée', '1. mot\n'], ['Liste de tâches', '- [ ] mot\n'], ['Citation', '> mot\n']
  ]) {
    await ann.press('Control+a')
    await until(() => ann.ask((editor) => !editor.view.state.selection.empty), 'all is selected')
    await use(name, name === 'Gras' ? 'Space' : 'Enter')
    await back(name)
    assert.equal(await ann.markdown(), expected, name)
    await use(name)
    assert.equal(await ann.markdown(), 'mot\n', `${name} off again`)
  }
  await use('Lien')
  await until(async () => await focused(ann) !== 'Lien', 'the form has the focus')
  await ann.type('https://www.service-public.fr')
  await ann.press('Enter')
  await back('the form of a link')
  await ann.press('Control+k')
  await ann.press('Escape')
  await back('Escape')
  assert.match(await ann.markdown(), /service-public/)
  assert.deepEqual(await ann.faults(), [])
})))

test('what is seen is also said', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const address = `${server.httpUrl}/d/annonces`
  const ann = await open(address, { name: 'Anne Martin' })
  await ann.synced()
  await ann.page.evaluate(() => {
    const live = document.querySelector('unisson-editor').shadowRoot.querySelector('[aria-live]')
    window.heard = []
    new MutationObserver(() => window.heard.push(live.textContent)).observe(live, { childList: true, characterData: true, subtree: true })
  })
  const hears = (text) => until(() => ann.page.evaluate((text) => window.heard.includes(text), text), `it is said: ${text}`, 60_000)
  // Who is there in the first second was there before.
  await pause(1_500)
  const bob = await open(address, { name: 'Bilal Roy' })
  await bob.synced()
  await hears('Bilal Roy a rejoint la page')
  const tree = await ann.page.locator('unisson-editor').ariaSnapshot()
  for (const part of [/toolbar "Mise en forme"/, /textbox "Éditeur de texte partagé"/, /button "Gras"/, /combobox "Style du paragraphe"/, /list "2 personnes sur cette page"/]) assert.match(tree, part)
  await bob.page.close()
  await hears('Bilal Roy a quitté la page')
  await ann.text.click()
  await ann.type('texte')
  await ann.saved()
  // Saving and saved alternate all day: nobody has to hear that.
  assert.ok(!(await ann.page.evaluate(() => window.heard)).some((text) => /nregistr/.test(text)))
  await server.kill()
  await ann.type(' plus')
  await hears('Hors ligne : vos modifications sont gardées sur cet appareil')
  await server.spawn()
  await hears('Enregistré')
})))

/** Whether the page has to be scrolled sideways, and what of the element is cut off. */
const fits = (person) => person.ask((editor) => {
  const { right } = editor.getBoundingClientRect()
  return document.documentElement.scrollWidth <= innerWidth && right <= innerWidth + 1
})

test('it fits a phone, 200 % of size, and both kinds of light', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const address = `${server.httpUrl}/d/tailles`
  const ann = await open(address, { name: 'Anne Martin' })
  await ann.synced()
  await ann.text.click()
  await ann.type('# Sortie du 12 mars')
  await ann.press('Enter')
  await ann.type('Un mot très long : anticonstitutionnellementanticonstitutionnellement')
  await ann.press('Enter')
  await ann.tool('Tableau').click()
  await ann.type('Départ')
  await ann.saved()
  for (const [name, options] of [
    ['phone', { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2 }],
    ['phone-dark', { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, colorScheme: 'dark' }],
    // 200 % on a screen of 1,280 points is half as wide a page.
    ['zoom', { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }],
    ['contrast', { forcedColors: 'active' }]
  ]) {
    const bob = await open(address, { name: 'Bilal', ...options })
    await bob.synced()
    await until(async () => /Départ/.test(await bob.markdown()), 'the text is there')
    assert.equal(await fits(bob), true, name)
    // Every control can be brought into view.
    await bob.text.click()
    await bob.tool('Ligne de séparation').scrollIntoViewIfNeeded()
    await bob.tool('Ligne de séparation').click({ trial: true })
    assert.deepEqual(await bob.faults(), [], name)
    if (pictures) await bob.page.screenshot({ path: `${pictures}/${name}.png` })
    await bob.page.close()
  }
  // Only the letters are larger: a browser's own setting.
  await (await ann.devtools()).send('Page.setFontSizes', { fontSizes: { standard: 32, fixed: 26 } })
  await ann.page.reload()
  await ann.synced()
  await until(async () => /Départ/.test(await ann.markdown()), 'the text is there')
  await ann.caret('Départ', 0)
  assert.equal(await ann.ask((editor) => getComputedStyle(editor.shadowRoot.querySelector('.ProseMirror p')).fontSize), '32px')
  if (pictures) await ann.page.screenshot({ path: `${pictures}/large-letters.png` })
  assert.equal(await fits(ann), true, 'large letters')
})))

test('nothing moves for people who do not want that', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const ann = await open(`${server.httpUrl}/d/calme`, { name: 'Anne', reducedMotion: 'reduce' })
  await ann.synced()
  await ann.text.click()
  await server.kill()
  await ann.type('texte')
  await until(async () => !/^Enregistré/.test(await ann.status()), 'something goes on')
  const moving = await ann.ask((editor) => editor.shadowRoot.getAnimations().filter(({ playState }) => playState === 'running').length)
  assert.equal(moving, 0)
})))
