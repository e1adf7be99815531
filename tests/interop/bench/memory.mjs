//! What one document takes in memory: `node --expose-gc memory.mjs ENGINE HISTORY|"1 MB"`, in megabytes.

import * as Y from 'yjs'
import { load } from '../../../wasm-client/js/client/dist/index.js'
import { engines, pasted, patches, typed } from './engines.mjs'

const COPIES = 20

const [engine, what] = process.argv.slice(2)
const { create, apply } = engines[engine]
await load()
const whole = what === '1 MB' ? pasted(1_000_000) : Y.encodeStateAsUpdate(typed(patches(what)).author)
const settled = () => { for (let round = 0; round < 4; round += 1) globalThis.gc() }
// What loading itself leaves behind is there before.
apply(create(), whole)
settled()
const before = process.memoryUsage().rss
const kept = Array.from({ length: COPIES }, () => { const doc = create(); apply(doc, whole); return doc })
settled()
const bytes = (process.memoryUsage().rss - before) / kept.length
console.log(bytes / 1e6)
