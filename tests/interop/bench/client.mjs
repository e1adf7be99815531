//! Both engines of the client side by side, on one recorded history of real writing:
//! `node tests/interop/bench/client.mjs [history]`, after `wasm-client/build`.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants } from 'node:zlib'
import { buildSync } from 'esbuild'
import * as Y from 'yjs'
import { load } from '../../../wasm-client/js/client/dist/index.js'
import { engines, pasted, patches, typed } from './engines.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const packages = join(here, '..', '..', '..', 'wasm-client', 'js')
const name = process.argv[2] ?? 'automerge-paper'
const ROUNDS = 9
const KEYS = 2_000

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]
const timed = (run) => { const start = performance.now(); run(); return performance.now() - start }
const medianMs = (rounds, run) => median(Array.from({ length: rounds }, () => timed(run)))

const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length
const bundled = (contents) => brotli(buildSync({
  stdin: { contents, resolveDir: packages }, bundle: true, minify: true, format: 'esm', platform: 'browser', write: false, logLevel: 'silent'
}).outputFiles[0].contents)

await load()
const edits = patches(name)

// One history, typed once, one update for each edit.
const { author, updates } = typed(edits)
const whole = Y.encodeStateAsUpdate(author)
const expected = author.getText('text').toString()

const megabyte = pasted(1_000_000)

/** What one document takes, measured in a process of its own. */
const memoryMb = (engine, what) => Number(execFileSync(process.execPath, ['--expose-gc', join(here, 'memory.mjs'), engine, what], { encoding: 'utf8' }))

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
    'load 1 MB ms': medianMs(ROUNDS, () => apply(create(), megabyte)).toFixed(1),
    'MB of memory': memoryMb(engine, name).toFixed(1),
    'of 1 MB': memoryMb(engine, '1 MB').toFixed(1),
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
