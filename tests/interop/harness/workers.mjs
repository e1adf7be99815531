//! The project's client in workers of a browser page, under a strict content security policy.

import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'

const BROWSER = process.env.CHROMIUM ?? '/usr/bin/chromium'
export const skip = existsSync(BROWSER) ? false : `no browser at ${BROWSER}`
const here = dirname(fileURLToPath(import.meta.url))
const packages = join(here, '../../../wasm-client/js')
const MODULE = join(packages, 'client/dist/wasm/unisson_client_bg.wasm')
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' ws://127.0.0.1:* http://127.0.0.1:*"

/** What a worker and a page do with a document, each by its name. */
const DOCUMENT = `
  import { Session as YjsSession } from './yjs/dist/index.js'
  import { Session as WasmSession, load } from './client/dist/index.js'
  let session, text
  export const calls = {
    open: async ([url, document, { engine = 'yjs', ...options }]) => {
      if (engine === 'wasm') await load()
      session = new (engine === 'yjs' ? YjsSession : WasmSession)({ url, document, token: 'any', persistence: 'indexeddb', ...options })
      text = session.doc.getText('text')
      await session.whenLoaded()
    },
    insert: ([at, letters]) => { text.insert(Math.min(at, text.length), letters) },
    read: () => text.toString(),
    state: () => ({ status: session.status, unsaved: session.unsaved, copy: session.localCopy, transport: session.transport }),
    saved: () => session.whenSaved(),
    connect: () => { session.connect() },
    disconnect: () => { session.disconnect() },
    signOut: () => session.signOut(),
    name: ([name]) => { session.awareness.setLocalStateField('user', { name }) },
    people: () => [...session.awareness.getStates().values()].map(({ user }) => user?.name).filter(Boolean).sort(),
    destroy: () => { session.destroy() }
  }
  export const answer = async ({ call, given }) => {
    try {
      return { result: await calls[call](given) }
    } catch (error) {
      return { failure: String(error) }
    }
  }`

const SCRIPTS = {
  '/worker.js': `${DOCUMENT}
    self.onmessage = async ({ data }) => self.postMessage({ id: data.id, ...await answer(data) })`,
  // One worker for all pages of an origin: each page has a port of its own.
  '/shared.js': `${DOCUMENT}
    self.onconnect = ({ ports: [port] }) => { port.onmessage = async ({ data }) => port.postMessage({ id: data.id, ...await answer(data) }) }`,
  '/page.js': `${DOCUMENT}
    let last = 0
    const waiting = new Map()
    const hear = ({ data: { id, result, failure } }) => {
      const { resolve, reject } = waiting.get(id)
      waiting.delete(id)
      failure === undefined ? resolve(result) : reject(new Error(failure))
    }
    const through = (port) => (call, given) => new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject })
      port.postMessage({ id: last, call, given })
    })
    window.start = (kind) => {
      if (kind === 'page') window.call = async (call, given) => calls[call](given)
      if (kind === 'worker') {
        window.worker = new Worker('/worker.js', { type: 'module' })
        window.worker.onmessage = hear
        window.worker.onerror = ({ message }) => { throw new Error(message) }
        window.call = through(window.worker)
      }
      if (kind === 'shared') {
        const { port } = new SharedWorker('/shared.js', { type: 'module' })
        port.onmessage = hear
        window.call = through(port)
      }
    }`
}

const bundle = async (contents) => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: packages }, bundle: true, write: false, format: 'esm', platform: 'browser', logLevel: 'silent'
  })
  return outputFiles[0].text
}

const site = async () => {
  const files = { '/': ['text/html', '<!doctype html><html lang="en"><title>Worker</title><script type="module" src="/page.js"></script></html>'] }
  for (const [path, contents] of Object.entries(SCRIPTS)) files[path] = ['text/javascript', await bundle(contents)]
  files['/wasm/unisson_client_bg.wasm'] = ['application/wasm', readFileSync(MODULE)]
  const server = createServer(({ url }, response) => {
    const [type, body] = files[url] ?? ['text/plain', null]
    response.writeHead(body === null ? 404 : 200, { 'content-type': type, 'content-security-policy': POLICY })
    response.end(body)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

/** A document, wherever it runs. */
class Place {
  constructor (page) { this.page = page }

  call (name, ...given) { return this.page.evaluate(([name, given]) => window.call(name, given), [name, given]) }
  insert (letters, at = 1_000_000) { return this.call('insert', at, letters) }
  read () { return this.call('read') }
  state () { return this.call('state') }
  saved () { return this.call('saved') }

  /** Ends the worker as a browser does that needs its memory: without a word to it. */
  terminate () { return this.page.evaluate(() => window.worker.terminate()) }
}

/**
 * Runs `body` with `open(kind, url, document, options)`, which opens a document in a page of its own: in the
 * `page`, a `worker` of it, or the `shared` worker of all pages.
 */
export const withWorkers = async (body) => {
  const server = await site()
  const origin = `http://127.0.0.1:${server.address().port}`
  const browser = await chromium.launch({
    executablePath: BROWSER,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage']
  })
  const complaints = []
  try {
    const context = await browser.newContext()
    const open = async (kind, url, document, options = {}) => {
      const page = await context.newPage()
      page.on('pageerror', (error) => complaints.push(String(error)))
      page.on('console', (message) => { if (/Content Security Policy/i.test(message.text())) complaints.push(message.text()) })
      await page.goto(origin)
      await page.waitForFunction(() => window.start !== undefined)
      await page.evaluate((kind) => window.start(kind), kind)
      const place = new Place(page)
      await place.call('open', url, document, options)
      return place
    }
    await body({ open, origin })
    if (complaints.length > 0) throw new Error(`the browser complains: ${complaints.join('\n')}`)
  } finally {
    await browser.close()
    server.close()
  }
}
