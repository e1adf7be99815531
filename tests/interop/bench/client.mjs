//! Both engines of the client side by side, on one recorded history of real writing:
//! `node tests/interop/bench/client.mjs [history]`, after `wasm-client/build`.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gunzipSync } from 'node:zlib'
import { buildSync } from 'esbuild'
import * as Y from 'yjs'
import { Doc, load } from '../../../wasm-client/js/client/dist/index.js'

const here = dirname(fileURLToPath(import.meta.url))
const packages = join(here, '..', '..', '..', 'wasm-client', 'js')
const name = process.argv[2] ?? 'automerge-paper'
const ROUNDS = 9
const KEYS = 2_000

const patches = () => {
  const manifest = join(here, '..', 'trace', 'Cargo.toml')
  const metadata = JSON.parse(execFileSync('cargo', ['metadata', '--format-version', '1', '--locked', '--manifest-path', manifest],
    { maxBuffer: 64 * 1024 * 1024, stdio: ['ignore', 'pipe', 'inherit'] }))
  const crate = metadata.packages.find((each) => each.name === 'diamond-types')
  const file = join(dirname(crate.manifest_path), 'benchmark_data', `${name}.json.gz`)
  return JSON.parse(gunzipSync(readFileSync(file)).toString()).txns.flatMap((txn) => txn.patches)
}

const engines = {
  yjs: {
    create: () => new Y.Doc(),
    apply: (doc, update) => Y.applyUpdate(doc, update, 'server'),
    encode: (doc) => Y.encodeStateAsUpdate(doc),
    listen: (doc, listener) => doc.on('update', listener)
  },
  wasm: {
    create: () => new Doc(),
    apply: (doc, update) => doc.applyUpdate(update, 'server'),
    encode: (doc) => doc.encodeUpdate(),
    listen: (doc, listener) => doc.onChange(({ update }) => listener(update))
  }
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]
const timed = (run) => { const start = performance.now(); run(); return performance.now() - start }
const medianMs = (rounds, run) => median(Array.from({ length: rounds }, () => timed(run)))

const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length
const bundled = (contents) => brotli(buildSync({
  stdin: { contents, resolveDir: packages }, bundle: true, minify: true, format: 'esm', platform: 'browser', write: false, logLevel: 'silent'
}).outputFiles[0].contents)

await load()
const edits = patches()

// One history, typed once, one update for each edit.
const author = new Y.Doc()
const updates = []
author.on('update', (update) => updates.push(update))
for (const [position, deleted, inserted] of edits) {
  const text = author.getText('text')
  if (deleted > 0) text.delete(position, deleted)
  if (inserted !== '') text.insert(position, inserted)
}
const whole = Y.encodeStateAsUpdate(author)
const expected = author.getText('text').toString()

const rows = Object.entries(engines).map(([engine, { create, apply, encode, listen }]) => {
  const loadMs = medianMs(ROUNDS, () => apply(create(), whole))
  const followed = create()
  const followMs = timed(() => updates.forEach((update) => apply(followed, update)))
  if (followed.getText('text').toString() !== expected) throw new Error(`${engine} reads another text`)
  const loaded = create()
  apply(loaded, whole)
  let bytes = 0
  listen(loaded, (update) => { bytes += update.length })
  const text = loaded.getText('text')
  const key = (at) => median(Array.from({ length: KEYS }, () => timed(() => text.insert(at(), 'x'))))
  const encodeMs = medianMs(ROUNDS, () => encode(loaded))
  const [start, middle, end] = [() => 0, () => text.length >> 1, () => text.length].map((at) => key(at) * 1_000)
  return {
    engine,
    'load ms': loadMs.toFixed(1),
    'encode ms': encodeMs.toFixed(1),
    'remote edit µs': (followMs * 1_000 / updates.length).toFixed(1),
    'key at start µs': start.toFixed(1),
    'middle µs': middle.toFixed(1),
    'end µs': end.toFixed(1)
  }
})

console.log(`${name}: ${edits.length} edits, ${whole.length} bytes as one update, Node ${process.version}`)
console.table(rows)
console.table({
  'yjs and y-protocols/awareness': { 'brotli bytes': bundled('export * from "yjs"; export * from "y-protocols/awareness"') },
  '@unisson/yjs with them': { 'brotli bytes': bundled('export * from "./yjs/dist/index.js"; export * from "yjs"') },
  '@unisson/client, script': { 'brotli bytes': bundled('export * from "./client/dist/index.js"') },
  '@unisson/client, module': { 'brotli bytes': brotli(readFileSync(join(packages, 'client/dist/wasm/unisson_client_bg.wasm'))) }
})
