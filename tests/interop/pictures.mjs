//! Takes the pictures of the documentation from a real server: `UNISSON_BIN=… node pictures.mjs [folder]`.

import { mkdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { withBrowser } from './harness/editors.mjs'
import { withServer } from './harness/server.mjs'
import { as, done } from './harness/spaces.mjs'
import { until } from './harness/wait.mjs'
import { openAll, makeWiki, signedIn, wiki } from './harness/wiki.mjs'

const FOLDER = process.argv[2] ?? fileURLToPath(new URL('../../docs/pictures', import.meta.url))
/** So that the pages with them stay quick to open. */
const BYTES_MAX = 150_000
const WINDOW = { viewport: { width: 1200, height: 760 } }
const PHONE = { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 }

const PAGES = [
  ['hygiene', 'Protocole d’hygiène'], ['temperatures', 'Relevé des températures', 'hygiene'], ['allergenes', 'Allergènes', 'hygiene'],
  ['accueil', 'Bienvenue'], ['menus', 'Menus'], ['mars', 'Mars', 'menus'], ['avril', 'Avril', 'menus'], ['appeler', 'Qui appeler']
]
const PROTOCOL = `Ce protocole s’applique **dès lundi** dans les 125 cantines.

## Avant le service

- [x] Se laver les mains pendant vingt secondes
- [ ] Vérifier les [températures](/s/cantines/temperatures)
- [ ] Signer la fiche

## Températures à cœur

| Plat | Minimum | Si c’est moins |
| --- | --- | --- |
| Volaille | 70 °C | Remettre dix minutes |
| Steak haché | 70 °C | Remettre cinq minutes |
| Œufs | 63 °C | Jeter |
`

const name = (who) => ({ anne: 'Anne Martin', bilal: 'Bilal Roy', chloe: 'Chloé Dupont' })[who]
const browserOf = (who, more = {}) => {
  const options = signedIn(who, { ...WINDOW, ...more })
  options.storageState.cookies[0].value = as(who, { life: 600, name: name(who) })
  return options
}

/** A picture of a page, or of a part of it. */
const keep = async (shown, what) => {
  const path = `${FOLDER}/${what}.png`
  await shown.screenshot({ path })
  const { size } = statSync(path)
  if (size > BYTES_MAX) throw new Error(`${path} has ${size} bytes, at most ${BYTES_MAX} are allowed`)
  console.log(`${path}: ${size} bytes`)
}

const furnish = async (server) => {
  await makeWiki(server, 'cantines', PAGES, {}, { title: 'Cantines des collèges' })
  for (const who of ['anne', 'bilal', 'chloe']) {
    await done(server, 'PUT', `/spaces/cantines/members/${who}`, { role: who === 'anne' ? 'facilitator' : 'editor', name: name(who) })
  }
  const write = (page, content) => done(server, 'POST', '/documents', { name: `spaces/cantines/${page}`, content }, { shown: as('anne', { name: name('anne') }) })
  await write('hygiene', PROTOCOL)
  await write('temperatures', 'Relever la température de chaque bac à la réception, puis toutes les deux heures.\n\nAu-dessus de 4 °C, le bac est jeté.')
  await write('allergenes', 'La température ne change rien aux allergènes : étiqueter chaque plat.')
  await write('accueil', 'Bienvenue dans l’espace des cantines.')
}

/** Somebody else works on the page after a version was kept. */
const change = async (server) => {
  const document = '/documents/spaces%2Fcantines%2Fhygiene'
  const at = { shown: as('bilal', { name: name('bilal') }) }
  await done(server, 'POST', `${document}/versions`, { label: 'Envoyée aux chefs' }, at)
  await done(server, 'PATCH', `${document}/content`, {
    operations: [
      { op: 'replace-text', find: 'vingt', replace_with: 'trente' },
      { op: 'replace-text', find: 'Remettre dix minutes', replace_with: 'Remettre dix minutes, mesurer de nouveau' },
      { op: 'append', content: 'En cas de doute, appelez la diététicienne.' }
    ]
  }, at)
}

await withServer(wiki, (server) => withBrowser(async (open) => {
  mkdirSync(FOLDER, { recursive: true })
  await furnish(server)
  const at = (path) => `${server.httpUrl}/s/cantines${path}`
  const bilal = await open(at('/hygiene?edit'), browserOf('bilal'))
  const anne = await open(at('/hygiene?edit'), browserOf('anne'))
  await Promise.all([bilal.synced(), anne.synced()])
  await openAll(anne.page)

  // Two people, and a comment beside the text.
  await bilal.caret('Vérifier', 8)
  await anne.page.locator('unisson-editor .unisson-caret').first().waitFor()
  await anne.page.evaluate(() => {
    const { view } = document.querySelector('unisson-editor')
    view.focus()
    let from = null
    view.state.doc.descendants((node, position) => { if (from === null && node.isText && node.text.includes('vingt secondes')) from = position + node.text.indexOf('vingt secondes') })
    const { doc, tr, selection } = view.state
    view.dispatch(tr.setSelection(Object.getPrototypeOf(selection.constructor).fromJSON(doc, { type: 'text', anchor: from, head: from + 14 })))
  })
  await anne.press('Control+Alt+m')
  const comments = (person) => person.page.locator('unisson-comments')
  await comments(anne).getByRole('textbox').fill('Trente, plutôt ?')
  await comments(anne).getByRole('button', { name: 'Envoyer' }).click()
  await comments(bilal).getByRole('button', { name: 'Répondre' }).click()
  await comments(bilal).getByRole('textbox').fill('Oui, c’est la nouvelle consigne.')
  await comments(bilal).getByRole('button', { name: 'Envoyer' }).click()
  await comments(anne).getByText('nouvelle consigne').waitFor()
  await bilal.caret('Signer', 6)
  await until(async () => await anne.page.locator('unisson-editor .unisson-caret-name').count() > 0, 'the other’s name is shown')
  // All of the text, and what is said about it.
  await anne.page.setViewportSize({ width: 1200, height: 1240 })
  // The bar stays where one is: at the top, so that it covers nothing.
  await until(() => anne.page.evaluate(() => {
    window.scrollTo(0, 0)
    return new Promise((resolve) => setTimeout(() => resolve(window.scrollY === 0), 300))
  }), 'the page is at its top')
  await keep(anne.page.locator('main'), 'comments')
  await anne.page.setViewportSize(WINDOW.viewport)
  await bilal.page.close()

  await change(server)
  await anne.page.goto(at('/hygiene'))
  await openAll(anne.page)
  await keep(anne.page, 'tree')

  await anne.page.goto(at('/hygiene/-/history'))
  await anne.page.locator('unisson-history article ins').first().waitFor()
  await keep(anne.page, 'history')

  await until(async () => (await done(server, 'GET', '/search?q=temperature')).hits.length > 1, 'the index has them', 30_000, 100)
  await anne.page.goto(`${server.httpUrl}/-/search?q=temperature`)
  await anne.page.locator('mark').first().waitFor()
  await keep(anne.page, 'search')

  const phone = await open(at('/hygiene'), browserOf('chloe', PHONE))
  await phone.page.locator('main h1').waitFor()
  await keep(phone.page, 'phone')
}))
