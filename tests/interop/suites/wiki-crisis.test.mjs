//! One week of a crisis, as its people live it: a space made after a model, twelve who fill one table at once, a server
//! that dies under them, a phone that sleeps, a guest whose link ends, and a newcomer whose damage is undone.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { skip, withBrowser } from '../harness/editors.mjs'
import { withProxy } from '../harness/proxy.mjs'
import { withServer } from '../harness/server.mjs'
import { as, done, OPERATOR } from '../harness/spaces.mjs'
import { AtClient, AtWindow, cellsOf, tableOf } from '../harness/table.mjs'
import { pause, until } from '../harness/wait.mjs'
import { makeWiki, signedIn, wiki } from '../harness/wiki.mjs'

const DOCUMENT = 'spaces/crue/situation'
const CALLS = `/documents/${encodeURIComponent(DOCUMENT)}`
const COLUMNS = ['Service', 'Situation', 'Besoins', 'Contact']
/** Who they are, what they write with, and their row of the table. */
const WINDOWS = { fanny: 'Préfecture', ann: 'Mairie', bob: 'Pompiers', cleo: 'Gendarmerie', zoe: 'Croix-Rouge' }
const CLIENTS = {
  driss: ['y-websocket 1', 'Hôpital'],
  elise: ['hocuspocus 2', 'Écoles'],
  farid: ['y-websocket 2', 'Voirie'],
  gael: ['hocuspocus 3', 'Eau potable'],
  hugo: ['y-websocket 3', 'Électricité'],
  ines: ['hocuspocus 4', 'Transports'],
  jules: ['unisson', 'Cantines']
}
/** What a row says in a column: short, and of that row alone. */
const says = (row, column) => `${['', 'Vu', 'Lits', 'Tél'][column]} ${100 + ROWS.indexOf(row)}`
const ROWS = [...Object.values(WINDOWS), ...Object.values(CLIENTS).map(([, row]) => row)]
const LINK_MS = 20_000
const OFFLINE = { offline: true, latency: 0, downloadThroughput: -1, uploadThroughput: -1 }
const PHONE = { viewport: { width: 393, height: 760 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 }

const picture = async ({ page }, name) => { if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/${name}.png` }) }
const member = (who) => as(who, { life: 600, groups: ['cellule'], name: who[0].toUpperCase() + who.slice(1) })
/** A browser of somebody of that group. */
const browserOf = (who, more = {}) => {
  const options = signedIn(who, more)
  options.storageState.cookies[0].value = member(who)
  return options
}

/** What the server holds, for somebody who has never had the page open. */
const stored = async (server) => {
  const answer = await fetch(`${server.httpUrl}/api/v1${CALLS}/content?format=markdown`, { headers: { authorization: `Bearer ${OPERATOR}` } })
  assert.equal(answer.status, 200)
  return answer.text()
}

/** What the server has called saved, kept outside of it. */
class Ledger {
  #saved = []

  async fill (writer, column, text) {
    await writer.fill(column, text)
    await writer.saved()
    this.#saved.push([writer.row, column, text])
  }

  get size () { return this.#saved.length }

  async check (server, when) {
    const text = await stored(server)
    const cells = cellsOf(text)
    const lost = this.#saved.filter(([row, column, said]) => cells.get(row)?.[column - 1] !== said)
    assert.deepEqual(lost, [], `${when}: what was called saved is missing in\n${text}`)
  }
}

/** A model with a page that has the table; a space is made after it by its facilitator, who lets a group in. */
const spaceAfterModel = async (server, proxy, open) => {
  await makeWiki(server, 'modele', [['situation', 'Point de situation']], { fanny: 'facilitator' }, { title: 'Modèle : crise' })
  const text = `# {{titre}} ({{espace}})\n\nNuméro d’urgence : 15\n\n${tableOf(COLUMNS, ROWS)}\n\nJournal :\n`
  await done(server, 'POST', '/documents', { name: 'spaces/modele/situation', content: text })
  const fanny = await open(proxy.httpUrl, browserOf('fanny'))
  const { page } = fanny
  await page.locator('unisson-spaces').getByRole('button', { name: 'Nouvel espace' }).click()
  await page.locator('unisson-spaces #title').fill('Crue de mars')
  await page.locator('unisson-spaces #id').fill('crue')
  await page.locator('unisson-spaces #from').selectOption({ label: 'Modèle : crise' })
  await page.locator('unisson-spaces').getByRole('button', { name: 'Créer l’espace' }).click()
  await page.waitForURL('**/s/crue')
  await page.goto(`${proxy.httpUrl}/s/crue/-/members`)
  const members = page.locator('unisson-members')
  await members.getByLabel('Nom du groupe').fill('cellule')
  await members.locator('#group-role').selectOption({ label: 'Rédacteur' })
  await members.getByRole('button', { name: 'Ajouter', exact: true }).last().click()
  await members.locator('.notice', { hasText: 'cellule est maintenant Rédacteur.' }).waitFor()
  await page.goto(`${proxy.httpUrl}/s/crue/situation?edit`)
  return fanny
}

/** Somebody without an account comes by a link, and says who they are. */
const guestBy = async (proxy, link, name, open) => {
  const guest = await open(`${proxy.httpUrl}/${link.path}`)
  await guest.page.locator('#guest-name').fill(name)
  await guest.page.getByRole('button', { name: 'Entrer' }).click()
  return guest
}

/** A newcomer spoils the page; its facilitator undoes exactly that, while the others write on. */
const vandalised = async ({ server, proxy, open, fanny, awake, ledger }) => {
  const nina = await open(`${proxy.httpUrl}/s/crue/situation?edit`, browserOf('nina'))
  await nina.synced()
  const damaged = ['Numéro d’urgence : 15', says('Mairie', 1)]
  for (const lost of damaged) {
    await until(async () => (await nina.ask((editor) => editor.toText())).includes(lost), 'the newcomer reads it')
    await nina.caret(lost, 0)
    await nina.press('Shift+End')
    await until(() => nina.ask(({ view }) => !view.state.selection.empty), 'it is selected')
    await nina.press('Delete')
  }
  await nina.end()
  await nina.type('ACHETEZ MES MONTRES')
  await nina.saved()
  await nina.page.close()
  const text = await stored(server)
  assert.ok(/MONTRES/.test(text) && damaged.every((lost) => !text.includes(lost)), text)

  const { page } = fanny
  await page.goto(`${proxy.httpUrl}/s/crue/situation/-/history`)
  const screen = page.locator('unisson-history')
  await screen.getByRole('button', { name: 'Qui a fait quoi' }).click()
  await screen.locator('.work', { hasText: 'Nina' }).getByRole('button').click()
  const others = Promise.all(awake.filter(({ person }) => person !== fanny).map((writer) => ledger.fill(writer, 3, says(writer.row, 3))))
  await screen.locator('dialog').getByRole('button', { name: 'Annuler ses modifications' }).click()
  await others
  await until(async () => {
    const text = await stored(server)
    return !/MONTRES/.test(text) && damaged.every((lost) => text.includes(lost))
  }, 'exactly what the newcomer did is undone', 20_000, 100)
  await picture(fanny, 'crisis-undone')
}

/** Who wrote which letters, in the order of the page; neighbours of one author are one. */
const runs = (node) => {
  const own = []
  for (const { insert, by } of node.delta ?? []) {
    const name = by?.name ?? by?.user ?? null
    if (own.at(-1)?.[1] === name) own.at(-1)[0] += insert
    else own.push([insert, name])
  }
  return [...own, ...(node.children ?? []).flatMap(runs)]
}

/** Each cell is its author's, and the screen of the history names them all. */
const namesEverybody = async (server, fanny) => {
  const { roots } = await done(server, 'GET', `${CALLS}/blame`)
  const written = runs(roots.default)
  const rows = [...Object.entries(WINDOWS), ...Object.entries(CLIENTS).map(([who, [, row]]) => [who, row])]
  for (const [who, row] of rows) {
    const name = who === 'zoe' ? 'Zoé (invité)' : who[0].toUpperCase() + who.slice(1)
    // What was written while the server died counts as brought by whoever had read it and was back first.
    if (who === 'ann') {
      assert.ok(written.some(([, by]) => by === name), JSON.stringify(written))
      continue
    }
    const text = who === 'cleo' ? 'Deux barrages' : says(row, who === 'fanny' ? 1 : 3)
    assert.deepEqual(written.filter(([said]) => said === text).map(([, by]) => by), [name], `who wrote « ${text} »: ${JSON.stringify(written)}`)
  }
  await fanny.page.reload()
  await fanny.page.locator('unisson-history').getByRole('button', { name: 'Qui a fait quoi' }).click()
  for (const name of ['Fanny', 'Ann', 'Bob', 'Cleo', 'Zoé', 'Driss', 'Elise', 'Farid', 'Gael', 'Hugo', 'Ines', 'Jules', 'Nina']) {
    await fanny.page.locator('unisson-history .work', { hasText: name }).first().waitFor()
  }
  await picture(fanny, 'crisis-history')
}

test('a crisis: nothing that was called saved is missing, and the history names everybody', { skip, timeout: 240_000 }, () =>
  withServer({ ...wiki, settings: `${wiki.settings}[spaces]\ncreators = "signed-in"\n` }, (server) => withProxy(server, (proxy) => withProxy(server, (air) => withBrowser(async (open) => {
    const fanny = await spaceAfterModel(server, proxy, open)
    const link = await done(server, 'POST', '/spaces/crue/links', { role: 'editor', page: 'situation', label: 'Croix-Rouge', until_ms: Date.now() + 36e5 })
    const address = `${proxy.httpUrl}/s/crue/situation?edit`
    const [ann, bob, cleo, zoe] = await Promise.all([
      open(address, browserOf('ann')),
      open(address, browserOf('bob')),
      open(`${air.httpUrl}/s/crue/situation?edit`, browserOf('cleo', PHONE)),
      guestBy(proxy, link, 'Zoé', open)
    ])
    const people = { fanny, ann, bob, cleo, zoe }
    const clients = Object.entries(CLIENTS).map(([who, [kind, row]]) => new AtClient(kind, proxy, DOCUMENT, row, member(who)))
    try {
      await Promise.all([...Object.values(people).map((person) => person.synced()), ...clients.map((client) => client.synced())])
      await until(async () => /Crue de mars/.test(await fanny.markdown()), 'the page begins as the model’s')
      const windows = Object.fromEntries(Object.entries(people).map(([who, person]) => [who, new AtWindow(person, WINDOWS[who])]))
      const ledger = new Ledger()

      // Twelve people, one table, at once.
      const everybody = [...Object.values(windows), ...clients]
      await Promise.all(everybody.map((writer) => ledger.fill(writer, 1, says(writer.row, 1))))
      assert.equal(ledger.size, 12)
      await picture(fanny, 'crisis-table')

      // The phone loses its network, is written on, and sleeps.
      const phone = await cleo.devtools()
      await phone.send('Network.enable')
      await phone.send('Network.emulateNetworkConditions', OFFLINE)
      air.close()
      await windows.cleo.fill(2, 'Deux barrages')
      assert.equal(await windows.cleo.isSaved(), false, 'nobody told her that it is saved')
      await phone.send('Page.setWebLifecycleState', { state: 'frozen' })

      // The server dies while all others write.
      const awake = everybody.filter((writer) => writer !== windows.cleo)
      const writing = Promise.all(awake.map(async (writer, at) => {
        await pause(at * 40)
        await ledger.fill(writer, 2, says(writer.row, 2))
      }))
      await until(() => ledger.size >= 14, 'some have been told that they are saved')
      await server.kill()
      proxy.close()
      await server.spawn()
      // Before anybody can bring back what the server had lost.
      await ledger.check(server, 'after kill -9')
      proxy.open()
      await writing
      assert.equal(ledger.size, 23)
      await ledger.check(server, 'after the restart')

      // The phone wakes up.
      air.open()
      await phone.send('Page.setWebLifecycleState', { state: 'active' })
      await phone.send('Network.emulateNetworkConditions', { ...OFFLINE, offline: false })
      await cleo.saved()
      await until(async () => cellsOf(await fanny.markdown()).get('Gendarmerie')?.[1] === 'Deux barrages', 'the others see what she wrote', 20_000)
      await picture(cleo, 'crisis-phone')

      // Somebody comes for a moment, by a link that ends while they are there.
      await ann.page.close()
      const short = await done(server, 'POST', '/spaces/crue/links', { role: 'editor', page: 'situation', until_ms: Date.now() + LINK_MS })
      const yves = await guestBy(proxy, short, 'Yves', open)
      await yves.synced()
      await yves.caret('Journal', 7)
      await yves.type(' Yves')
      await yves.saved()

      await vandalised({ server, proxy, open, fanny, awake: awake.filter((writer) => writer !== windows.ann), ledger })
      await ledger.check(server, 'after the damage was undone')

      await until(async () => await yves.status() === 'Accès refusé', 'the guest is out', LINK_MS)
      assert.equal((await yves.page.request.get(`${proxy.httpUrl}/s/crue/situation`)).status(), 401)
      await ledger.check(server, 'at the end')
      assert.match(await stored(server), /Journal Yves/, 'what the guest wrote stays')
      await namesEverybody(server, fanny)
    } finally {
      clients.forEach((client) => client.end())
    }
  })))))
