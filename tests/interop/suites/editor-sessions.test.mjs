//! `<unisson-editor>` through a long day: sleep, sign-out, tokens that end, a full space, a guarded browser.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { chromium } from 'playwright-core'
import { agreed, skip, withBrowser } from '../harness/editors.mjs'
import { SECRET, token } from '../harness/portal.mjs'
import { withProxy } from '../harness/proxy.mjs'
import { withServer } from '../harness/server.mjs'
import { pause, until } from '../harness/wait.mjs'

const options = { skip, timeout: 180_000 }
const pictures = process.env.PICTURES
const OFFLINE = { offline: true, latency: 0, downloadThroughput: -1, uploadThroughput: -1 }

/** Everything that the status line said since this was called. */
const listen = (person) => person.page.evaluate(() => {
  const state = document.querySelector('unisson-editor').shadowRoot.querySelector('.state')
  window.statusSaid = [state.textContent]
  new MutationObserver(() => window.statusSaid.push(state.textContent)).observe(state, { childList: true, subtree: true, characterData: true })
})
const said = (person) => person.page.evaluate(() => window.statusSaid)

/** The element takes the tokens that `mint` makes, from now on. */
const withTokens = async (person, mint) => {
  await person.page.exposeFunction('mint', mint)
  await until(() => person.ask((editor) => Boolean(editor?.session)), 'the element is there')
  await person.page.evaluate(() => {
    const editor = document.querySelector('unisson-editor')
    editor.tokenProvider = (reason) => window.mint(reason)
    editor.session.setToken((reason) => window.mint(reason))
  })
}

test('a page that slept with a WebSocket wakes up with everybody\'s edits, its own too', options, () => withServer({}, (server) => withProxy(server, (proxy) => withBrowser(async (open) => {
  const ann = await open(`${server.httpUrl}/d/veille`, { name: 'Anne' })
  const bob = await open(`${proxy.webSocketUrl.replace('ws:', 'http:')}/d/veille`, { name: 'Bilal' })
  await Promise.all([ann.synced(), bob.synced()])
  assert.equal(await bob.ask((editor) => editor.session.transport), 'websocket')
  await bob.text.click()
  await bob.type('avant ')
  await bob.saved()
  const phone = await bob.devtools()
  await phone.send('Network.enable')
  for (let night = 1; night <= 2; night += 1) {
    await phone.send('Page.setWebLifecycleState', { state: 'frozen' })
    await phone.send('Network.emulateNetworkConditions', OFFLINE)
    proxy.cut()
    await ann.end()
    await ann.type(`anne${night} `)
    await ann.saved()
    await phone.send('Page.setWebLifecycleState', { state: 'active' })
    await bob.end()
    await bob.type(`bilal${night} `)
    await phone.send('Network.emulateNetworkConditions', { ...OFFLINE, offline: false })
    await bob.saved()
    const text = await agreed([ann, bob])
    for (const part of ['avant', `anne${night}`, `bilal${night}`]) assert.ok(text.includes(part), text)
  }
}))))

test('signing out leaves nothing of the page in any tab, and never takes an unsaved edit with it', options, () => withServer({}, (server) => withProxy(server, (proxy) => withBrowser(async (open) => {
  const address = `${proxy.webSocketUrl.replace('ws:', 'http:')}/d/poste`
  const ann = await open(address, { name: 'Anne' })
  await ann.synced()
  await ann.text.click()
  await ann.type('menus de mars')
  await ann.saved()
  const context = ann.page.context()
  const other = await context.newPage()
  await other.goto(address)
  await other.waitForFunction(() => document.querySelector('unisson-editor')?.session?.synced)
  proxy.holdAnswers()
  await ann.type(' et d’avril')
  const refusal = await ann.ask((editor) => editor.signOut().then(() => 'signed out', (error) => error.message))
  assert.match(refusal, /not saved/)
  proxy.releaseAnswers()
  await ann.saved()
  assert.equal(await ann.ask((editor) => editor.signOut().then(() => 'signed out', (error) => error.message)), 'signed out')
  await until(() => other.evaluate(() => document.querySelector('unisson-editor').status === 'offline'), 'the other tab has left')
  const left = await ann.page.evaluate(async () => {
    const database = await new Promise((resolve, reject) => {
      const opening = indexedDB.open('unisson')
      opening.onsuccess = () => resolve(opening.result)
      opening.onerror = () => reject(opening.error)
    })
    const counts = await Promise.all([...database.objectStoreNames].map((name) => new Promise((resolve) => {
      const counting = database.transaction(name).objectStore(name).getAll()
      counting.onsuccess = () => resolve(JSON.stringify(counting.result, (_, value) => value instanceof Uint8Array ? new TextDecoder().decode(value) : value))
    })))
    database.close()
    return counts.join('\n')
  })
  assert.doesNotMatch(left, /menus|avril/)
  // What was saved is on the server, for who comes next.
  const bob = await open(address, { name: 'Bilal' })
  await bob.synced()
  assert.equal(await bob.markdown(), 'menus de mars et d’avril\n')
}))))

test('tokens end and are renewed while somebody types: no letter is lost, and nothing is noticed', options, () => withServer({ environment: { UNISSON_AUTH_SECRET: SECRET } }, (server) => withBrowser(async (open) => {
  let asked = 0
  const ann = await open(`${server.httpUrl}/d/relais`)
  await withTokens(ann, () => { asked += 1; return token({ sub: 'ann', name: 'Anne Martin' }, 3) })
  await ann.synced()
  await ann.text.click()
  await ann.type('0')
  await until(async () => await ann.status() === 'Enregistré', 'it is saved')
  await listen(ann)
  const words = []
  for (const end = Date.now() + 10_000; Date.now() < end;) {
    words.push(`mot${words.length}`)
    await ann.type(` ${words.at(-1)}`)
    await pause(50)
  }
  await ann.saved()
  assert.equal(await ann.markdown(), `0 ${words.join(' ')}\n`)
  assert.ok(asked >= 4, `${asked} tokens`)
  assert.deepEqual((await said(ann)).filter((text) => !/^(Enregistré|Enregistrement…)$/.test(text)), [])
})))

test('a token that ends and is not renewed takes the right, not the text', options, () => withServer({ environment: { UNISSON_AUTH_SECRET: SECRET } }, (server) => withBrowser(async (open) => {
  let renews = true
  const ann = await open(`${server.httpUrl}/d/fin`)
  await withTokens(ann, () => renews ? token({ sub: 'ann', name: 'Anne Martin' }, 4) : null)
  await ann.synced()
  await ann.text.click()
  await ann.type('écrit ')
  await ann.saved()
  renews = false
  const typing = async () => {
    await ann.type('x')
    return await ann.status() === 'Accès refusé'
  }
  await until(typing, 'the end is said while she types', 30_000, 20)
  const typed = await ann.markdown()
  assert.match(typed, /^écrit x+\n$/)
  // What came after the end is not called saved; with a new token it is sent.
  renews = true
  await ann.ask((editor) => editor.session.connect())
  await ann.synced()
  await ann.saved()
  assert.equal(await ann.markdown(), typed)
  const bob = await open(`${server.httpUrl}/d/fin`)
  await withTokens(bob, () => token({ sub: 'bob', name: 'Bilal Roy' }))
  await bob.synced()
  assert.equal(await bob.markdown(), typed)
})))

const quota = (bytes) => `[[quotas]]\nprefix = "spaces/*/"\nbytes_max = ${bytes}\nwarn_percent = 50\n`

test('a space that fills up says so before, when and after, and keeps what could not be saved', options, () => withServer({ settings: quota(60_000) }, (server) => withBrowser(async (open) => {
  const address = `${server.httpUrl}/d/spaces/petit/page`
  const ann = await open(address, { name: 'Anne' })
  const bob = await open(address, { name: 'Bilal', locale: 'en-GB' })
  await Promise.all([ann.synced(), bob.synced()])
  await ann.page.evaluate(() => {
    window.rooms = []
    document.querySelector('unisson-editor').addEventListener('quota', ({ detail }) => window.rooms.push(detail))
  })
  const paste = (person, letters) => person.page.evaluate((text) => {
    const { view } = document.querySelector('unisson-editor')
    view.dispatch(view.state.tr.insertText(text, 1))
  }, letters)
  await paste(ann, 'a'.repeat(40_000))
  await ann.saved()
  const room = (person) => person.page.locator('unisson-editor .room').textContent()
  await until(async () => /^\d+ % de la place est utilisée$/.test(await room(ann)), 'Anne is warned', 30_000)
  await until(async () => /^\d+% of the room is used$/.test(await room(bob)), 'Bilal is warned in his language')
  assert.equal(await ann.ask((editor) => editor.readOnly), false)
  assert.equal(await ann.ask((editor) => editor.quota.state), 'near')
  if (pictures) await ann.page.screenshot({ path: `${pictures}/quota-near.png` })
  await paste(bob, 'b'.repeat(30_000))
  // It is noticed some seconds later: what is typed until then is refused or saved, and which is said.
  await until(async () => {
    await paste(ann, 'c'.repeat(100))
    return await ann.ask((editor) => editor.readOnly)
  }, 'nothing more can be written', 30_000, 20)
  await until(async () => /^Plus de place ici/.test(await ann.status()), 'Anne is told')
  await until(async () => /^No room left here/.test(await bob.status()), 'Bilal is told')
  assert.equal(await room(ann), '')
  assert.deepEqual(await ann.faults(), [])
  if (pictures) {
    await ann.page.screenshot({ path: `${pictures}/quota-full.png` })
    await bob.page.setViewportSize({ width: 390, height: 740 })
    await bob.page.emulateMedia({ colorScheme: 'dark' })
    await bob.page.screenshot({ path: `${pictures}/quota-full-phone.png` })
  }
  const states = await ann.page.evaluate(() => window.rooms.map(({ state, usedBytes, bytesMax }) => [state, usedBytes > 0, bytesMax]))
  assert.deepEqual(states, [['near', true, 60_000], ['full', true, 60_000]])
  // Whoever comes now is told as well.
  const eve = await open(address, { name: 'Eve' })
  await until(async () => await eve.status() === 'Plus de place ici : rien ne peut être écrit', 'who comes is told')
  // There is room again: what waited is saved without anybody doing anything.
  const typed = await ann.markdown()
  server.options.settings = quota(10_000_000)
  await server.restart()
  await ann.saved()
  await until(async () => await ann.status() === 'Enregistré', 'Anne is told')
  assert.equal(await ann.markdown(), typed)
  assert.equal(await agreed([ann, bob, eve]), typed)
  assert.equal(await ann.ask((editor) => editor.readOnly), false)
})))

/** A browser that gives frames of other sites no cookies. */
const withGuardedBrowser = async (body) => {
  const folder = mkdtempSync(join(tmpdir(), 'unisson-browser-'))
  mkdirSync(join(folder, 'Default'))
  writeFileSync(join(folder, 'Default', 'Preferences'), JSON.stringify({ profile: { cookie_controls_mode: 1, block_third_party_cookies: true } }))
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage', '--test-third-party-cookie-phaseout'],
    locale: 'fr-FR'
  })
  try {
    await body(context)
  } finally {
    await context.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

test('a frame on another site works where that site gets no cookies', options, async () => {
  const portal = createServer((request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(`<!doctype html><html lang="fr"><title>Portail</title><iframe title="Page" width="800" height="500" src="${portal.unisson}/embed/cadre"></iframe>
      <script>window.said = []
        addEventListener('message', ({ source, data }) => { said.push(data.event); if (data.event === 'token-needed') source.postMessage({ unisson: 1, command: 'token', token: 'portal' }, '*') })
      </script></html>`)
  })
  await new Promise((resolve) => portal.listen(0, '127.0.0.1', resolve))
  // Another site than 127.0.0.1, and no secure one: nothing is lent to it.
  const origin = `http://localhost:${portal.address().port}`
  try {
    await withServer({ tokens: [{ value: 'portal', access: 'read-write' }], environment: { UNISSON_ORIGINS: origin } }, (server) => withGuardedBrowser(async (context) => {
      portal.unisson = server.httpUrl
      const page = await context.newPage()
      const errors = []
      page.on('pageerror', (error) => errors.push(String(error)))
      await page.goto(origin)
      const framed = () => page.frames().find((frame) => frame.url().includes('/embed/'))
      await until(framed, 'the frame is there')
      const frame = framed()
      const ask = (question) => frame.evaluate(question)
      await until(() => ask(() => document.querySelector('unisson-editor')?.session?.synced === true), 'it is in sync')
      // The browser really keeps cookies from it.
      await ask(() => { document.cookie = 'probe=1; SameSite=None; Secure'; document.cookie = 'plain=1' })
      assert.equal(await ask(() => document.cookie), '')
      await frame.locator('unisson-editor .ProseMirror').click()
      await page.keyboard.type('dans un cadre')
      await until(() => ask(() => document.querySelector('unisson-editor').saved), 'it is saved')
      await until(() => page.evaluate(() => window.said.includes('saved')), 'the portal is told')
      await server.restart()
      await page.keyboard.type(', encore')
      await until(() => ask(() => document.querySelector('unisson-editor').saved), 'it is saved again', 45_000)
      await page.reload()
      await until(framed, 'the frame is there')
      await until(() => framed().evaluate(() => document.querySelector('unisson-editor')?.toMarkdown?.() === 'dans un cadre, encore\n'), 'it is all there')
      assert.deepEqual(errors, [])
    }))
  } finally {
    portal.close()
  }
})
