//! `kill -9` again and again under writers at full speed: what was acknowledged is there, once.
//!
//! The ledger of acknowledged edits lives here, outside the server. Writers end together with the
//! server, so nobody can give back to a restarted server what it had lost.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { open } from '../harness/clients.mjs'
import { withServer } from '../harness/server.mjs'
import { randomFrom, seed } from '../harness/random.mjs'
import { pause } from '../harness/wait.mjs'

const KILLS = Number(process.env.KILLS ?? 100)
const DOCUMENTS = 3
// Fresh documents now and then keep a round short; all of them are read again at the end.
const ROUNDS_PER_DOCUMENT = 10
const WRITERS = ['y-websocket 1', 'hocuspocus 2', 'y-websocket 2', 'hocuspocus 3', 'y-websocket 3', 'hocuspocus 4']
const EDITS_UNSAVED_MAX = 64

/** One writer: it adds entries with names of their own and notes which of them are safe. */
class Writer {
  constructor (kind, server, name, round) {
    this.client = open(kind, server, name, { awareness: null })
    this.prefix = `${round}:${kind}:`
    this.made = 0
    this.clocks = []
  }

  /** Types one entry unless too many wait for their acknowledgement. */
  type () {
    if (!this.client.provider.synced || this.client.unsaved() > EDITS_UNSAVED_MAX) return
    this.client.doc.getArray('entries').push([this.prefix + this.made])
    this.made += 1
    this.clocks.push(Y.getState(this.client.doc.store, this.client.doc.clientID) - 1)
  }

  /** The entries that the server had acknowledged by now. */
  acknowledged () {
    const { client } = this
    // Hocuspocus acknowledges in order, one by one; y-websocket returns the clocks it has.
    const count = client.kind.startsWith('y-')
      ? this.clocks.filter((clock) => clock < client.savedClock).length
      : this.made - Math.min(this.made, Math.max(0, client.unsaved()))
    return Array.from({ length: count }, (_, index) => this.prefix + index)
  }
}

/** Reads a document with a client that never knew anything of it. */
const contentOf = async (server, name, kind) => {
  const reader = open(kind, server, name, { awareness: null })
  try {
    await reader.whenSynced(20_000)
    return reader.doc.getArray('entries').toArray()
  } finally {
    reader.destroy()
  }
}

/** Fails unless the document holds every acknowledged entry and none of them twice. */
const check = async (server, name, ledger, kind, when) => {
  const content = await contentOf(server, name, kind)
  const present = new Set(content)
  const lost = [...ledger].filter((entry) => !present.has(entry))
  assert.deepEqual(lost, [], `lost from ${name} ${when}, SEED=${seed}`)
  assert.equal(content.length, present.size, `doubled in ${name} ${when}, SEED=${seed}`)
}

test(`no acknowledged edit is lost or doubled by ${KILLS} times kill -9`, { timeout: 900_000 }, () => withServer({}, async (server) => {
  const random = randomFrom(seed)
  const ledgers = new Map()
  let acknowledged = 0

  for (let round = 0; round < KILLS; round++) {
    const names = Array.from({ length: DOCUMENTS }, (_, index) => `crash ${Math.floor(round / ROUNDS_PER_DOCUMENT)}/${index}`)
    names.filter((name) => !ledgers.has(name)).forEach((name) => ledgers.set(name, new Set()))
    const writers = WRITERS.map((kind, index) => new Writer(kind, server, names[index % DOCUMENTS], round))
    const typing = setInterval(() => writers.forEach((writer) => writer.type()), 1)
    await Promise.all(writers.map(({ client }) => client.whenSynced(20_000)))
    await pause(20 + random.below(400))
    const killed = server.kill()
    clearInterval(typing)
    // Acknowledgements that were on their way when the process died count as well.
    await killed
    for (const [index, writer] of writers.entries()) {
      const entries = writer.acknowledged()
      acknowledged += entries.length
      entries.forEach((entry) => ledgers.get(names[index % DOCUMENTS]).add(entry))
      writer.client.destroy()
    }
    await server.spawn()
    for (const name of names) await check(server, name, ledgers.get(name), random.pick(WRITERS), `at kill ${round + 1}`)
  }
  for (const [name, ledger] of ledgers) await check(server, name, ledger, random.pick(WRITERS), 'at the end')
  assert.ok(acknowledged > KILLS, `the writers got only ${acknowledged} edits acknowledged`)
  console.log(`kill -9: ${KILLS} kills, ${acknowledged} acknowledged edits, 0 lost, 0 doubled, SEED=${seed}`)
}))
