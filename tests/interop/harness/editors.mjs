//! People with the embeddable editor, each in a window of a real browser.

import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'
import { until } from './wait.mjs'

const BROWSER = process.env.CHROMIUM ?? '/usr/bin/chromium'
export const skip = existsSync(BROWSER) ? false : `no browser at ${BROWSER}`
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** One person's window. */
export class Person {
  constructor (page, complaints) {
    this.page = page
    this.complaints = complaints
    this.text = page.locator('unisson-editor .ProseMirror')
  }

  async synced () { await until(() => this.ask((editor) => editor.session?.synced === true), 'the document is there') }
  async saved () { await until(() => this.ask((editor) => editor.saved), 'everything is saved', 45_000) }

  /** What a function of the element says. */
  ask (question) { return this.page.evaluate(`(${question})(document.querySelector('unisson-editor'))`) }

  markdown () { return this.ask((editor) => editor.toMarkdown()) }

  /** Puts the caret at the end of the text. */
  async end () {
    await this.text.click()
    await this.page.keyboard.press('Control+End')
    // The editor hears of it a moment later.
    await until(() => this.ask((editor) => {
      const { doc, selection } = editor.view.state
      return Object.getPrototypeOf(selection.constructor).atEnd(doc).head === selection.head
    }), 'the caret is at the end')
  }

  async type (text) { await this.page.keyboard.type(text) }
  async press (keys) { await this.page.keyboard.press(keys) }

  tool (name) { return this.page.locator('unisson-editor').getByRole('toolbar').getByRole('button', { name, exact: true }) }

  /** The browser's own tools, for what no page can do. */
  devtools () { return this.page.context().newCDPSession(this.page) }

  /** A caret at this offset of the paragraph that holds the text, as a click would put it. */
  caret (text, offset) {
    return this.page.evaluate(([text, offset]) => {
      const { view } = document.querySelector('unisson-editor')
      view.focus()
      let position = null
      view.state.doc.descendants((node, at) => {
        if (position === null && node.isTextblock && node.textContent.includes(text)) position = at + 1 + node.textContent.indexOf(text) + offset
      })
      const { doc, tr, selection } = view.state
      const Selection = Object.getPrototypeOf(selection.constructor)
      view.dispatch(tr.setSelection(Selection.fromJSON(doc, { type: 'text', anchor: position, head: position })))
    }, [text, offset])
  }

  /** What stands before and behind the caret in its paragraph. */
  around () {
    return this.ask((editor) => {
      const { $head } = editor.view.state.selection
      return [$head.parent.textContent.slice(0, $head.parentOffset), $head.parent.textContent.slice($head.parentOffset)]
    })
  }

  /** What the line below the text says. */
  status () { return this.page.locator('unisson-editor .state').textContent() }

  /** Serious faults of accessibility in the whole page; of some rules or tags only, where they are named. */
  async faults (only) {
    await this.page.evaluate(axe)
    const { violations } = await this.page.evaluate((only) => window.axe.run(only === undefined ? {} : { runOnly: { type: 'tag', ...only } }), only)
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ').slice(0, 300)}`)
  }
}

/** Waits until all of these show the same, and returns it. */
export const agreed = async (people, what = 'all show the same') => {
  let texts = []
  await until(async () => {
    texts = await Promise.all(people.map((person) => person.markdown()))
    return texts.every((text) => text === texts[0])
  }, () => `${what}: ${JSON.stringify(texts)}`)
  return texts[0]
}

/** Runs `body` with a browser; `open` gives a person a window of their own. */
export const withBrowser = async (body) => {
  const browser = await chromium.launch({
    executablePath: BROWSER,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage']
  })
  const complaints = []
  const open = async (address, options = {}) => {
    const context = await browser.newContext({ locale: 'fr-FR', viewport: { width: 1100, height: 760 }, ...options })
    const page = await context.newPage()
    page.setDefaultTimeout(20_000)
    page.on('pageerror', (error) => complaints.push(String(error)))
    // Content that the policy refuses is told on the console only.
    page.on('console', (message) => { if (/Content Security Policy/i.test(message.text())) complaints.push(message.text()) })
    if (options.name !== undefined) await page.addInitScript((name) => localStorage.setItem('unisson-name', name), options.name)
    await page.goto(address)
    return new Person(page, complaints)
  }
  try {
    await body(open)
    if (complaints.length > 0) throw new Error(`the browser complains: ${complaints.join('\n')}`)
  } finally {
    await browser.close()
  }
}
