//! TLS by the server itself: who may speak it, and certificates that change under open sockets.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { converged, kinds, open } from '../harness/clients.mjs'
import { certificate } from '../harness/frontends.mjs'
import { exchange, metric as metricOf } from '../harness/raw.mjs'
import { UnissonServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

/** A server that speaks TLS, with a certificate of its own. */
class TlsServer extends UnissonServer {
  get webSocketUrl () { return `wss://127.0.0.1:${this.port}` }

  async get (path) {
    return new Promise((resolve) => {
      const options = { host: '127.0.0.1', port: this.port, path, rejectUnauthorized: false, timeout: 5_000 }
      httpsRequest(options, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part) => { text += part })
        answer.on('end', () => resolve({ ok: answer.statusCode === 200, headers: answer.headers, text: async () => text }))
      }).on('error', () => resolve(null)).end()
    })
  }
}

/** Runs `body` with a server that speaks TLS, and where its files are. */
const withTls = async (body, settings = '') => {
  const folder = mkdtempSync(join(tmpdir(), 'unisson-tls-'))
  const files = certificate(folder, 'first.example')
  let server
  try {
    server = await TlsServer.start({ settings: `[tls]\ncertificate = ${JSON.stringify(files.chain)}\nkey = ${JSON.stringify(files.key)}\n${settings}` })
    return await body(server, files, folder)
  } catch (error) {
    console.error(`--- end of the server's log\n${server?.log.join('').slice(-4_000)}---`)
    throw error
  } finally {
    await server?.dispose()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What a handshake comes to: the name in the certificate and the protocol, or the error. */
const shake = (server, options = {}) => new Promise((resolve) => {
  const socket = connectTls({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false, ...options }, () => {
    resolve({ name: socket.getPeerCertificate().subject.CN, protocol: socket.getProtocol() })
    socket.destroy()
  })
  socket.on('error', (error) => resolve({ error: error.code }))
})

test('TLS 1.2 and 1.3 are spoken, older ones are not, and the answer asks for TLS from now on', () => withTls(async (server) => {
  assert.equal((await shake(server, { minVersion: 'TLSv1.3' })).protocol, 'TLSv1.3')
  assert.equal((await shake(server, { maxVersion: 'TLSv1.2' })).protocol, 'TLSv1.2')
  // OpenSSL itself would refuse at its usual level, and the test would say nothing of the server.
  const old = await shake(server, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })
  assert.ok(old.error, JSON.stringify(old))
  const { headers } = await server.get('/')
  assert.match(headers['strict-transport-security'], /max-age=/)
}))

test('all clients write over TLS, and the certificate changes under them', { timeout: 120_000 }, () => withTls(async (server, files, folder) => {
  const clients = kinds.map((kind) => open(kind, server, 'sealed', { socket: { rejectUnauthorized: false } }))
  try {
    await Promise.all(clients.map((client) => client.whenSynced()))
    // More than one record, and more than what a socket takes at once.
    clients[0].text.insert(0, 'a long first text '.repeat(200_000))
    await converged(clients, 60_000)
    assert.equal((await shake(server)).name, 'first.example')

    // A half-written pair changes nothing.
    writeFileSync(files.chain, 'not a certificate')
    server.child.kill('SIGHUP')
    await until(async () => await metricOf(server, 'unisson_tls_reload_failures_total') > 0, 'the bad file was noticed')
    assert.equal((await shake(server)).name, 'first.example')

    const next = mkdtempSync(join(folder, 'next-'))
    const renewed = certificate(next, 'second.example')
    copyFileSync(renewed.key, files.key)
    copyFileSync(renewed.chain, files.chain)
    // Nobody says anything this time: the files are looked at.
    await until(async () => (await shake(server)).name === 'second.example', 'new handshakes get the new certificate', 30_000, 100)

    clients.forEach((client) => client.doc.getArray('lines').push([client.kind]))
    await Promise.all(clients.map((client) => client.whenSaved()))
    await converged(clients)
    for (const client of clients) assert.equal(client.opened, 1, `${client.kind} kept its socket`)
  } finally {
    clients.forEach((client) => client.destroy())
  }
}))

test('who never ends a handshake is sent away, and so is who speaks plain HTTP', () => withTls(async (server) => {
  const silent = connect(server.port, '127.0.0.1')
  const ended = new Promise((resolve) => silent.once('close', resolve))
  silent.on('error', () => {})
  silent.resume()
  silent.write(Buffer.from([22, 3, 1]))
  const plain = await exchange({ port: server.port }, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.ok(Number.isNaN(plain.status), plain.answer)
  await ended
  await until(async () => (await server.get('/healthz'))?.ok, 'everybody else is let in')
}, '[limits]\nheader_ms_max = 2500\n'))

test('a certificate without its key is said at the start', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'unisson-tls-'))
  try {
    const first = certificate(folder)
    const other = certificate(mkdtempSync(join(folder, 'other-')))
    const settings = `[tls]\ncertificate = ${JSON.stringify(first.chain)}\nkey = ${JSON.stringify(other.key)}\n`
    await assert.rejects(TlsServer.start({ settings }), /do not fit/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
