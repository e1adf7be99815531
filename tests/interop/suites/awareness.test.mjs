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
