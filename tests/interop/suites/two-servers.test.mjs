//! People on different servers of one store write one page at once, and see each other.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { converged, kinds, open } from '../harness/clients.mjs'
import { skipWithoutMoto, withBucket } from '../harness/moto.mjs'
import { UnissonServer, withServer } from '../harness/server.mjs'
import { OPERATOR, done } from '../harness/spaces.mjs'
import { until } from '../harness/wait.mjs'

const LOOKS = 30_000
const options = { timeout: 120_000 }

/** Two servers that share a store and nothing else. */
const withTwo = async (environment, body, more = {}) => withServer({ environment, ...more }, async (first) => {
  const second = await UnissonServer.start({ environment, ...more })
  try {
    await body(first, second)
  } finally {
    await second.dispose()
  }
})

const withFolder = async (body) => {
  const folder = mkdtempSync(join(tmpdir(), 'unisson-shared-'))
  try {
    await body({ UNISSON_STORE: pathToFileURL(folder).href })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** One client of each kind on each server, who all write at once, one after another and over each other. */
const together = async (first, second) => {
  const people = kinds.flatMap((kind) => [open(kind, first, 'page'), open(kind, second, 'page')])
  try {
    await Promise.all(people.map((person) => person.whenSynced()))
    people.forEach((person, at) => person.text.insert(0, `<${at}>`))
    await converged(people, LOOKS)
    // What one wrote another takes away, while a third goes on.
    const [here, there] = people
    const at = there.text.toString().indexOf('<0>')
    there.text.delete(at, 3)
    here.text.insert(here.text.length, ' end')
    await converged(people, LOOKS)
    const text = here.text.toString()
    people.slice(1).forEach((_, index) => assert.equal(text.split(`<${index + 1}>`).length, 2, `once: <${index + 1}>`))
    assert.ok(!text.includes('<0>') && text.endsWith(' end'))
    await Promise.all([here, there].map((person) => person.whenSaved()))
    // One server dies; those of the other lose nothing and see who comes back to it.
    await first.kill()
    there.text.insert(0, 'meanwhile ')
    await there.whenSaved()
    await first.spawn()
    await converged(people, LOOKS)
    assert.ok(here.text.toString().startsWith('meanwhile '))
  } finally {
    people.forEach((person) => person.destroy())
  }
}

test('people on two servers of one folder see each other write', options, () =>
  withFolder((environment) => withTwo(environment, together)))

test('people on two servers of one bucket see each other write', { ...options, skip: skipWithoutMoto }, () =>
  withBucket((environment) => withTwo(environment, together)))

const tokens = [
  { value: 'ann-token', access: 'read-write', user: 'ann' },
  { value: 'bob-token', access: 'read-write', user: 'bob' },
  { value: OPERATOR, access: 'admin' }
]

test('who wrote what is known, whichever server is asked', options, () => withFolder((environment) => withTwo(environment, async (first, second) => {
  const ann = open('hocuspocus 3', first, 'page', { token: 'ann-token' })
  const bob = open('y-websocket 3', second, 'page', { token: 'bob-token' })
  try {
    await Promise.all([ann.whenSynced(), bob.whenSynced()])
    ann.text.insert(0, 'from the first, ')
    await converged([ann, bob], LOOKS)
    bob.text.insert(bob.text.length, 'from the second')
    await converged([ann, bob], LOOKS)
    await Promise.all([ann.whenSaved(), bob.whenSaved()])
    for (const server of [first, second]) {
      const { roots } = await done(server, 'GET', '/documents/page/blame')
      const runs = Object.values(roots).flatMap(({ delta }) => delta ?? [])
      assert.deepEqual(runs.map(({ insert, by }) => [insert, by?.user]), [['from the first, ', 'ann'], ['from the second', 'bob']])
    }
  } finally {
    [ann, bob].forEach((person) => person.destroy())
  }
}, { tokens })))

test('a page that is thrown away or erased at one server is closed at the other', options, () => withFolder((environment) => withTwo(environment, async (first, second) => {
  for (const [name, query] of [['thrown away', ''], ['erased', '?erase=true']]) {
    const [writer, reader] = [open('hocuspocus 3', first, name, { token: OPERATOR }), open('hocuspocus 3', second, name, { token: 'bob-token' })]
    try {
      await Promise.all([writer, reader].map((client) => client.whenSynced()))
      writer.text.insert(0, 'x')
      await converged([writer, reader], LOOKS)
      await writer.whenSaved()
      await done(first, 'DELETE', `/documents/${encodeURIComponent(name)}${query}`)
      await until(() => reader.refusals.length > 0, `who has it open elsewhere is sent away: ${name}`, LOOKS)
    } finally {
      [writer, reader].forEach((client) => client.destroy())
    }
  }
}, { tokens })))
