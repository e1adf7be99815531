//! The packages as npm installs them: packed, in a project of their own, with types, in Node, in a bundle.

import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { build } from 'esbuild'

const run = promisify(execFile)
const workspace = join(dirname(fileURLToPath(import.meta.url)), '../../../wasm-client/js')
const PUBLISHED = ['session', 'text', 'yjs', 'client', 'prosemirror', 'codemirror', 'quill', 'textarea', 'element']
/** What pages with the element are written with, and the types of those. */
const FRAMEWORKS = { react: '19.3.1', '@types/react': '19.3.0', vue: '3.5.45' }
const compiler = join(workspace, 'node_modules/.bin/tsc')

let project

/** What somebody writes who follows the READMEs. */
const PROGRAM = `
import { EditorState, type Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import type { EditorState as PageState, Plugin } from 'prosemirror-state'
import Quill from 'quill'
import * as Y from 'yjs'
import { load, Session as WasmSession, UndoManager, type Shared } from '@unisson/client'
import { collaboration, undo } from '@unisson/codemirror'
import { carets, collaboration as page } from '@unisson/prosemirror'
import { richTextSchema } from '@unisson/prosemirror/schema'
import { bind as bindQuill, type QuillBinding } from '@unisson/quill'
import { Change, type SharedText } from '@unisson/text'
import { bind as bindField, type TextareaBinding } from '@unisson/textarea'
import { Session, sharedText, type Status } from '@unisson/yjs'

const options = { url: 'wss://docs.example.org/hocuspocus', document: 'notes', connect: false }
export const onYjs = (): void => {
  const session = new Session(options)
  const status: Status = session.status
  const text: SharedText = session.text('body')
  const extension: Extension = collaboration({ session, text, undoKeys: true })
  const view = new EditorView({ state: EditorState.create({ extensions: [extension] }) })
  const done: boolean = undo(view)
  const field: TextareaBinding = bindField(document.createElement('textarea'), { session, text, writable: () => done })
  const plugins: Plugin[] = [page({ fragment: session.doc.getXmlFragment('default') }), carets({ awareness: session.awareness })]
  const schema = richTextSchema()
  const elsewhere: SharedText = sharedText(new Y.Doc().getText('body'))
  field.destroy()
  void [status, plugins, schema, elsewhere, Change.none]
}
export const onWasm = async (state: PageState): Promise<void> => {
  await load()
  const session = new WasmSession(options)
  const quill: QuillBinding = bindQuill(new Quill('#place'), { session, text: session.text('body') })
  const undo = new UndoManager(session.doc.getText('body'), { added: ({ memory }) => memory.set('at', 1) })
  const parent: Shared | null = session.doc.getText('body').parent
  const then = session.doc.at(session.doc.snapshot())
  // @ts-expect-error there is no such option
  bindQuill(new Quill('#place'), { text: session.text('body'), writeable: true })
  void [quill.canUndo, undo.canUndo, parent, then, state]
}
`

/** The element in a page of plain TypeScript, of Vue and of React. */
const PAGE = `
import '@unisson/element'
import type { Person, Quota, Status, UnissonEditor } from '@unisson/element'
import type {} from '@unisson/element/vue'
import type { GlobalComponents } from 'vue'

const editor = document.querySelector('unisson-editor')
if (editor !== null) {
  const known: UnissonEditor = editor
  known.tokenProvider = async (reason) => reason === 'open' ? 'token' : null
  known.addEventListener('status', ({ detail }) => { const status: Status = detail.status; void status })
  known.addEventListener('presence', function ({ detail }) { const people: Person[] = detail.people; void [people, this.saved] })
  known.addEventListener('quota', ({ detail }: CustomEvent<Quota>) => { const used: number = detail.usedBytes; void used })
  known.addEventListener('token-needed', ({ detail }) => detail.respondWith(fetch('/token').then((answer) => answer.text())))
  known.addEventListener('click', ({ clientX }) => { void clientX })
  known.session?.disconnect()
  void known.signOut({ discardUnsaved: true })
  // @ts-expect-error there is no such status
  const wrong: boolean = known.status === 'done'
  void wrong
}
type OfVue = InstanceType<GlobalComponents['unisson-editor']>['$props']
const inVue: OfVue = { document: 'canteen/menus', onSaved: () => {}, onTokenNeeded: ({ detail }) => detail.respondWith(null) }
// @ts-expect-error a theme is light or dark
const wrongInVue: OfVue = { theme: 'blue' }
void [inVue, wrongInVue]
`
const REACT_PAGE = `
import { useRef, useState } from 'react'
import type { Person, UnissonEditor } from '@unisson/element'
import type {} from '@unisson/element/react'

export const Page = () => {
  const [people, setPeople] = useState<Person[]>([])
  const editor = useRef<UnissonEditor>(null)
  return (
    <main>
      <unisson-editor
        ref={editor} document="canteen/menus" access="reader" className="page" aria-label="Menus"
        onready={() => editor.current?.focus()} onpresence={({ detail }) => setPeople(detail.people)}
        ontoken-needed={({ detail }) => detail.respondWith(null)}
      />
      {/* @ts-expect-error there is no such access */}
      <unisson-editor document="canteen/menus" access="writer" />
      {people.length}
    </main>
  )
}
`

/** What they try first. */
const TRIAL = `
import assert from 'node:assert/strict'
import { load, Doc, sharedText as wasmText } from '@unisson/client'
import { Session, sharedText } from '@unisson/yjs'
import { Change } from '@unisson/text'
import * as Y from 'yjs'
import '@unisson/session'
import '@unisson/codemirror'
import '@unisson/textarea'
import '@unisson/prosemirror'
import '@unisson/prosemirror/schema'
await load()
const [wasm, stock] = [new Doc(), new Y.Doc()]
wasmText(wasm.getText('body')).applyDelta([{ insert: 'hello' }], {})
Y.applyUpdate(stock, wasm.encodeUpdate())
sharedText(stock.getText('body')).applyDelta(Change.replace(0, 1, 'H').toDelta(), {})
wasm.applyUpdate(Y.encodeStateAsUpdate(stock))
assert.equal(wasm.getText('body').toString(), 'Hello')
const session = new Session({ url: 'ws://127.0.0.1:9/hocuspocus', document: 'notes', connect: false, WebSocket: class {} })
assert.equal(session.text('body').length, 0)
session.destroy()
wasm.destroy()
console.log('works')
`

const manifestOf = (name) => JSON.parse(readFileSync(join(workspace, name, 'package.json'), 'utf8'))

const pack = async (name) => {
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], { cwd: join(workspace, name) })
  return `file:${JSON.parse(stdout)[0].filename}`
}

/** The editors that the packages are for, in the versions that they are tested with. */
const editors = () => Object.fromEntries(PUBLISHED.map(manifestOf).flatMap(({ peerDependencies = {}, devDependencies = {} }) =>
  Object.keys(peerDependencies).filter((peer) => peer in devDependencies).map((peer) => [peer, devDependencies[peer]])))

/** Packs every package, and installs all in a project that has nothing else. */
before(async () => {
  project = mkdtempSync(join(tmpdir(), 'unisson-packages-'))
  const dependencies = { ...editors(), ...FRAMEWORKS }
  for (const name of PUBLISHED) dependencies[`@unisson/${name}`] = await pack(name)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'trial', private: true, type: 'module', dependencies }))
  writeFileSync(join(project, 'program.ts'), PROGRAM)
  writeFileSync(join(project, 'page.ts'), PAGE)
  writeFileSync(join(project, 'page.tsx'), REACT_PAGE)
  writeFileSync(join(project, 'trial.mjs'), TRIAL)
  await run('npm', ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: project, timeout: 200_000 })
})

after(() => rmSync(project, { recursive: true, force: true }))

test('every package has its licence, its README, its types, and nothing of its sources or tests', () => {
  for (const name of PUBLISHED) {
    const folder = join(project, 'node_modules/@unisson', name)
    const manifest = manifestOf(name)
    assert.equal(manifest.license, 'MIT OR Apache-2.0', name)
    const files = readdirSync(folder, { recursive: true }).map(String)
    assert.ok(files.includes('README.md'), `${name} has a README`)
    assert.ok(files.every((file) => !/^(src|test)\//.test(file)), name)
    for (const [path, named] of Object.entries(manifest.exports)) {
      const targets = typeof named === 'string' ? [named] : Object.values(named)
      assert.ok(targets.every((target) => files.includes(target.slice(2))), `${name} has what ${path} names`)
    }
    // A package that imports what it does not name works only beside its authors.
    const named = [manifest.name, ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })]
    for (const file of files.filter((file) => /\.(js|d\.ts)$/.test(file) && !file.startsWith('dist/wasm'))) {
      for (const [, wanted] of readFileSync(join(folder, file), 'utf8').matchAll(/\bfrom '((?:@[\w-]+\/)?[\w.-]+)[^']*'/g)) {
        if (!wanted.startsWith('.')) assert.ok(named.includes(wanted), `${name}/${file} imports ${wanted}`)
      }
    }
  }
})

for (const [what, settings] of [['Node', { module: 'NodeNext', moduleResolution: 'NodeNext' }], ['a bundler', { module: 'ESNext', moduleResolution: 'Bundler' }]]) {
  test(`the types are complete where ${what} resolves them`, async () => {
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({
      compilerOptions: { ...settings, target: 'ES2022', lib: ['ES2022', 'DOM', 'DOM.Iterable'], types: [], jsx: 'react-jsx', strict: true, exactOptionalPropertyTypes: true, noEmit: true, skipLibCheck: true },
      files: ['program.ts', 'page.ts', 'page.tsx']
    }))
    await run(compiler, ['-p', project]).catch(({ stdout }) => assert.fail(stdout))
  })
}

test('the element\'s own types hold without a framework, and are themselves checked', async () => {
  writeFileSync(join(project, 'alone.ts'), "import '@unisson/element'\nexport const saved: boolean | undefined = document.querySelector('unisson-editor')?.saved\n")
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({
    compilerOptions: { module: 'ESNext', moduleResolution: 'Bundler', target: 'ES2022', types: [], strict: true, noEmit: true, skipLibCheck: false },
    files: ['alone.ts']
  }))
  await run(compiler, ['-p', project]).catch(({ stdout }) => assert.fail(stdout))
})

test('they run in Node', async () => {
  const { stdout } = await run(process.execPath, ['trial.mjs'], { cwd: project })
  assert.equal(stdout.trim(), 'works')
})

test('they are bundled, and what is not used is left out', async () => {
  const bundled = async (contents) => {
    const { outputFiles, warnings } = await build({
      stdin: { contents, resolveDir: project, loader: 'ts' },
      bundle: true, minify: true, write: false, format: 'esm', platform: 'browser', logLevel: 'silent'
    })
    assert.deepEqual(warnings, [])
    return outputFiles[0].text
  }
  assert.ok((await bundled(PROGRAM)).length > 100_000)
  assert.match(await bundled(PAGE), /customElements\.define\("unisson-editor"/)
  const field = await bundled("import { bind } from '@unisson/textarea'; window.bind = bind")
  assert.ok(field.length < 25_000, `the smallest binding has ${field.length} letters`)
  assert.ok(!field.includes('WebSocket'))
})
