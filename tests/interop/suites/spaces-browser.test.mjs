//! A guest follows a link in a real browser: a name, a password, the page, and the end of the link.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { open as openClient } from '../harness/clients.mjs'
import { skip, withBrowser } from '../harness/editors.mjs'
import { SECRET } from '../harness/portal.mjs'
import { withServer } from '../harness/server.mjs'
import { as, done, makeSpace, tokens } from '../harness/spaces.mjs'
import { until } from '../harness/wait.mjs'

const settings = `[auth]\nsecret = ${JSON.stringify(SECRET)}\n`

test('a guest says a name and the password, writes, and is out when the link is revoked', { skip, timeout: 120_000 }, () =>
  withServer({ settings, tokens }, async (server) => {
    await makeSpace(server, 'team', { ann: 'editor' })
    const link = await done(server, 'POST', '/spaces/team/links', { role: 'editor', page: 'page', password: 'printemps 2027' })
    const ann = openClient('hocuspocus 4', server, 'spaces/team/page', { token: as('ann') })
    try {
      await withBrowser(async (open) => {
        const guest = await open(`${server.httpUrl}/${link.path}`)
        const { page } = guest
        await page.getByRole('heading', { name: 'Vous avez reçu un lien' }).waitFor()
        assert.deepEqual(await guest.faults(), [])
        const enter = page.getByRole('button', { name: 'Entrer' })
        await page.locator('#guest-name').fill('Zoé')
        await enter.click()
        await page.getByText('Ce lien demande un mot de passe.').waitFor()
        await page.locator('#guest-password').fill('hiver')
        await enter.click()
        await page.getByText('Ce n’est pas le bon mot de passe.').waitFor()
        await page.locator('#guest-password').fill('printemps 2027')
        if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/guest.png` })
        await enter.click()
        await guest.synced()
        await guest.text.click()
        await guest.type('Bonjour à tous')
        await guest.saved()
        await ann.whenSynced()
        await until(() => ann.doc.getXmlFragment('default').toString().includes('Bonjour à tous'), 'Ann reads it')
        await until(() => [...ann.awareness.getStates().values()].some(({ user }) => user?.name === 'Zoé (invité)'), 'Ann sees a guest')
        // A reload asks nothing again.
        await page.reload()
        await guest.synced()
        await done(server, 'DELETE', `/spaces/team/links/${link.id}`)
        await until(async () => await guest.status() === 'Accès refusé', 'the guest is told', 4_000)
      })
    } finally {
      ann.destroy()
    }
  }))
