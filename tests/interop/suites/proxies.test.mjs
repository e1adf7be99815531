//! The example configurations of nginx, HAProxy and Caddy, with real clients behind them.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { converged, kinds, open } from '../harness/clients.mjs'
import { frontendNames, skip, withFrontend } from '../harness/frontends.mjs'
import { exchange, limited, request } from '../harness/raw.mjs'
import { withServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

const TOKEN = 'a-token-of-the-proxy-suite'
const tokens = [{ value: TOKEN, access: 'read-write' }]
const settings = '[http]\nbase_path = "/unisson"\n'

/** Options of `ws` for a name that the machine does not know. */
const towards = (proxy, host) => ({ ca: proxy.ca, servername: host, headers: { host }, rejectUnauthorized: true })

/** Opens all kinds of clients through a proxy on one document; `body` gets them synced. */
const withClientsThrough = async (proxy, { host, path }, name, body, options = {}) => {
  const server = { webSocketUrl: `wss://127.0.0.1:${proxy.port}${path}` }
  const clients = kinds.map((kind) => open(kind, server, name, { token: TOKEN, socket: towards(proxy, host), ...options }))
  try {
    await Promise.all(clients.map((client) => client.whenSynced()))
    return await body(clients)
  } finally {
    clients.forEach((client) => client.destroy())
  }
}

const mounts = [{ host: 'docs.example', path: '' }, { host: 'portal.example', path: '/unisson' }]

for (const name of frontendNames) {
  for (const mount of mounts) {
    test(`${name}: all clients write through https://${mount.host}${mount.path}/`, { skip, timeout: 120_000 }, () => withServer({ tokens, settings }, (server) =>
      withFrontend(name, server, (proxy) => withClientsThrough(proxy, mount, 'équipe/compte rendu', async (clients) => {
        clients.forEach((client) => client.doc.getArray('lines').push([client.kind]))
        await Promise.all(clients.map((client) => client.whenSaved()))
        await converged(clients)
        assert.equal(clients[0].doc.getArray('lines').length, clients.length)
      }))))

    test(`${name}: pages, files and the API are below https://${mount.host}${mount.path}/`, { skip, timeout: 120_000 }, () => withServer({ tokens, settings }, (server) =>
      withFrontend(name, server, async (proxy) => {
        const raw = { ...proxy.raw, tls: { ...proxy.raw.tls, servername: mount.host } }
        const ask = (target, options = {}) => request(raw, mount.path + target, { ...options, headers: { host: mount.host, ...options.headers } })
        assert.match((await ask('/')).answer, /Unisson/)
        const page = await ask('/d/a/b')
        const script = /<script type="module" src="([^"]+)"/.exec(page.answer)[1]
        const resolved = new URL(script, `https://${mount.host}${mount.path}/d/a/b`)
        assert.equal(resolved.pathname, `${mount.path}/client/page.js`)
        // A binary without the client in it says so; anything else would be an address that leads nowhere.
        assert.match((await ask('/client/page.js')).answer, /no-such-asset|text\/javascript/)
        // A slash in a name stays part of the name on its way through the proxy.
        const versions = await ask('/api/v1/documents/a%2Fb/versions', { headers: { authorization: `Bearer ${TOKEN}` } })
        assert.equal(versions.status, 200, versions.answer)
        assert.equal((await ask('/metrics')).status, 404, 'nobody outside reads the metrics')
        if (mount.path) assert.match((await request(raw, mount.path, { headers: { host: mount.host } })).answer, /308[^]*location: [^\r]*\/unisson\/\r/i)
      })))
  }

  test(`${name}: a client cannot choose its own address`, { skip, timeout: 120_000 }, () => withServer({
    tokens, settings: `${settings}[limits]\nrequests_per_address_per_s = 1\nrequests_per_address_burst = 20\n`
  }, (server) => withFrontend(name, server, async (proxy) => {
    const raw = { ...proxy.raw, tls: { ...proxy.raw.tls, servername: 'docs.example' } }
    // At once: one after the other they may take longer than the rate on a busy machine.
    const statuses = await Promise.all(Array.from({ length: 30 }, async (_, count) => {
      const headers = { host: 'docs.example', 'x-forwarded-for': `192.0.2.${count}`, forwarded: `for=198.51.100.${count}` }
      return (await request({ ...raw, timeoutMs: 20_000 }, '/', { headers })).status
    }))
    assert.ok(statuses.includes(429), `30 requests of one address, whatever it says: ${statuses}`)
    assert.ok(await limited(server, 'requests_per_address_per_s') > 0)
  })))

  const smuggled = 'GET /healthz HTTP/1.1\r\nHost: docs.example\r\n\r\n'
  const chunked = `0\r\n\r\n${smuggled}`
  const head = (...lines) => ['POST /nowhere HTTP/1.1', 'Host: docs.example', ...lines, '', ''].join('\r\n')
  const smugglers = {
    'a length and chunks': head(`Content-Length: ${chunked.length}`, 'Transfer-Encoding: chunked') + chunked,
    'two lengths': head('Content-Length: 0', `Content-Length: ${smuggled.length}`) + smuggled,
    'chunks with a space before the colon': head(`Content-Length: ${chunked.length}`, 'Transfer-Encoding : chunked') + chunked,
    'chunks in a folded line': head(`Content-Length: ${chunked.length}`, 'X: y\r\n Transfer-Encoding: chunked') + chunked,
    'chunks of another name': head(`Content-Length: ${chunked.length}`, 'Transfer-Encoding: xchunked') + chunked,
    'chunks named twice': head(`Content-Length: ${chunked.length}`, 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity') + chunked,
    'a tab before chunks': head(`Content-Length: ${chunked.length}`, 'Transfer-Encoding:\tchunked') + chunked,
    'a bare line feed': head(`Content-Length: ${chunked.length}`, 'X: y\nTransfer-Encoding: chunked') + chunked,
    'a signed length': head(`Content-Length: +${smuggled.length}`) + smuggled,
    'a chunk size that overflows': head('Transfer-Encoding: chunked') + `1000000000000000000000\r\n\r\n${smuggled}`,
    'a NUL in a header': head(`Content-Length: ${chunked.length}`, 'X: \0', 'Transfer-Encoding: chunked') + chunked,
    'an upgrade that is none': head('Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 777') + smuggled
  }

  test(`${name}: no request is smuggled behind another one`, { skip, timeout: 180_000 }, () => withServer({ tokens, settings }, (server) =>
    withFrontend(name, server, (proxy) => withClientsThrough(proxy, mounts[0], 'honest', async (clients) => {
      const raw = { ...proxy.raw, tls: { ...proxy.raw.tls, servername: 'docs.example' }, timeoutMs: 1_500 }
      for (const [trick, bytes] of Object.entries(smugglers)) {
        const attack = exchange(raw, bytes)
        // Whoever asks meanwhile and afterwards gets the answer to their own question.
        for (let count = 0; count < 4; count++) {
          const { answer, status } = await request(raw, '/client/none', { headers: { host: 'docs.example' } })
          assert.equal(status, 404, `${trick}: ${answer}`)
          assert.ok(!answer.includes('alive'), trick)
        }
        const { answer } = await attack
        assert.ok((answer.match(/^HTTP\/1\.1 2/mg) ?? []).length === 0 || !answer.includes('alive') || trick === 'an upgrade that is none',
          `${trick}: ${answer}`)
        clients[0].doc.getArray('lines').push([trick])
      }
      await clients[0].whenSaved()
      await converged(clients)
      for (const client of clients) assert.deepEqual(client.closes, [], client.kind)
    }))))
}

test('sockets that are silent stay open behind every proxy', { skip, timeout: 120_000 }, () => withServer({ tokens, settings }, (server) =>
  Promise.all(frontendNames.map((name) => withFrontend(name, server, (proxy) => withClientsThrough(proxy, mounts[0], `quiet behind ${name}`, async (clients) => {
    const before = clients.map((client) => client.opened)
    // Two keepalives of the server; nobody types.
    await new Promise((resolve) => setTimeout(resolve, 32_000))
    assert.deepEqual(clients.map((client) => client.opened), before)
    clients[0].text.insert(0, 'still here')
    await until(() => clients.every(({ text }) => text.length === 10), 'everybody hears it')
  }))))))
