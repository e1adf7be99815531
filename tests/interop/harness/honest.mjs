//! Attackers and honest people beside one another: from two addresses, as they would come from two houses.

import assert from 'node:assert/strict'
import WebSocket from 'ws'
import { converged, kinds, open } from './clients.mjs'
import { metric } from './raw.mjs'
import { withServer } from './server.mjs'
import { pause } from './wait.mjs'

export const ATTACKER = '127.0.0.2'
export const HONEST = '127.0.0.3'
export const TOKEN = 'the-token-of-honest-people'
export const tokens = [
  { value: TOKEN, access: 'read-write' },
  { value: 'token-of-alice', access: 'read-write', user: 'alice' },
  { value: 'token-of-mallory', access: 'read-write', user: 'mallory' },
  { value: 'token-of-space-a', access: 'read-write', prefix: 'spaces/a/' }
]
/** The machine itself is no proxy here, so that addresses of the loopback network count as strangers'. */
export const door = '[http]\ntrusted_proxies = ["192.0.2.1"]\n'

/**
 * Runs `attack` while every kind of client types into one document. Nobody may be closed, every edit must be saved, and
 * no edit may take longer than `slowestMs` to be.
 */
export const besideHonestPeople = (settings, attack, { slowestMs = 4_000 } = {}) => withServer({ tokens, settings: door + settings }, async (server) => {
  const clients = kinds.map((kind) => open(kind, server, 'honest', { token: TOKEN, socket: { localAddress: HONEST } }))
  let turns = 0
  let slowest = 0
  let typing = true
  try {
    await Promise.all(clients.map((client) => client.whenSynced()))
    const people = clients.map(async (client) => {
      while (typing) {
        client.doc.getArray('lines').push([`${client.kind} ${turns += 1}`])
        const start = performance.now()
        await client.whenSaved(30_000)
        slowest = Math.max(slowest, performance.now() - start)
        await pause(20)
      }
    })
    try {
      await attack(server, clients)
    } finally {
      typing = false
    }
    await Promise.all(people)
    await converged(clients, 30_000)
    for (const client of clients) assert.deepEqual(client.closes, [], `${client.kind} was closed`)
    assert.equal(clients[0].doc.getArray('lines').length, turns, 'every line is there')
    assert.ok(slowest < slowestMs, `the slowest of ${turns} edits took ${Math.round(slowest)} ms to be saved`)
    assert.ok((await server.get('/readyz')).ok)
    assert.equal(await metric(server, 'unisson_task_panics_total'), 0)
    console.log(`attacks: ${turns} honest edits beside it, the slowest saved after ${Math.round(slowest)} ms`)
  } finally {
    typing = false
    clients.forEach((client) => client.destroy())
  }
})

/** Where the attacker comes from. */
export const from = (server, options = {}) => ({ port: server.port, localAddress: ATTACKER, ...options })

/** A bare socket of the attacker. */
export const badSocket = (server, path, options = {}) => {
  const socket = new WebSocket(server.webSocketUrl + path, { localAddress: ATTACKER, ...options })
  socket.on('error', () => {})
  socket.closed = new Promise((resolve) => socket.once('close', (code) => resolve(code)))
  socket.opened = new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket))
    socket.once('close', () => reject(new Error('the socket was not let in')))
  })
  socket.opened.catch(() => {})
  return socket
}
