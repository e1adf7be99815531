//! The two engines of the client behind one face, and a recorded history of real writing.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import * as Y from 'yjs'
import { Doc } from '../../../wasm-client/js/client/dist/index.js'

const here = dirname(fileURLToPath(import.meta.url))

/** The edits of a history of the `diamond-types` crate, as `[position, deleted, inserted]`. */
export const patches = (name) => {
  const manifest = join(here, '..', 'trace', 'Cargo.toml')
  const metadata = JSON.parse(execFileSync('cargo', ['metadata', '--format-version', '1', '--locked', '--manifest-path', manifest],
    { maxBuffer: 64 * 1024 * 1024, stdio: ['ignore', 'pipe', 'inherit'] }))
  const crate = metadata.packages.find((each) => each.name === 'diamond-types')
  const file = join(dirname(crate.manifest_path), 'benchmark_data', `${name}.json.gz`)
  return JSON.parse(gunzipSync(readFileSync(file)).toString()).txns.flatMap((txn) => txn.patches)
}

export const engines = {
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

/** One update for each edit of a history that one person types. */
export const typed = (edits) => {
  const author = new Y.Doc()
  const updates = []
  author.on('update', (update) => updates.push(update))
  for (const [position, deleted, inserted] of edits) {
    const text = author.getText('text')
    if (deleted > 0) text.delete(position, deleted)
    if (inserted !== '') text.insert(position, inserted)
  }
  return { author, updates }
}

/** A text of so many letters, in pieces as people paste them. */
export const pasted = (letters) => {
  const author = new Y.Doc()
  const piece = 'Avant de commencer, chacun se lave les mains. '.repeat(100)
  for (let written = 0; written < letters; written += piece.length) author.getText('text').insert(0, piece)
  return Y.encodeStateAsUpdate(author)
}
