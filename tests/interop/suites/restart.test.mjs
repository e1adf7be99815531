//! Connections end and servers restart; edits do not get lost or doubled by it.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { converged, kinds, open, withClients } from '../harness/clients.mjs'
import { withServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

test('edits made offline arrive after the connection is back', () => withServer({}, (server) =>
  withClients(server, 'offline', kinds, async (clients) => {
    clients[0].text.insert(0, 'base ')
    await converged(clients)
    const offline = clients.filter((_, index) => index % 2 === 0)
    offline.forEach((client) => client.disconnect())
    await until(() => offline.every(({ socket }) => socket.readyState === socket.CLOSED), 'half of them are offline')
    clients.forEach((client, index) => client.text.insert(client.text.length, `[${index}]`))
    clients[2].text.delete(0, 5)
    offline.forEach((client) => client.connect())
    await converged(clients)
    const text = clients[0].text.toString()
    clients.forEach((_, index) => assert.equal(text.split(`[${index}]`).length, 2, `edit ${index} once in ${text}`))
    assert.equal(text.includes('base'), false)
    await Promise.all(clients.map((client) => client.whenSaved()))
  })))

test('all clients come back after a restart of the server and go on', () => withServer({}, (server) =>
  withClients(server, 'restart', kinds, async (clients) => {
    clients.forEach((client, index) => client.text.insert(0, `<${index}>`))
    await converged(clients)
    await Promise.all(clients.map((client) => client.whenSaved()))
    await server.kill()
    clients.forEach((client, index) => client.text.insert(0, `(${index})`))
    await server.spawn()
    await converged(clients, 30_000)
    clients[5].text.insert(0, '!')
    await converged(clients, 30_000)
    const text = clients[0].text.toString()
    clients.forEach((_, index) => {
      assert.equal(text.split(`<${index}>`).length, 2)
      assert.equal(text.split(`(${index})`).length, 2)
    })
  })))

test('saved edits of clients that are gone are there after kill -9', () => withServer({}, async (server) => {
  await withClients(server, 'gone', kinds, async (clients) => {
    clients.forEach((client, index) => client.text.insert(0, `<${index}>`))
    await Promise.all(clients.map((client) => client.whenSaved()))
    await server.kill()
  })
  await server.spawn()
  await withClients(server, 'gone', ['y-websocket 3'], ([fresh]) => {
    kinds.forEach((_, index) => assert.ok(fresh.text.toString().includes(`<${index}>`), `<${index}>`))
  })
}))

test('SIGTERM sends clients away with 1012, saves everything and ends with 0', () => withServer({}, async (server) => {
  await withClients(server, 'term', kinds, async (clients) => {
    clients.forEach((client, index) => client.text.insert(0, `<${index}>`))
    await converged(clients)
    assert.deepEqual(await server.terminate(), { code: 0, signal: null })
    await Promise.all(clients.map((client) => client.whenClosed(1012)))
  })
  await server.spawn()
  await withClients(server, 'term', ['hocuspocus 4'], ([fresh]) => {
    kinds.forEach((_, index) => assert.ok(fresh.text.toString().includes(`<${index}>`), `<${index}>`))
  })
}))

test('a reader with unsent edits of an old session merges them, not doubles them', () => withServer({}, async (server) => {
  const first = open('hocuspocus 2', server, 'merge')
  await first.whenSynced()
  first.text.insert(0, 'once')
  await first.whenSaved()
  const { doc } = first
  first.provider.destroy()
  first.transport.destroy()
  const again = open('y-websocket 1', server, 'merge', { doc })
  try {
    await again.whenSynced()
    await withClients(server, 'merge', ['hocuspocus 4'], ([other]) => assert.equal(other.text.toString(), 'once'))
  } finally {
    again.destroy()
  }
}))
