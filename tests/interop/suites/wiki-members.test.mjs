//! Who belongs to a space, in a real browser: people, groups, who gets in, and guests whose link ends.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { skip, withBrowser } from '../harness/editors.mjs'
import { withServer } from '../harness/server.mjs'
import { as, call, done } from '../harness/spaces.mjs'
import { until } from '../harness/wait.mjs'
import { makeWiki, signedIn, wiki } from '../harness/wiki.mjs'

const PAGES = [['hygiene', 'Hygiène'], ['menus', 'Menus']]
const picture = async (page, name) => { if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/${name}.png`, fullPage: true }) }
/** What somebody may do with a page. */
const role = async (server, who) => (await call(server, 'GET', '/spaces/canteen/rights?page=hygiene', undefined, { shown: as(who) })).body?.role ?? null

test('a facilitator adds people and groups, changes roles, and somebody who writes hears of it at once', { skip, timeout: 120_000 }, () =>
  withServer(wiki, (server) => withBrowser(async (open) => {
    await makeWiki(server, 'canteen', PAGES, { ann: 'facilitator', cleo: 'editor' })
    const cleo = await open(`${server.httpUrl}/s/canteen/hygiene?edit`, signedIn('cleo'))
    await cleo.synced()
    const person = await open(`${server.httpUrl}/s/canteen/-/members`, signedIn('ann'))
    const { page } = person
    const screen = page.locator('unisson-members')
    const said = (text) => screen.locator('.notice', { hasText: text }).waitFor()
    await screen.getByLabel('Rôle de Cleo').waitFor()
    await picture(page, 'members')
    assert.deepEqual(await person.faults(), [])

    await screen.getByLabel('Rôle de Cleo').selectOption({ label: 'Lecteur' })
    await said('Cleo est maintenant Lecteur.')
    await until(() => cleo.ask((editor) => editor.readOnly), 'Cléo only reads now', 5_000)

    await screen.getByLabel('Identifiant de la personne').fill('zoe@example.org')
    await screen.getByLabel('Nom', { exact: true }).fill('Zoé Martin')
    await screen.locator('#role').selectOption({ label: 'Rédacteur' })
    await screen.getByRole('button', { name: 'Ajouter', exact: true }).first().click()
    await said('Zoé Martin fait maintenant partie de l’espace.')
    assert.equal(await role(server, 'zoe@example.org'), 'editor')

    await screen.getByLabel('Nom du groupe').fill('cuisines')
    await screen.getByRole('button', { name: 'Ajouter', exact: true }).last().click()
    await said('cuisines est maintenant Lecteur.')
    const groups = await done(server, 'GET', '/spaces/canteen/groups')
    assert.deepEqual(groups.groups, [{ group: 'cuisines', role: 'reader' }])

    // Nobody makes themselves an owner, and the only owner stays.
    assert.equal(await screen.getByLabel('Rôle de Ann').locator('option', { hasText: 'Propriétaire' }).count(), 0)
    await screen.getByRole('button', { name: 'Retirer Zoé Martin' }).click()
    await screen.locator('dialog').getByRole('button', { name: 'Retirer' }).click()
    await said('Zoé Martin a été retiré.')
    assert.equal(await role(server, 'zoe@example.org'), null)

    // Somebody else's change comes by itself.
    await done(server, 'PUT', '/spaces/canteen/members/dan', { role: 'reader', name: 'Dan' })
    await screen.getByLabel('Rôle de Dan').waitFor()
  })))

test('a facilitator pastes a department out of a spreadsheet, and finds one of them', { skip, timeout: 120_000 }, () =>
  withServer(wiki, (server) => withBrowser(async (open) => {
    await makeWiki(server, 'canteen', PAGES, { ann: 'facilitator' })
    const person = await open(`${server.httpUrl}/s/canteen/-/members`, signedIn('ann', { permissions: ['clipboard-read', 'clipboard-write'] }))
    const screen = person.page.locator('unisson-members')
    const said = (text) => screen.locator('.notice', { hasText: text }).waitFor()
    await screen.getByText('Ajouter plusieurs personnes à la fois').click()
    const people = Array.from({ length: 1_400 }, (_, at) => `agent-${at}\t${at === 700 ? 'Zoé Léger' : `Agent ${at}`}`)
    await screen.getByLabel('Une personne par ligne').click()
    await person.page.evaluate((text) => navigator.clipboard.writeText(text), people.join('\n'))
    await person.press('Control+v')
    await screen.locator('#many-role').selectOption({ label: 'Lecteur' })
    assert.deepEqual(await person.faults(), [])
    await picture(person.page, 'members-many')
    await screen.getByRole('button', { name: /^Ajouter 1\s400 personnes$/ }).click()
    await said(/1\s400 personnes ajoutées/)
    assert.equal(await role(server, 'agent-1399'), 'reader')
    const { total } = await done(server, 'GET', '/spaces/canteen/members')
    await screen.locator('h2', { hasText: new RegExp(`${total.toLocaleString('fr').replace(/\s/g, '\\s')} personnes`) }).waitFor()
    await screen.getByRole('button', { name: /^Afficher la suite/ }).click()
    await until(async () => await screen.getByRole('row', { name: /agent-/ }).count() > 150, 'more of them are shown')

    await screen.getByLabel('Chercher une personne').fill('leger zoe')
    await screen.getByLabel('Rôle de Zoé Léger').selectOption({ label: 'Rédacteur' })
    await said('Zoé Léger est maintenant Rédacteur.')
    assert.equal(await screen.getByRole('row', { name: /agent-/ }).count(), 1)
    assert.equal(await role(server, 'agent-700'), 'editor')
    // The editor finds people by what is typed, however many there are.
    const page = await open(`${server.httpUrl}/s/canteen/hygiene?edit`, signedIn('ann'))
    await page.synced()
    await page.text.click()
    await page.type('Demander à @zoe')
    await page.page.locator('unisson-editor').getByRole('option', { name: '@Zoé Léger' }).waitFor()
  })))

test('a guest comes by a link with a password, and is out when it ends or is revoked', { skip, timeout: 120_000 }, () =>
  withServer(wiki, (server) => withBrowser(async (open) => {
    await makeWiki(server, 'canteen', PAGES, { ann: 'facilitator' })
    const person = await open(`${server.httpUrl}/s/canteen/-/links`, signedIn('ann'))
    const { page } = person
    const screen = page.locator('unisson-links')
    await screen.getByLabel('Qu’ouvre-t-il ?').selectOption({ label: 'Hygiène' })
    await screen.getByLabel('Que peuvent faire les invités ?').selectOption({ label: 'Rédacteur' })
    await screen.getByLabel('Mot de passe').fill('printemps 2027')
    await screen.getByLabel('Jusqu’au').fill(new Date(Date.now() + 36e5 * 24).toISOString().slice(0, 10))
    await screen.getByLabel('À quoi sert-il ?').fill('Diététicienne')
    await picture(page, 'links')
    assert.deepEqual(await person.faults(), [])
    await screen.getByRole('button', { name: 'Créer le lien' }).click()
    const address = await screen.getByLabel('Adresse').inputValue()
    assert.deepEqual(await person.faults(), [])
    await picture(page, 'link-made')
    await screen.locator('dialog').getByRole('button', { name: 'Fermer' }).click()
    await screen.getByRole('row', { name: /Diététicienne.*Hygiène.*Rédacteur.*avec mot de passe/ }).waitFor()

    const guest = await open(address)
    await guest.page.getByLabel('Votre nom').fill('Zoé')
    await guest.page.getByLabel('Mot de passe').fill('printemps 2027')
    await guest.page.getByRole('button', { name: 'Entrer' }).click()
    await guest.page.getByRole('heading', { name: 'Hygiène', level: 1 }).waitFor()
    assert.ok(!guest.page.url().includes('unisson-link'), 'the secret is in no address that a log could have')
    await guest.page.getByRole('link', { name: 'Modifier' }).first().click()
    await guest.synced()
    await screen.getByRole('button', { name: 'Révoquer « Diététicienne »' }).click()
    await screen.locator('dialog').getByRole('button', { name: 'Révoquer' }).click()
    await until(async () => await guest.status() === 'Accès refusé', 'the guest is out at once', 5_000)
    await screen.getByText('Il n’y a pas encore de lien.').waitFor()

    // One that ends by itself.
    const short = await done(server, 'POST', '/spaces/canteen/links', { role: 'editor', page: 'hygiene', until_ms: Date.now() + 6_000 })
    const late = await open(`${server.httpUrl}/${short.path}`)
    await late.page.locator('#guest-name').fill('Yves')
    await late.page.getByRole('button', { name: 'Entrer' }).click()
    await until(async () => await late.status() === 'Accès refusé', 'the guest is out when the link ends', 15_000)
  })))

test('an owner opens a space to everybody, closes it, deletes it and brings it back', { skip, timeout: 120_000 }, () =>
  withServer(wiki, (server) => withBrowser(async (open) => {
    await makeWiki(server, 'canteen', PAGES, { ann: 'owner', bob: 'facilitator' })
    const person = await open(`${server.httpUrl}/s/canteen/-/settings`, signedIn('ann'))
    const { page } = person
    const screen = page.locator('unisson-settings')
    const stranger = () => call(server, 'GET', '/spaces/canteen/rights?page=hygiene', undefined, { shown: null })
    assert.equal((await stranger()).status, 401)
    await screen.getByRole('radio', { name: /^Tout le monde/ }).check()
    await screen.getByLabel('Ce que peuvent faire les personnes sans compte').selectOption({ label: 'Lecteur' })
    await picture(page, 'settings')
    assert.deepEqual(await person.faults(), [])
    await screen.getByRole('button', { name: 'Enregistrer' }).click()
    await screen.getByText('Enregistré.').waitFor()
    assert.equal((await stranger()).body.role, 'reader')

    // Another owner was faster: nothing of theirs is overwritten.
    await done(server, 'PATCH', '/spaces/canteen', { title: 'Cantines' })
    await screen.getByRole('radio', { name: /^Les membres seulement/ }).check()
    await screen.getByRole('button', { name: 'Enregistrer' }).click()
    await screen.getByText('Quelqu’un vient de modifier cela.').waitFor()
    await until(async () => await screen.getByLabel('Nom de l’espace').inputValue() === 'Cantines', 'the other owner’s title is shown')
    await screen.getByRole('radio', { name: /^Les membres seulement/ }).check()
    await screen.getByRole('button', { name: 'Enregistrer' }).click()
    await screen.getByText('Enregistré.').waitFor()
    assert.equal((await stranger()).status, 401)

    await screen.getByRole('button', { name: 'Supprimer l’espace' }).click()
    await screen.locator('dialog').getByRole('button', { name: 'Supprimer l’espace' }).click()
    await screen.getByText('L’espace est supprimé.').waitFor()
    assert.equal(await role(server, 'bob'), null)
    await screen.getByRole('button', { name: 'Restaurer l’espace' }).click()
    await screen.getByText('L’espace est de retour.').waitFor()
    assert.equal(await role(server, 'bob'), 'facilitator')
  })))

test('a newcomer on an open server makes a first space and a first page, and finds them again', { skip, timeout: 120_000 }, () =>
  withServer({}, (server) => withBrowser(async (open) => {
    const person = await open(server.httpUrl)
    const { page } = person
    const home = page.locator('unisson-spaces')
    await home.getByRole('button', { name: 'Nouvel espace' }).waitFor()
    await home.getByText('Il n’y a pas encore d’espace.').filter({ visible: true }).waitFor()
    await home.getByRole('button', { name: 'Nouvel espace' }).click()
    await page.keyboard.type('Écoles & cantines')
    assert.equal(await home.getByLabel('Nom court dans l’adresse').inputValue(), 'ecoles-cantines')
    await picture(page, 'space-new')
    assert.deepEqual(await person.faults(), [])
    await home.getByRole('button', { name: 'Créer l’espace' }).click()
    await page.waitForURL('**/s/ecoles-cantines')
    const tree = page.locator('unisson-pages').first()
    await tree.getByText('Il n’y a pas encore de page. Créez la première.').waitFor()
    await tree.getByRole('button', { name: 'Nouvelle page' }).click()
    await page.keyboard.type('Bienvenue')
    await page.keyboard.press('Enter')
    await page.waitForURL('**?edit')
    await person.synced()
    await person.text.click()
    await person.type('Bonjour !')
    await person.saved()
    await page.locator('unisson-pages').first().getByRole('button', { name: 'Actions sur « Bienvenue »' }).click()
    await page.locator('unisson-pages dialog').getByRole('button', { name: 'Ajouter à mes favoris' }).click()
    await page.goto(server.httpUrl)
    await home.getByRole('heading', { name: 'Mes favoris' }).waitFor()
    await home.getByRole('heading', { name: 'Ouvertes récemment' }).waitFor()
    await picture(page, 'home')
    assert.deepEqual(await person.faults(), [])
    await home.getByRole('link', { name: 'Bienvenue' }).first().click()
    await page.getByText('Bonjour !').waitFor()
  })))
