//! Presence: everybody sees everybody, and nobody who has gone.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { kinds, open, withClients } from '../harness/clients.mjs'
import { withServer } from '../harness/server.mjs'
import { pause, until } from '../harness/wait.mjs'

const seenBy = (client) => [...client.awareness.getStates()]
  .filter(([, state]) => state.user !== undefined)
  .map(([, state]) => state.user)
  .sort()

const announce = (clients) => clients.forEach((client) => client.awareness.setLocalStateField('user', client.kind))

const allSee = (clients, expected) => until(
  () => clients.every((client) => JSON.stringify(seenBy(client)) === JSON.stringify([...expected].sort())),
  () => `all see ${expected}: ${clients.map((client) => `\n${client.kind} sees ${seenBy(client)}`)}`)

test('every client sees the presence of all six', () => withServer({}, (server) =>
  withClients(server, 'presence', kinds, async (clients) => {
    announce(clients)
    await allSee(clients, kinds)
  })))

test('a client that joins later sees who is there', () => withServer({}, (server) =>
  withClients(server, 'presence', kinds, async (clients) => {
    announce(clients)
    await allSee(clients, kinds)
    await withClients(server, 'presence', ['y-websocket 3', 'hocuspocus 4'], (late) => allSee(late, kinds))
  })))

test('a client whose connection breaks is gone for the others at once', () => withServer({}, (server) =>
  withClients(server, 'presence', kinds, async (clients) => {
    announce(clients)
    await allSee(clients, kinds)
    const [gone, ...rest] = clients
    gone.provider.shouldConnect = false
    gone.socket.terminate()
    await allSee(rest, kinds.slice(1))
  })))

test('a client that leaves politely is gone for the others', () => withServer({}, async (server) => {
  const leaving = open('hocuspocus 3', server, 'presence')
  await leaving.whenSynced()
  await withClients(server, 'presence', kinds, async (clients) => {
    announce([...clients])
    leaving.awareness.setLocalStateField('user', 'leaving')
    await allSee(clients, [...kinds, 'leaving'])
    leaving.destroy()
    await allSee(clients, kinds)
  })
}))

test('clients without presence stay connected for longer than their 30 s of patience', () => withServer({}, async (server) => {
  const clients = kinds.map((kind) => open(kind, server, 'quiet', { awareness: null }))
  try {
    await Promise.all(clients.map((client) => client.whenSynced()))
    // The clients' own timer is the subject: it cannot be hurried.
    await pause(37_000)
    for (const client of clients) assert.equal(client.opened, 1, `${client.kind} reconnected`)
  } finally {
    clients.forEach((client) => client.destroy())
  }
}))

test('who only reads is not shown where readers are not to be, and sees those who write', () => withServer({
  settings: '[presence]\nreaders = false\n',
  tokens: [{ value: 'writer', access: 'read-write', user: 'ann' }, { value: 'reader', access: 'read-only', user: 'rae' }]
}, (server) => withClients(server, 'presence', ['y-websocket 3', 'hocuspocus 4'], (writers) =>
  withClients(server, 'presence', ['y-websocket 3', 'hocuspocus 3'], async (readers) => {
    const name = (clients, word) => clients.forEach((client) => client.awareness.setLocalStateField('user', { name: `${word} ${client.kind}` }))
    name(readers, 'reader')
    name(writers, 'writer')
    const others = (client) => [...client.awareness.getStates()].filter(([id]) => id !== client.doc.clientID).map(([, state]) => state.user?.id)
    await until(() => readers.every((client) => others(client).filter((id) => id === 'ann').length === 2), 'readers see both writers')
    await until(() => writers.every((client) => others(client).length === 1), 'writers see each other')
    const answer = await fetch(`${server.httpUrl}/api/v1/documents/presence/presence`, { headers: { authorization: 'Bearer writer' } })
    const { present } = await answer.json()
    assert.deepEqual(present.map(({ user }) => user), ['ann', 'ann'])
    for (const client of [...readers, ...writers]) assert.ok(!others(client).includes('rae'), `${client.kind} sees a reader`)
  }, { token: 'reader' }), { token: 'writer' })))
