//! Copies of one document on either engine, whose updates a test delivers as it likes.

import { Doc, load, sharedText as wasmText } from '../../client/dist/index.js'
import { sharedText as yjsText } from '../../yjs/dist/index.js'
import * as Y from 'yjs'

await load()
export { Y }

/** The first seed of this run; the same unless `SEED=` names another, which replays one. */
export const seed = Number(process.env.SEED ?? 1)
const ROUNDS = Number(process.env.ROUNDS ?? 30)

export const randomFrom = (start) => {
  let state = start >>> 0
  const next = () => {
    state = (state + 0x6D2B79F5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit) => Math.floor(next() * limit)
  return { below, pick: (list) => list[below(list.length)] }
}

/** Runs a body with many seeds, and names the one that fails. */
export const rounds = async (body, count = ROUNDS) => {
  for (let round = 0; round < (process.env.SEED === undefined ? count : 1); round += 1) {
    const of = seed + round
    try {
      await body(randomFrom(of))
    } catch (error) {
      error.message = `SEED=${of}: ${error.message}`
      throw error
    }
  }
}

class YjsCopy {
  kind = 'yjs'
  sent = []

  constructor (clientId) {
    this.doc = new Y.Doc()
    this.doc.clientID = clientId
    this.type = this.doc.getText('text')
    this.text = yjsText(this.type)
    this.doc.on('update', (update, origin) => { if (origin !== 'wire') this.sent.push(update) })
  }

  receive (update) {
    const before = this.doc.store.pendingStructs
    Y.applyUpdate(this.doc, update, 'wire')
    return before === this.doc.store.pendingStructs
  }

  get state () { return Y.encodeStateAsUpdate(this.doc) }
  destroy () { this.doc.destroy() }
}

class WasmCopy {
  kind = 'wasm'
  sent = []

  constructor (clientId) {
    this.doc = new Doc({ clientId })
    this.type = this.doc.getText('text')
    this.text = wasmText(this.type)
    this.doc.onChange(({ update, origin }) => { if (origin !== 'wire') this.sent.push(update) })
  }

  receive (update) { return this.doc.applyUpdate(update, 'wire') === 'integrated' }
  get state () { return this.doc.encodeUpdate() }
  destroy () { this.doc.destroy() }
}

export const engines = { yjs: YjsCopy, wasm: WasmCopy }
export const engineNames = Object.keys(engines)

/** Delivers everything, in any order where `random` is given; what came too early comes again. */
export const exchange = (copies, random) => {
  const due = copies.flatMap((from) => from.sent.splice(0).flatMap((update) =>
    copies.filter((to) => to !== from).map((to) => ({ to, update }))))
  for (let turns = 20 * due.length * due.length; due.length > 0; turns -= 1) {
    if (turns === 0) throw new Error('an update waits for one that never comes')
    const [one] = due.splice(random ? random.below(due.length) : 0, 1)
    if (!one.to.receive(one.update) && one.to.kind === 'wasm') due.push(one)
  }
  if (copies.some(({ sent }) => sent.length > 0)) exchange(copies, random)
}

const byName = (attributes) => JSON.stringify(Object.entries(attributes ?? {}).sort())

/** A text's operations with what looks alike as one: engines may hold it in more pieces. */
export const joined = (delta) => delta.reduce((whole, { insert, attributes }) => {
  const last = whole.at(-1)
  const isSame = typeof last?.insert === 'string' && typeof insert === 'string' && byName(last.attributes) === byName(attributes)
  if (isSame) last.insert += insert
  else whole.push({ insert, ...(Object.keys(attributes ?? {}).length > 0 ? { attributes } : {}) })
  return whole
}, [])

/** An awareness without a network: two of them hear each other at once. */
export class Presence {
  states = new Map()
  #listeners = new Set()
  #others = []

  constructor (clientID) {
    this.clientID = clientID
    this.states.set(clientID, {})
  }

  meet (other) {
    this.#others.push(other)
    other.#others.push(this)
    for (const [from, to] of [[this, other], [other, this]]) to.#hear(from.clientID, from.getLocalState())
    return this
  }

  getStates () { return this.states }
  getLocalState () { return this.states.get(this.clientID) ?? null }

  setLocalStateField (field, value) {
    const state = { ...this.getLocalState(), [field]: value }
    for (const who of [this, ...this.#others]) who.#hear(this.clientID, state)
  }

  #hear (clientID, state) {
    this.states.set(clientID, JSON.parse(JSON.stringify(state)))
    for (const listener of this.#listeners) listener({ added: [], updated: [clientID], removed: [] })
  }

  on (name, listener) { if (name === 'change') this.#listeners.add(listener) }
  off (_name, listener) { this.#listeners.delete(listener) }
}

/** A session as far as a binding looks at it. */
export const sessionOf = ({ synced = false, readOnly = false } = {}) => {
  const listeners = { synced: new Set(), 'read-only': new Set() }
  return {
    synced, readOnly, localCopy: 'none', awareness: undefined,
    whenLoaded: async () => {},
    on: (name, listener) => listeners[name].add(listener),
    off: (name, listener) => listeners[name].delete(listener),
    become (name, is) {
      this[name === 'synced' ? 'synced' : 'readOnly'] = is
      listeners[name].forEach((listener) => listener(is))
    }
  }
}

/** Waits until something is so; editors finish some work in a later turn. */
export const until = async (condition, what, timeoutMs = 5_000) => {
  const end = Date.now() + timeoutMs
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
