//! The project's own client in a real browser: the copy on the device, tabs, and a page that is left.

import { existsSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import { withServer } from '../harness/server.mjs'
import { withProxy } from '../harness/proxy.mjs'
import { textAt } from '../harness/sessions.mjs'
import { until } from '../harness/wait.mjs'

const BROWSER = process.env.CHROMIUM ?? '/usr/bin/chromium'
const here = dirname(fileURLToPath(import.meta.url))
const MODULE = `${here}/../../../wasm-client/js/client/dist/wasm/unisson_client_bg.wasm`
const skip = existsSync(BROWSER) ? false : `no browser at ${BROWSER}`

/** The client as a script for a page; `window.open` starts a session, with a copy on the device. */
const bundle = async () => {
  const { outputFiles } = await build({
    stdin: {
      resolveDir: here,
      contents: `
        import { Session as YjsSession, forgetLocalCopies } from '../../../wasm-client/js/yjs/dist/index.js'
        import { Session as WasmSession, load } from '../../../wasm-client/js/client/dist/index.js'
        window.forgetLocalCopies = forgetLocalCopies
        window.loadEngine = (module) => load(Uint8Array.from(atob(module), (character) => character.charCodeAt(0)))
        window.openSession = async (url, document, { engine = 'yjs', ...options } = {}) => {
          const Session = engine === 'yjs' ? YjsSession : WasmSession
          const session = new Session({ url, document, token: 'any', persistence: 'indexeddb', ...options })
          window.session = session
          window.text = session.doc.getText('text')
          await session.whenLoaded()
        }`
    },
    bundle: true, write: false, format: 'iife', platform: 'browser', logLevel: 'silent'
  })
  return outputFiles[0].text
}

const withBrowser = (body) => withServer({}, (server) => withProxy(server, async (proxy) => {
  const browser = await chromium.launch({
    executablePath: BROWSER,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage']
  })
  // The server's own pages let no other script run and reach nothing else.
  const context = await browser.newContext({ bypassCSP: true })
  const script = await bundle()
  const complaints = []
  /** A tab of the one origin, with the document open. */
  const tab = async (document, options) => {
    const page = await context.newPage()
    page.on('pageerror', (error) => complaints.push(String(error)))
    await page.goto(`${server.httpUrl}/healthz`)
    await page.evaluate(script)
    if (options?.engine === 'wasm') await page.evaluate((module) => window.loadEngine(module), readFileSync(MODULE).toString('base64'))
    await page.evaluate(([url, name, options]) => window.openSession(url, name, options), [`${proxy.webSocketUrl}/hocuspocus`, document, options])
    return page
  }
  try {
    await body({ server, proxy, tab, context })
    assert.deepEqual(complaints, [])
  } finally {
    await browser.close()
  }
}))

const insert = (page, text) => page.evaluate((text) => window.text.insert(window.text.length, text), text)
const read = (page) => page.evaluate(() => window.text.toString())
const state = (page) => page.evaluate(() => ({ status: window.session.status, unsaved: window.session.unsaved, copy: window.session.localCopy }))
const kept = (page) => until(async () => (await state(page)).copy === 'kept', 'everything is on the device')
const saved = (page) => page.evaluate(() => window.session.whenSaved())

test('what was written offline survives the tab and is sent by the next one', { skip, timeout: 120_000 }, () => withBrowser(async ({ server, proxy, tab }) => {
  const first = await tab('offline')
  await insert(first, 'online ')
  await saved(first)
  await first.evaluate(() => window.session.disconnect())
  await insert(first, 'offline')
  await kept(first)
  assert.deepEqual(await state(first), { status: 'offline', unsaved: true, copy: 'kept' })
  await first.close()
  assert.equal(await textAt(server, 'offline'), 'online ')

  const second = await tab('offline', { connect: false })
  assert.equal(await read(second), 'online offline', 'it reads before there is a connection')
  assert.equal((await state(second)).unsaved, true, 'and knows what was never acknowledged')
  await second.evaluate(() => window.session.connect())
  await saved(second)
  assert.equal(await textAt(server, 'offline'), 'online offline')
  await kept(second)
  await second.close()

  const third = await tab('offline', { connect: false })
  assert.equal((await state(third)).unsaved, false, 'what is saved is remembered as saved')
}))

test('tabs show each other their edits without a network, and one sends for a tab that has none', { skip, timeout: 120_000 }, () => withBrowser(async ({ server, tab }) => {
  const offline = await tab('tabs', { connect: false })
  const alone = await tab('tabs', { connect: false })
  await insert(offline, 'from one tab ')
  await until(async () => await read(alone) === 'from one tab ', 'the other tab shows it')
  const online = await tab('tabs')
  await saved(online)
  assert.equal(await textAt(server, 'tabs'), 'from one tab ', 'it has taken over what nobody had sent')
  await insert(alone, 'and another')
  await until(async () => await textAt(server, 'tabs') === 'from one tab and another', 'the tab with a connection sends it')
}))

test('a long log on the device becomes short, and reads the same', { skip, timeout: 120_000 }, () => withBrowser(async ({ tab }) => {
  const page = await tab('long')
  await page.evaluate(() => { for (let edit = 0; edit < 1_200; edit += 1) window.text.insert(window.text.length, `${edit} `) })
  await saved(page)
  await insert(page, 'end')
  await kept(page)
  const count = () => page.evaluate(() => new Promise((resolve, reject) => {
    const opening = indexedDB.open('unisson')
    opening.onerror = () => reject(opening.error)
    opening.onsuccess = () => {
      const counting = opening.result.transaction('updates').objectStore('updates').count()
      counting.onsuccess = () => { opening.result.close(); resolve(counting.result) }
    }
  }))
  await until(async () => await count() < 500, 'the log is short')
  const expected = await read(page)
  await page.close()
  assert.equal(await read(await tab('long', { connect: false })), expected)
}))

test('signing out wipes the document from the device, in every tab, but never an unsaved edit', { skip, timeout: 120_000 }, () => withBrowser(async ({ tab }) => {
  const page = await tab('secret')
  const other = await tab('secret')
  await insert(page, 'secret')
  await saved(page)
  await page.evaluate(() => window.session.disconnect())
  await insert(page, ' more')
  const refusal = await page.evaluate(() => window.session.signOut().then(() => 'signed out', (error) => error.message))
  assert.match(refusal, /not saved/)
  await page.evaluate(() => window.session.connect())
  await saved(page)
  await page.evaluate(() => window.session.signOut())
  await until(async () => (await state(other)).status === 'offline', 'the other tab has left as well')
  await until(async () => (await state(other)).copy === 'none', 'and keeps nothing')
  await Promise.all([page.close(), other.close()])
  assert.equal(await read(await tab('secret', { connect: false })), '')
}))

test('a page is only held back while something is neither saved nor on the device', { skip, timeout: 120_000 }, () => withBrowser(async ({ proxy, tab }) => {
  const leave = (page) => page.evaluate(() => !window.dispatchEvent(new Event('beforeunload', { cancelable: true })))
  const bare = await tab('guard', { persistence: 'none' })
  await insert(bare, 'x')
  await saved(bare)
  assert.equal(await leave(bare), false)
  proxy.holdAnswers()
  await insert(bare, 'y')
  assert.equal(await leave(bare), true)
  const copied = await tab('guard', { connect: false })
  await insert(copied, 'z')
  await kept(copied)
  assert.equal(await leave(copied), false)
  proxy.releaseAnswers()
  await saved(bare)
  assert.equal(await leave(bare), false)
}))

test('a tab that was frozen while its socket died comes back by itself and loses nothing', { skip, timeout: 120_000 }, () => withBrowser(async ({ server, proxy, tab, context }) => {
  const page = await tab('frozen')
  await saved(page)
  const devtools = await context.newCDPSession(page)
  await insert(page, 'before ')
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' })
  proxy.cut()
  await devtools.send('Page.setWebLifecycleState', { state: 'active' })
  await insert(page, 'after')
  await saved(page)
  assert.equal(await textAt(server, 'frozen'), 'before after')
}))

test('the WASM engine in a page keeps the same copy, and tabs of both engines share it', { skip, timeout: 120_000 }, () => withBrowser(async ({ server, tab }) => {
  const wasm = await tab('engines', { engine: 'wasm', connect: false })
  await insert(wasm, 'written offline by one engine ')
  await kept(wasm)
  const stock = await tab('engines', { connect: false })
  assert.equal(await read(stock), 'written offline by one engine ')
  await insert(stock, 'and the other')
  await until(async () => await read(wasm) === 'written offline by one engine and the other', 'the tab of the other engine shows it')
  await wasm.close()
  await stock.close()
  const again = await tab('engines', { engine: 'wasm' })
  await saved(again)
  assert.equal(await textAt(server, 'engines'), 'written offline by one engine and the other')
}))
