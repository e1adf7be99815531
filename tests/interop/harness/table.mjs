//! One page with one table, and people who fill their row of it: in a window, or with a client of a portal.

import { open as openClient } from './clients.mjs'
import { openSession } from './sessions.mjs'
import { pause, until } from './wait.mjs'

const KEY_MS = 15

/** The first text in a node of a page. */
const textIn = (node) => {
  if (node.nodeName === undefined) return node
  for (const child of node.toArray()) return textIn(child)
  return null
}

/** A table as Markdown: the rows have a name each, and cells for what people write. */
export const tableOf = (columns, rows) => [
  `| ${columns.join(' | ')} |`,
  `| ${columns.map(() => '---').join(' | ')} |`,
  ...rows.map((row) => `| ${row} |${' |'.repeat(columns.length - 1)}`)
].join('\n')

/** The cells of a page's Markdown, by the name of their row. */
export const cellsOf = (markdown) => new Map(markdown.split('\n')
  .filter((line) => /^\|/.test(line) && !/^\|[\s|:-]+$/.test(line))
  .map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()))
  .map(([name, ...cells]) => [name, cells]))

/** What somebody in a window of the browser writes in cells. */
export class AtWindow {
  constructor (person, row) { Object.assign(this, { person, row }) }

  /** The cell is clicked and typed into, letter by letter. */
  async fill (column, text) {
    const { person, row } = this
    // While the carets of others are being drawn, and the table moves under the mouse.
    await until(async () => {
      await person.page.locator('unisson-editor .ProseMirror tr', { has: person.page.getByText(row, { exact: true }) }).locator('td').nth(column).click()
      const deadline = Date.now() + 1_000
      while (Date.now() < deadline) if (await this.isIn(column)) return true
      return false
    }, `the caret is in cell ${column} of ${row}`)
    for (const letter of text) await person.type(letter)
    await until(async () => (await person.ask((editor) => editor.toText())).includes(text), () => `${row} reads ${text}`)
  }

  isIn (column) {
    return this.person.page.evaluate(([row, column]) => {
      const { shadowRoot, view } = document.querySelector('unisson-editor')
      const own = [...shadowRoot.querySelectorAll('.ProseMirror tr')].find(({ cells }) => cells[0].textContent === row)
      return view.hasFocus() && own?.cells[column].contains(view.domAtPos(view.state.selection.head).node) === true
    }, [this.row, column])
  }

  isSaved () { return this.person.ask((editor) => editor.saved) }
  saved () { return this.person.saved() }
}

/** The same with a published client, or with our own: they change what the editor's users see. */
export class AtClient {
  constructor (kind, server, document, row, token) {
    this.row = row
    if (kind === 'unisson') {
      const { session } = openSession('yjs', 'hocuspocus', server, document, { token })
      Object.assign(this, { doc: session.doc, unsaved: () => session.unsaved, end: () => session.destroy(), synced: () => session.whenSynced() })
    } else {
      const client = openClient(kind, server, kind.startsWith('y-') ? encodeURIComponent(document) : document, { token })
      Object.assign(this, { doc: client.doc, unsaved: () => !client.saved, end: () => client.destroy(), synced: () => client.whenSynced(30_000) })
      if (kind === 'hocuspocus 2') this.waits = () => client.whenSynced(30_000)
    }
  }

  async fill (column, text) {
    const cell = () => {
      const table = this.doc.getXmlFragment('default').toArray().find(({ nodeName }) => nodeName === 'table')
      const own = table.toArray().find((row) => textIn(row.get(0)).toString() === this.row)
      return own.get(column)
    }
    // Of the doc's own Yjs: our client brings another one than the tests.
    const { constructor: Text } = textIn(this.doc.getXmlFragment('default').get(0))
    this.doc.transact(() => { if (textIn(cell()) === null) cell().get(0).insert(0, [new Text()]) })
    for (const letter of text) {
      // What is written while hocuspocus 2 connects, it counts wrongly, with any server.
      if (this.waits !== undefined) await this.waits()
      const written = textIn(cell())
      written.insert(written.length, letter)
      await pause(KEY_MS)
    }
  }

  isSaved () { return !this.unsaved() }
  saved () { return until(() => !this.unsaved(), `${this.row} is saved`, 45_000) }
}
