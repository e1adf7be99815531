//! `<unisson-editor>` on a network that lets no WebSocket through, beside one on a network that does.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { agreed, skip, withBrowser } from '../harness/editors.mjs'
import { withOfficeProxy } from '../harness/office-proxy.mjs'
import { SECRET, token } from '../harness/portal.mjs'
import { withServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

const options = { skip, timeout: 240_000 }

/** What the status line said since this was called. */
const listen = (person) => person.page.evaluate(() => {
  const state = document.querySelector('unisson-editor').shadowRoot.querySelector('.state')
  window.statusSaid = [state.textContent]
  new MutationObserver(() => window.statusSaid.push(state.textContent)).observe(state, { childList: true, subtree: true, characterData: true })
})
const said = (person) => person.page.evaluate(() => window.statusSaid)
const transport = (person) => person.ask((editor) => editor.session.transport)
const carets = (person) => person.page.locator('.unisson-caret-name').allTextContents()

/** Anne has a WebSocket, Bob is behind the proxy. */
const both = (settings, body, more = {}) => () => withServer(more, (server) => withOfficeProxy(server, settings, (proxy) => withBrowser(async (open) => {
  const ann = await open(`${server.httpUrl}/d/bureau`, { name: 'Anne Martin' })
  const bob = await open(`${proxy.httpUrl}/d/bureau`, { name: 'Bilal Roy' })
  await body({ server, proxy, open, ann, bob })
})))

for (const holdsStreams of [false, true]) {
  test(`two people write one paragraph and see each other's carets${holdsStreams ? ', by polls' : ''}`, options, both({ upgrades: 'ignored', holdsStreams }, async ({ ann, bob, proxy, open }) => {
    await Promise.all([ann.synced(), bob.synced()])
    assert.deepEqual([await transport(ann), await transport(bob)], ['websocket', 'http'])
    await listen(bob)
    await ann.text.click()
    await ann.type('Réunion : ')
    await agreed([ann, bob])
    await Promise.all([ann.end(), bob.end()])
    await Promise.all([ann.type('aaaaaaaaaaaa'), bob.type('bbbbbbbbbbbb')])
    await Promise.all([ann.saved(), bob.saved()])
    const text = await agreed([ann, bob])
    assert.deepEqual(['a', 'b'].map((letter) => text.slice('Réunion'.length).split(letter).length - 1), [12, 12])
    await until(async () => (await carets(ann)).includes('Bilal Roy'), 'Anne sees his caret')
    await until(async () => (await carets(bob)).includes('Anne Martin'), 'Bob sees hers')
    // Nothing in what Bob reads tells him that his network is worse.
    assert.deepEqual((await said(bob)).filter((text) => !/^(Enregistré|Enregistrement…)$/.test(text)), [])
    // The next page knows the network, and does not wait.
    const waited = proxy.counts.upgrades
    await bob.page.reload()
    await bob.synced()
    assert.equal(await transport(bob), 'http')
    assert.equal(proxy.counts.upgrades, waited, 'no WebSocket was tried again')
  }))
}

test('it goes back to a WebSocket by itself, and nobody notices', options, both({ upgrades: 'refused' }, async ({ ann, bob, proxy }) => {
  await Promise.all([ann.synced(), bob.synced()])
  await bob.text.click()
  await bob.type('avant ')
  await bob.saved()
  assert.equal(await transport(bob), 'http')
  await until(async () => await bob.status() === 'Enregistré', 'it is saved')
  await listen(bob)
  proxy.upgrades = 'passed'
  await bob.page.evaluate(() => window.dispatchEvent(new Event('online')))
  await bob.type('pendant ')
  await until(async () => await transport(bob) === 'websocket', 'a WebSocket carries it', 40_000)
  await bob.type('après')
  await bob.saved()
  assert.equal(await agreed([ann, bob]), 'avant pendant après\n')
  assert.deepEqual((await said(bob)).filter((text) => !/^(Enregistré|Enregistrement…)$/.test(text)), [])
  await bob.page.reload()
  await bob.synced()
  assert.equal(await transport(bob), 'websocket')
}))

test('a page that slept while others wrote wakes up, and both edits are kept', options, both({ upgrades: 'refused' }, async ({ ann, bob, proxy }) => {
  await Promise.all([ann.synced(), bob.synced()])
  await bob.text.click()
  await bob.type('Bob ')
  await bob.saved()
  const phone = await bob.devtools()
  await phone.send('Page.setWebLifecycleState', { state: 'frozen' })
  await phone.send('Network.enable')
  await phone.send('Network.emulateNetworkConditions', { offline: true, latency: 0, downloadThroughput: -1, uploadThroughput: -1 })
  proxy.cut()
  await ann.end()
  await ann.type('Anne ')
  await ann.saved()
  await phone.send('Page.setWebLifecycleState', { state: 'active' })
  await bob.end()
  await bob.type('hors ligne ')
  await phone.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 })
  await bob.saved()
  const text = await agreed([ann, bob])
  for (const part of ['Bob', 'Anne', 'hors ligne']) assert.ok(text.includes(part), text)
}))

test('kill -9 of the server, and a revoked right, are what they are with a WebSocket', options, () => {
  let role = 'editor'
  return withServer({ environment: { UNISSON_AUTH_SECRET: SECRET } }, (server) => withOfficeProxy(server, {}, (proxy) => withBrowser(async (open) => {
    const bob = await open(`${proxy.httpUrl}/d/droits`)
    await bob.page.exposeFunction('freshToken', () => token({ sub: 'bob', name: 'Bilal Roy', role }, 8))
    await until(() => bob.ask((editor) => editor.session != null), 'the editor is there')
    await bob.page.evaluate(() => {
      const editor = document.querySelector('unisson-editor')
      editor.tokenProvider = () => window.freshToken()
      editor.session.setToken(() => window.freshToken())
    })
    await bob.synced()
    assert.equal(await transport(bob), 'http')
    await bob.text.click()
    await bob.type('gardé ')
    await bob.saved()
    await server.kill()
    await bob.type('aussi')
    await server.spawn()
    await bob.saved()
    assert.equal(await bob.markdown(), 'gardé aussi\n')
    role = 'reader'
    await until(async () => await bob.status() === 'Lecture seule', 'the next token says less, and that holds at once', 30_000)
    assert.equal(await bob.ask((editor) => editor.readOnly), true)
  })))
})
