//! People with the editors of others' programs, bound to one document, each in a window of a real browser.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import { until } from './wait.mjs'

const BROWSER = process.env.CHROMIUM ?? '/usr/bin/chromium'
export const skip = existsSync(BROWSER) ? false : `no browser at ${BROWSER}`

const here = dirname(fileURLToPath(import.meta.url))
const modules = join(here, '..', 'node_modules')
const MODULE = join(here, '../../../wasm-client/js/client/dist/wasm/unisson_client_bg.wasm')

/** Two copies of one of these would not know each other. */
const ONCE = ['@codemirror/state', '@codemirror/view', 'quill', 'yjs']

const bundle = async () => {
  const { outputFiles } = await build({
    entryPoints: [join(here, 'bindings-page.mjs')],
    bundle: true, write: false, format: 'iife', platform: 'browser', logLevel: 'error',
    loader: { '.css': 'text' },
    alias: Object.fromEntries(ONCE.map((name) => [name, join(modules, name)]))
  })
  return outputFiles[0].text
}

/** What the browser itself says where a page has no icon, or a server is killed. */
const OF_THE_NETWORK = /^(Failed to load resource|WebSocket connection to)/

const PLACES = { codemirror: '.cm-content', quill: '.ql-editor', textarea: 'textarea', input: 'input' }

/** One person's window. */
export class Person {
  constructor (page, kind) {
    this.page = page
    this.editor = page.locator(PLACES[kind.split(' ')[0]])
  }

  content () { return this.page.evaluate(() => window.content()) }
  delta () { return this.page.evaluate(() => window.delta()) }
  caret () { return this.page.evaluate(() => window.caret()) }
  saved () { return until(() => this.page.evaluate(() => window.session.synced && !window.session.unsaved), 'everything is saved') }
  names () { return this.page.locator('.unisson-caret-name, .cm-ySelectionInfo, .ql-cursor-name').allTextContents() }
  whenSees (name) { return until(async () => (await this.names()).includes(name), async () => `${name} is seen, not only ${await this.names()}`) }

  /** Puts the caret at the start or the end of the text. */
  async go (where) {
    await this.editor.click()
    await this.page.keyboard.press(where === 'start' ? 'Control+Home' : 'Control+End')
  }

  type (text) { return this.page.keyboard.type(text) }
  press (keys) { return this.page.keyboard.press(keys) }

  /** What an input method does while a word is composed, and when it is done. */
  async compose (text) {
    this.input ??= await this.page.context().newCDPSession(this.page)
    await this.input.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length })
  }

  async composed (text) { await this.input.send('Input.insertText', { text }) }
}

/** Waits until all show the same, and returns it. */
export const agree = async (...people) => {
  const contents = () => Promise.all(people.map((person) => person.content()))
  let shown = []
  await until(async () => {
    shown = await contents()
    return shown.every((text) => text === shown[0])
  }, () => `all show the same: ${JSON.stringify(shown)}`)
  return shown[0]
}

/** Runs `body` with a browser; `open` gives a person an editor of a kind on a document. */
export const withEditors = async (server, body) => {
  const browser = await chromium.launch({
    executablePath: BROWSER,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage']
  })
  const script = await bundle()
  const module = readFileSync(MODULE).toString('base64')
  const complaints = []
  const open = async (kind, document, name, { engine = 'yjs', token = 'any', color = '#0063cb' } = {}) => {
    // A window of its own has a focus of its own.
    const context = await browser.newContext({ viewport: { width: 700, height: 420 }, bypassCSP: true })
    const page = await context.newPage()
    page.setDefaultTimeout(20_000)
    page.on('pageerror', (error) => complaints.push(`${kind}: ${error.stack}`))
    page.on('console', (message) => {
      if (message.type() === 'error' && !OF_THE_NETWORK.test(message.text())) complaints.push(`${kind}: ${message.text()}`)
    })
    await page.goto(`${server.httpUrl}/healthz`)
    await page.evaluate(script)
    await page.evaluate(([kind, options]) => window.openEditor(kind, options), [kind, {
      url: `${server.webSocketUrl}/hocuspocus`, document, token, engine, user: { name, color }, ...(engine === 'wasm' ? { module } : {})
    }])
    await until(() => page.evaluate(() => window.session.synced), `${name} has the document`)
    return new Person(page, kind)
  }
  try {
    await body(open)
    if (complaints.length > 0) throw new Error(`the browser complains: ${complaints.join('\n')}`)
  } finally {
    await browser.close()
  }
}
