//! Tokens that a portal signs, keys that it publishes and rotates, and the attacks on them.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { request } from 'node:http'
import WebSocket from 'ws'
import { hocuspocusKinds, kinds, open, withClients, yWebsocketKinds } from '../harness/clients.mjs'
import { SECRET, claimsOf, forge, newKey, token, withPortal } from '../harness/portal.mjs'
import { withServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

const settings = `[auth]\nsecret = ${JSON.stringify(SECRET)}\nleeway_s = 0\n`
const published = (portal) => `[auth]\njwks_url = "${portal.url}/keys"\njwks_pause_s = 1\n`

/** Opens, writes one letter, sees it saved, and closes. */
const writes = (server, kind, name, shown) => withClients(server, name, [kind], async ([client]) => {
  client.text.insert(0, 'x')
  await client.whenSaved()
}, { token: shown })

/** The client hears that it may not come in, and gets nothing. */
const isRefused = async (server, kind, name, shown, code = 4401) => {
  const client = open(kind, server, name, { token: shown })
  try {
    if (yWebsocketKinds.includes(kind)) await client.whenClosed(code)
    else await until(() => client.refusals.length > 0, `${kind} is refused`)
    assert.equal(client.provider.synced, false)
    assert.equal(client.text.toString(), '')
  } finally {
    client.destroy()
  }
}

for (const kind of kinds) {
  test(`${kind} gets in by a token of each algorithm`, () => withPortal((portal) => {
    portal.keys = ['RS256', 'ES256', 'EdDSA'].map((alg) => newKey(alg, alg))
    return withServer({ settings: `${published(portal)}secret = ${JSON.stringify(SECRET)}\n` }, async (server) => {
      for (const key of portal.keys) await writes(server, kind, 'page', key.token({ document: 'page' }))
      await writes(server, kind, 'page', token({ document: 'page' }))
    })
  }))
}

test('keys rotate: a new one is fetched when it is first used, and one taken out is refused', () => withPortal((portal) => {
  const [old, fresh, unknown] = ['a', 'b', 'c'].map((kid) => newKey('ES256', kid))
  portal.keys = [old]
  return withServer({ settings: published(portal) }, async (server) => {
    await writes(server, 'hocuspocus 4', 'page', old.token())
    portal.keys = [fresh]
    await until(async () => {
      const client = open('y-websocket 3', server, 'page', { token: fresh.token() })
      await until(() => client.provider.synced || client.closes.length > 0, 'in or out')
      const isIn = client.provider.synced
      client.destroy()
      return isIn
    }, 'the new key counts', 5_000, 100)
    // Until the portal has been asked again nobody knows; then it is a denial.
    await isRefused(server, 'y-websocket 3', 'page', old.token())
    const asked = portal.asked.keys
    await Promise.all(Array.from({ length: 50 }, () => isRefused(server, 'y-websocket 2', 'page', unknown.token())))
    assert.ok(portal.asked.keys - asked < 15, `${portal.asked.keys - asked} questions for 50 made-up tokens`)
  })
}))

test('a portal that fails locks nobody out whose key was published, and denies nobody else', () => withPortal((portal) => {
  const [known, late] = [newKey('RS256', 'known'), newKey('RS256', 'late')]
  portal.keys = [known]
  return withServer({ settings: published(portal) }, async (server) => {
    await writes(server, 'hocuspocus 3', 'page', known.token())
    portal.failing = true
    const waiting = ['hocuspocus 2', 'hocuspocus 4', 'y-websocket 1', 'y-websocket 3']
      .map((kind) => open(kind, server, 'page', { token: late.token() }))
    try {
      await Promise.all(waiting.map((client) => client.whenClosed(4503)))
      await writes(server, 'hocuspocus 2', 'page', known.token())
      waiting.forEach((client) => assert.deepEqual(client.refusals ?? [], [], `${client.kind} is not denied`))
      portal.keys = [known, late]
      portal.failing = false
      await Promise.all(waiting.map((client) => client.whenSynced(30_000)))
    } finally {
      waiting.forEach((client) => client.destroy())
    }
  })
}))

test('bad tokens open nothing, and an honest user goes on writing meanwhile', () => withPortal((portal) => {
  const rsa = newKey('RS256', 'rsa')
  portal.keys = [rsa]
  const publicPem = rsa.publicKey.export({ format: 'pem', type: 'spki' })
  const publicDer = rsa.publicKey.export({ format: 'der', type: 'spki' })
  const good = token()
  const [head, body, signature] = good.split('.')
  const stranger = newKey('RS256', 'rsa')
  const bad = {
    'other claims under the same signature': `${head}.${Buffer.from(JSON.stringify(claimsOf({ role: 'owner' }))).toString('base64url')}.${signature}`,
    'no signature': `${head}.${body}.`,
    'the algorithm none': forge({ alg: 'none' }, claimsOf()),
    'the public key as a secret (PEM)': forge({ alg: 'HS256', kid: 'rsa' }, claimsOf(), publicPem),
    'the public key as a secret (DER)': forge({ alg: 'HS256', kid: 'rsa' }, claimsOf(), publicDer),
    'a stranger\'s key under a known id': stranger.token(),
    'a key of its own': forge({ alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } }, claimsOf(), Buffer.alloc(3)),
    'another secret': forge({ alg: 'HS256' }, claimsOf(), `${SECRET}!`),
    expired: token({}, -1),
    'no end': forge({ alg: 'HS256' }, { ...claimsOf(), exp: undefined }, SECRET),
    'an end in a hundred years': token({}, 100 * 366 * 86_400),
    'not valid yet': token({ nbf: Math.floor(Date.now() / 1000) + 60 }),
    'for another audience': token({ aud: 'another' }),
    'no role': token({ role: undefined }),
    'an unknown role': token({ role: 'root' }),
    'a name with a line feed': token({ name: 'a\nb' }),
    'only dots': '..',
    'very long': `${head}.${'A'.repeat(6_000)}.${signature}`
  }
  return withServer({ settings: `${published(portal)}secret = ${JSON.stringify(SECRET)}\nleeway_s = 0\n` }, (server) =>
    withClients(server, 'page', ['hocuspocus 4'], async ([honest]) => {
      for (const [what, shown] of Object.entries(bad)) {
        await Promise.all(['y-websocket 3', 'hocuspocus 4'].map((kind) => isRefused(server, kind, 'page', shown)
          .catch((error) => { throw new Error(`${what}: ${error.message}`) })))
        honest.text.insert(0, '.')
        await honest.whenSaved()
      }
      assert.equal(honest.text.toString().length, Object.keys(bad).length)
      assert.deepEqual(honest.closes, [])
    }, { token: good }))
}))

test('a token for one folder opens nothing by tricks with names', () => withServer({ settings }, async (server) => {
  const team = token({ prefix: 'team/' })
  for (const name of ['team', 'teamwork', 'private', 'team/../private', 'team/./x', 'team/..\\private', 'x/team/']) {
    await isRefused(server, 'hocuspocus 4', name, team)
  }
  // As a client without manners writes them: paths go as they are.
  const answer = (path) => new Promise((resolve, reject) => {
    const asking = request({
      port: server.port,
      host: '127.0.0.1',
      path: `${path}?token=${team}`,
      headers: { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': 13, 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }
    })
    asking.on('upgrade', (_, socket, head) => {
      let bytes = head
      const seen = () => {
        // y-protocols' sync means in; a close frame means out.
        const out = bytes.indexOf(Buffer.from([0x11, 0x33])) >= 0 || bytes.indexOf(Buffer.from([0x11, 0x31])) >= 0
        if (bytes.length < 4) return
        socket.destroy()
        resolve(bytes[0] === 0x82 && bytes[2] === 0 ? 'in' : out ? 'out' : `? ${bytes.toString('hex')}`)
      }
      socket.on('data', (more) => { bytes = Buffer.concat([bytes, more]); seen() })
      socket.on('error', reject)
      seen()
    })
    asking.on('response', (response) => resolve(response.statusCode))
    asking.on('error', () => resolve('refused'))
    asking.end()
  })
  assert.equal(await answer('/ws/team/page'), 'in')
  for (const path of [
    '/ws/team/../private', '/ws/team/%2e%2e/private', '/ws/team%2f..%2fprivate', '/ws/team/..%5cprivate',
    '/ws/private%00team/', '/ws/team/%00', '/ws/%c0%ae%c0%ae/team/', '/ws/team%c0%af..', '/ws/team/%c0%ae%c0%ae/../x', '/ws//team/x', '/ws/../team/x'
  ]) {
    const heard = await answer(path)
    // Overlong UTF-8 is not UTF-8: such a name is its own text and no other.
    const ownName = ['/ws/team%c0%af..'].includes(path)
    assert.ok(heard !== 'in' || ownName, `${path}: ${heard}`)
  }
  await writes(server, 'y-websocket 3', 'team/page', team)
}))

test('a Hocuspocus provider without a token gets in by that of its handshake, wherever it is', () => withServer({ settings }, async (server) => {
  const good = token()
  const ways = {
    query: [`${server.webSocketUrl}/hocuspocus?token=${good}`, [], {}],
    header: [`${server.webSocketUrl}/hocuspocus`, [], { authorization: `Bearer ${good}` }],
    cookie: [`${server.webSocketUrl}/hocuspocus`, [], { cookie: `a=b; unisson_token=${good}` }],
    'sub-protocol': [`${server.webSocketUrl}/hocuspocus`, [`unisson.token.${good}`], {}]
  }
  for (const [way, [url, protocols, headers]] of Object.entries(ways)) {
    const socket = new WebSocket(url, protocols, { headers })
    const heard = new Promise((resolve, reject) => { socket.on('message', resolve); socket.on('error', reject) })
    // "d": a token that is empty.
    socket.on('open', () => socket.send(Buffer.from([1, 0x64, 2, 0, 0])))
    const frame = await heard
    socket.terminate()
    assert.equal(frame.subarray(0, 4).toString('hex'), '01640202', `${way}: authenticated`)
  }
}))

test('tokens are made by the command line and by the admin, and by nobody else', () => {
  const tokens = [{ value: 'boss', access: 'admin', prefix: 'team/' }, { value: 'plain', access: 'read-write' }]
  return withServer({ settings, tokens }, async (server) => {
    const environment = { ...process.env, UNISSON_AUTH_SECRET: SECRET }
    const made = execFileSync(process.env.UNISSON_BIN, [
      'token', '--sub', 'ann', '--document', 'page', '--role', 'editor', '--expires', '10m'
    ], { env: environment, encoding: 'utf8' }).trim()
    await writes(server, 'y-websocket 3', 'page', made)

    const order = { sub: 'bob', prefix: 'team/', role: 'editor', expires_in_s: 60 }
    const ask = (bearer, body, headers = {}) => fetch(`${server.httpUrl}/api/v1/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(bearer ? { authorization: `Bearer ${bearer}` } : {}), ...headers },
      body: JSON.stringify(body)
    })
    const answer = await ask('boss', order)
    assert.equal(answer.status, 201)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    await writes(server, 'hocuspocus 4', 'team/page', (await answer.json()).token)
    for (const [bearer, body, status, code] of [
      [null, order, 401, 'unauthorized'],
      ['wrong', order, 401, 'unauthorized'],
      ['plain', order, 403, 'forbidden'],
      [token(), order, 403, 'forbidden'],
      ['boss', { ...order, prefix: '' }, 403, 'beyond-own-rights'],
      ['boss', { ...order, role: 'root' }, 422, 'token-order'],
      ['boss', { ...order, expires_in_s: 10 ** 9 }, 422, 'token-order'],
      ['boss', { ...order, padding: 'x'.repeat(20_000) }, 413, 'token-order']
    ]) {
      const refused = await ask(bearer, body)
      assert.equal(refused.status, status)
      assert.equal((await refused.json()).code, code)
    }
    const byCookie = await ask(null, order, { cookie: 'unisson_token=boss' })
    assert.equal(byCookie.status, 401, 'a cookie makes no tokens')
    const delegate = token({ prefix: 'team/', role: 'editor', mint: true })
    const handedOn = await ask(delegate, { ...order, document: 'team/page', prefix: undefined, role: 'reader' })
    assert.equal(handedOn.status, 201)
    assert.equal((await ask(delegate, { ...order, mint: true })).status, 403)
  })
})

test('what people show is in no log, however much it says', () => withPortal((portal) => {
  let log = ''
  const environment = { RUST_LOG: 'trace' }
  const callback = `${settings}callback = "${portal.url}/who"\n`
  const shown = ['opaque-s3cret-token', token({ prefix: 'else/' }), token(), token({}, -5)]
  return withServer({ settings: callback, environment, logs: (text) => { log += text } }, async (server) => {
    portal.who = ({ token: opaque }) => opaque === shown[0] ? [200, { sub: 'ann', role: 'editor' }] : [401]
    for (const kind of kinds) {
      await writes(server, kind, 'page', shown[0])
      await writes(server, kind, 'page', shown[2])
      await isRefused(server, kind, 'page', shown[1], 4403)
      await isRefused(server, kind, 'page', shown[3])
    }
    const socket = new WebSocket(`${server.webSocketUrl}/ws/page`, [`unisson.token.${shown[3]}`], { headers: { cookie: 'session=s3cret-cookie' } })
    await new Promise((resolve) => socket.on('close', resolve))
    await server.terminate()
    await until(() => log.includes('stopped'), 'the whole log is here')
    assert.ok(log.includes('TRACE') && log.includes('token refused'), 'the log says much')
    for (const secret of [...shown, ...shown.slice(1).map((jwt) => jwt.split('.')[2]), 's3cret-cookie', SECRET]) {
      assert.ok(!log.includes(secret), `the log has ${secret}`)
    }
  })
}))

for (const kind of hocuspocusKinds) {
  test(`${kind} with a reader's token reads, and its writes change nothing`, () => withServer({ settings }, (server) =>
    withClients(server, 'page', ['y-websocket 3'], async ([writer]) => {
      await withClients(server, 'page', [kind], async ([reader]) => {
        assert.equal(reader.provider.authorizedScope, 'readonly')
        reader.text.insert(0, 'refused')
        writer.text.insert(0, 'mine')
        await until(() => reader.text.toString().includes('mine'), 'the reader reads')
        await writer.whenSaved()
        assert.equal(writer.text.toString(), 'mine')
      }, { token: token({ role: 'commenter' }) })
    }, { token: token() })))
}
