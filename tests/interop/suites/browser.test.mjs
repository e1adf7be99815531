//! A real browser: the server's page renders, and bundled clients sync with a client outside of it.

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { dirname } from 'node:path'
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import { converged, withClients } from '../harness/clients.mjs'
import { withServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

const BROWSER = process.env.CHROMIUM ?? '/usr/bin/chromium'
const here = dirname(fileURLToPath(import.meta.url))

/** The two newest clients and Yjs as one script for a page. */
const bundle = async () => {
  const { outputFiles } = await build({
    stdin: {
      resolveDir: here,
      contents: `
        import * as Y from 'yjs'
        import { WebsocketProvider } from 'y-websocket-3'
        import { HocuspocusProvider } from 'hocuspocus-provider-4'
        window.join = (url, name) => {
          const first = new Y.Doc()
          const second = new Y.Doc()
          window.texts = [first.getText('text'), second.getText('text')]
          new WebsocketProvider(url + '/ws', name, first, { disableBc: true, params: { token: 'any' } })
          new HocuspocusProvider({ url: url + '/hocuspocus', name, document: second, token: 'any' })
        }`
    },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    logLevel: 'silent'
  })
  return outputFiles[0].text
}

const skip = existsSync(BROWSER) ? false : `no browser at ${BROWSER}`

test('clients in a browser share text with clients outside', { skip, timeout: 120_000 }, () => withServer({}, async (server) => {
  const browser = await chromium.launch({
    executablePath: BROWSER,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage']
  })
  try {
    const page = await browser.newPage()
    const complaints = []
    page.on('pageerror', (error) => complaints.push(String(error)))
    await page.goto(server.httpUrl)
    assert.match(await page.textContent('body'), /unisson/i)
    if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT })

    // The editors run on a bare page of the same origin: browsers keep strangers' pages off loopback.
    const editor = await browser.newPage({ bypassCSP: true })
    editor.on('pageerror', (error) => complaints.push(String(error)))
    editor.on('console', (message) => message.type() === 'error' && console.error(message.text()))
    await editor.goto(`${server.httpUrl}/healthz`)
    await editor.evaluate(await bundle())
    await withClients(server, 'browser', ['y-websocket 1', 'hocuspocus 2'], async (clients) => {
      await editor.evaluate(([url, name]) => window.join(url, name), [server.webSocketUrl, 'browser'])
      clients[0].text.insert(0, 'outside ')
      await converged(clients)
      await until(() => editor.evaluate(() => window.texts.every((text) => text.toString() === 'outside ')), 'the browser sees it')
      await editor.evaluate(() => window.texts.forEach((text) => text.insert(0, 'inside ')))
      await until(() => clients.every(({ text }) => text.toString() === 'inside inside outside '), 'the others see the browser')
    })
    assert.deepEqual(complaints, [])
  } finally {
    await browser.close()
  }
}))
