//! Every screen of the server's table, for everybody: both languages, narrow, dark, at twice the size, by ear and by keys.
//! The table itself is read, so that a new screen is covered by being there.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { skip, withBrowser } from '../harness/editors.mjs'
import { withServer } from '../harness/server.mjs'
import { done } from '../harness/spaces.mjs'
import { until } from '../harness/wait.mjs'

const TABLE = readFileSync(new URL('../../../server/src/http/wiki/screens.rs', import.meta.url), 'utf8')
const SCREENS = [...TABLE.matchAll(/screen\(\s*"([a-z-]+)",\s*Level::(All|Space|Page),\s*Action::\w+,\s*"([^"]+)",\s*"([^"]+)",?\s*\)/g)]
  .map(([, name, level, english, french]) => ({ name, level, english, french }))

/** On an open server, where whoever comes may do everything. */
const here = { shown: null }
const DOCUMENT = '/documents/spaces%2Fvide%2Fpage'
const AXE = { values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }

/** Where each screen is: of a space and a page that are full, or of those where nothing has happened yet. */
const addresses = (space, page) => SCREENS.map(({ name, level, ...titles }) => {
  const place = { All: '/-/', Space: `/s/${space}/-/`, Page: `/s/${space}/${page}/-/` }[level]
  return { name, level, path: `${place}${name}`, ...titles }
})

const write = async (server, document, content) => done(server, 'POST', '/documents', { name: document, content }, here)

/** Two spaces: one in which there is something of everything, one in which there is nothing but a page. */
const furnish = async (server) => {
  await done(server, 'POST', '/spaces', { id: 'vide', title: 'Vide', owner: 'anne' }, here)
  await done(server, 'POST', '/spaces/vide/pages', { id: 'page', title: 'Première page' }, here)
  await done(server, 'POST', '/spaces', { id: 'plein', title: 'Écoles & cantines', owner: 'anne' }, here)
  for (const [id, title, parent] of [['hygiene', 'Hygiène'], ['menus', 'Menus', 'hygiene'], ['lundi', 'Lundi', 'menus'], ['jetee', 'Jetée']]) {
    await done(server, 'POST', '/spaces/plein/pages', { id, title, ...(parent && { parent }) }, here)
  }
  await done(server, 'DELETE', '/spaces/plein/pages/jetee', undefined, here)
  await done(server, 'PATCH', '/spaces/plein/pages/hygiene', { writers: 'facilitator', locked: true }, here)
  await done(server, 'PUT', '/spaces/plein/members/bilal@ville.example', { role: 'editor', name: 'Bilal Roy', until_ms: Date.now() + 36e5 * 48 }, here)
  await done(server, 'PUT', '/spaces/plein/groups/cuisines', { role: 'reader' }, here)
  await done(server, 'PUT', '/spaces/plein/pages/menus/grants/people/zoe@example.org', { role: 'commenter' }, here)
  await done(server, 'PUT', '/spaces/plein/pages/lundi/grants/groups/cuisines', { role: 'editor', until_ms: Date.now() + 36e5 * 48 }, here)
  await done(server, 'POST', '/spaces/plein/links', { role: 'editor', page: 'menus', label: 'Diététicienne' }, here)
  await done(server, 'PUT', '/spaces/plein/templates/menus', { for: 'all' }, here)
  await write(server, 'spaces/plein/menus', '# {{titre}}\n\nLe {{date}}.')
  await write(server, 'spaces/plein/lundi', '# Lundi\n\nVoir [Hygiène](/s/plein/hygiene).\n\n- [ ] Commander le pain\n\n| Plat | Température |\n|---|---|\n| Poulet | 74 °C |')
  await done(server, 'POST', '/documents/spaces%2Fplein%2Flundi/versions', { label: 'Envoyée' }, here)
  await done(server, 'POST', '/documents/spaces%2Fplein%2Flundi/comments', { text: 'Et le dessert ?', name: 'Anne' }, here)
}

/** The component of a screen has taken the place of what the server sent, and has nothing more to ask. */
const isShown = (page, name) => page.evaluate((name) => {
  const element = document.querySelector(`main unisson-${name}`)
  // Some are the server's own HTML, which needs no script.
  if (element === null) return document.querySelector('main h1') !== null
  if (customElements.get(`unisson-${name}`) === undefined) return false
  const root = element.shadowRoot ?? element
  const text = root.textContent.replace(/\s+/g, ' ').trim()
  return text.length > 20 && !/^(Chargement|Loading)/.test(text)
}, name)

/** Names that nobody would hear: controls of the accessibility tree that have none. */
const nameless = async (devtools) => {
  const CONTROLS = ['button', 'link', 'textbox', 'searchbox', 'combobox', 'checkbox', 'radio', 'switch', 'tab', 'menuitem', 'slider', 'spinbutton', 'Date', 'dialog', 'img', 'navigation', 'table']
  const { nodes } = await devtools.send('Accessibility.getFullAXTree')
  return nodes.filter(({ ignored, role, name }) => !ignored && CONTROLS.includes(role?.value) && !['table', 'img'].includes(role.value) && (name?.value ?? '').trim() === '')
    .map(({ role, properties }) => `${role.value} without a name ${JSON.stringify(properties)}`)
}

const tooWide = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

/** One screen in one language: what tools find, what is heard, what fits. */
const check = async (person, devtools, address, what) => {
  const { page } = person
  const problems = []
  const note = (list) => problems.push(...list.map((problem) => `${what}: ${problem}`))
  await page.setViewportSize({ width: 320, height: 700 })
  await page.emulateMedia({ colorScheme: 'light' })
  await page.goto(address)
  await until(() => isShown(page, what.split(' ')[0]), `${what} is shown`, 20_000, 20)
  note(await person.faults(AXE))
  if (await tooWide(page) > 0) note([`${await tooWide(page)} px too wide at 320 px`])
  note(await nameless(devtools))
  // Colours are the same in every language.
  if (what.endsWith('fr)')) {
    await page.emulateMedia({ colorScheme: 'dark' })
    note(await person.faults({ type: 'rule', values: ['color-contrast'] }))
  }
  // Twice as large on a window of 1,280 pixels.
  await page.setViewportSize({ width: 640, height: 400 })
  if (await tooWide(page) > 0) note([`${await tooWide(page)} px too wide at 200 %`])
  await page.setViewportSize({ width: 1280, height: 800 })
  if (await tooWide(page) > 0) note([`${await tooWide(page)} px too wide at 1280 px`])
  const text = await page.evaluate(() => document.querySelector('main').innerText + [...document.querySelectorAll('main *')].map(({ shadowRoot }) => shadowRoot?.textContent ?? '').join(' '))
  if (/\b(undefined|null|NaN|\[object)\b/.test(text)) note([`it says ${/.{0,40}\b(undefined|null|NaN|\[object)\b.{0,40}/.exec(text)[0]}`])
  return problems
}

test('the table of screens is read whole', () => {
  assert.equal(SCREENS.length, TABLE.match(/^ {4}screen\(/gm).length, 'each row is understood')
  assert.ok(SCREENS.length >= 14)
})

for (const [language, locale] of [['fr', 'fr-FR'], ['en', 'en-GB']]) {
  test(`each screen in ${language}: no fault that tools find, a name for each control, and room at 320 pixels and at 200 %`, { skip, timeout: 150_000 }, () =>
    withServer({}, (server) => withBrowser(async (open) => {
      await furnish(server)
      const person = await open(`${server.httpUrl}/?lang=${language}`, { locale, bypassCSP: true })
      const devtools = await person.devtools()
      const problems = []
      for (const { name, path, ...titles } of addresses('plein', 'lundi')) {
        problems.push(...await check(person, devtools, server.httpUrl + path, `${name} (${path}, ${language})`))
        const title = language === 'fr' ? titles.french : titles.english
        const shown = await person.page.locator('main h1').first().textContent()
        if (shown.trim() !== title) problems.push(`${name}: its title is ${shown}`)
        if (process.env.PICTURES) await person.page.screenshot({ path: `${process.env.PICTURES}/screen-${name}-${path.startsWith('/-') ? 'all' : 'in'}-${language}.png`, fullPage: true })
      }
      for (const [name, path] of [['spaces', '/'], ['pages', '/s/plein'], ['pages', '/s/plein/lundi'], ['pages', '/s/plein/-/new'], ['guide', '/-/guide']]) {
        problems.push(...await check(person, devtools, server.httpUrl + path, `${name} (${path}, ${language})`))
      }
      assert.deepEqual(problems, [])
    })))
}

test('a screen on which there is nothing yet says what to do, in both languages', { skip, timeout: 120_000 }, () =>
  withServer({}, (server) => withBrowser(async (open) => {
    await done(server, 'POST', '/spaces', { id: 'vide', title: 'Vide', owner: 'anne' }, here)
    await done(server, 'POST', '/spaces/vide/pages', { id: 'page', title: 'Première page' }, here)
    const said = {}
    for (const [language, locale] of [['fr', 'fr-FR'], ['en', 'en-GB']]) {
      const person = await open(`${server.httpUrl}/?lang=${language}`, { locale, bypassCSP: true })
      const { page } = person
      for (const { name, path } of addresses('vide', 'page')) {
        await page.goto(server.httpUrl + path)
        await until(() => isShown(page, name), `${name} is shown`, 20_000, 20)
        let text = ''
        const teaches = async () => {
          text = await page.evaluate((name) => {
            const element = document.querySelector(`main unisson-${name}`)
            const root = element?.shadowRoot ?? element ?? document.querySelector('main')
            return [...root.querySelectorAll('p, .empty, label, button')].map(({ textContent }) => textContent.trim()).join(' ')
          }, name)
          return text.length >= 40
        }
        await until(teaches, () => `${name} teaches in ${language}: ${text}`)
        ;(said[path] ??= []).push(text)
        if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/empty-${path.replaceAll('/', '_')}-${language}.png`, fullPage: true })
      }
      await page.context().close()
    }
    for (const [path, [french, english]] of Object.entries(said)) assert.notEqual(french, english, `${path} speaks two languages`)
  })))

/** Where the keyboard is: the name of that control, and whether it shows. */
const focused = (page) => page.evaluate(() => {
  let active = document.activeElement
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement
  if (active === null || active === document.body) return null
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(active)
  const { width, height } = active.getBoundingClientRect()
  const name = active.getAttribute('aria-label') ?? active.labels?.[0]?.textContent ?? active.textContent
  // The button of a field for days is the browser's own part of it, and shows itself.
  const hasRing = active.type === 'date' || (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2) || boxShadow !== 'none'
  return { name: name.replace(/\s+/g, ' ').trim(), shows: width > 0 && height > 0 && hasRing }
})

/** Goes on by Tab until the control of this name has the focus; returns the ways there. */
const walk = async (page, name, stepsMax = 80) => {
  const seen = []
  for (let step = 0; step < stepsMax; step += 1) {
    await page.keyboard.press('Tab')
    const now = await focused(page)
    if (now === null) continue
    seen.push(now)
    if (name.test(now.name)) return seen
  }
  throw new Error(`no way by Tab to ${name}: ${seen.map(({ name }) => name).join(' · ')}`)
}

const allShow = (seen, what) => assert.deepEqual(seen.filter(({ shows }) => !shows).map(({ name }) => name), [], `${what}: each stop shows where one is`)

test('by keys alone somebody searches, reads, comments, settles, adds a member and opens a page to a group', { skip, timeout: 120_000 }, () =>
  withServer({}, (server) => withBrowser(async (open) => {
    await furnish(server)
    await until(async () => (await done(server, 'GET', '/search?q=pain', undefined, here)).hits.length > 0, 'the index has it', 30_000, 50)
    const person = await open(server.httpUrl)
    const { page } = person
    await page.locator('unisson-spaces').getByRole('link', { name: /Écoles/ }).waitFor()
    allShow(await walk(page, /^Aller au contenu|contenu/i, 1), 'the first stop skips to the text')
    allShow(await walk(page, /^Recherch/), 'search')
    await page.keyboard.type('pain')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/-/search?*')
    allShow(await walk(page, /^Lundi/), 'what was found')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/s/plein/lundi*')

    await walk(page, /^Commentaires$/)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/-/comments')
    const comments = page.locator('unisson-comments')
    await comments.getByText('Et le dessert ?').waitFor()
    allShow(await walk(page, /^Commenter la page/), 'comments')
    await page.keyboard.press('Enter')
    await until(async () => /\S/.test((await focused(page))?.name ?? '') && await page.evaluate(() => document.querySelector('unisson-comments').shadowRoot.activeElement?.matches('textarea, input')), 'the field has the focus')
    await page.keyboard.type('Une pomme.')
    await page.keyboard.press('Control+Enter')
    await comments.locator('.thread', { hasText: 'Une pomme.' }).waitFor()
    const before = await comments.locator('.thread').count()
    await walk(page, /^Marquer comme réglé/)
    await page.keyboard.press('Enter')
    await until(async () => /1 fil réglé/.test(await comments.locator('summary').textContent()), `one of ${before} is settled`)

    await page.goto(`${server.httpUrl}/s/plein/-/members`)
    await page.locator('unisson-members').getByLabel('Rôle de Bilal Roy').waitFor()
    allShow(await walk(page, /^Identifiant de la personne/), 'members')
    await page.keyboard.type('zoe@example.org')
    await page.keyboard.press('Enter')
    await page.locator('unisson-members .notice', { hasText: 'zoe@example.org fait maintenant partie' }).waitFor()

    await page.goto(`${server.httpUrl}/s/plein/menus/-/access`)
    await page.locator('unisson-access').getByRole('row', { name: /Bilal Roy/ }).waitFor()
    allShow(await walk(page, /^Nom du groupe/), 'access')
    await page.keyboard.type('dietetique')
    await page.keyboard.press('Enter')
    await page.locator('unisson-access .notice', { hasText: 'dietetique a maintenant le rôle' }).waitFor()
  })))
