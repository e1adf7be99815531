//! Sign-in by a real OpenID provider, in a real browser: in, out, over, forged, and while it is down.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { chromium } from 'playwright-core'
import WebSocket from 'ws'
import { skip } from '../harness/editors.mjs'
import { OpenIdProvider } from '../harness/provider.mjs'
import { withBucket, skipWithoutMoto } from '../harness/moto.mjs'
import { UnissonServer, withServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

const options = { skip, timeout: 180_000 }
const ADMIN = [{ value: 'the-operator', access: 'admin' }]

/** Runs `body` with a provider and a server that sends people to it. */
const withSignIn = async ({ provider: of = {}, more = '', ...rest }, body) => {
  let provider
  const settings = async (server) => {
    provider ??= await OpenIdProvider.start({ publicUrl: server.httpUrl, ...of })
    return provider.settings(server.httpUrl, more)
  }
  try {
    return await withServer({ settings, tokens: ADMIN, ...rest }, (server) => body(server, provider))
  } finally {
    await provider?.stop()
  }
}

const withBrowser = async (body) => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] })
  const complaints = []
  const person = async () => {
    const context = await browser.newContext({ locale: 'fr-FR' })
    const page = await context.newPage()
    page.setDefaultTimeout(20_000)
    page.on('console', (message) => { if (/Content Security Policy/i.test(message.text())) complaints.push(message.text()) })
    return page
  }
  try {
    await body(person)
    assert.deepEqual(complaints, [])
  } finally {
    await browser.close()
  }
}

/** Goes through the provider's pages. */
const signIn = async (page, address, login = 'ann') => {
  await page.goto(address)
  await page.fill('input[name="login"]', login)
  await page.fill('input[name="password"]', 'any')
  await page.click('button[type="submit"]')
  const consent = page.getByRole('button', { name: /continue/i })
  await Promise.race([consent.click(), page.waitForURL(address)]).catch(() => {})
}

const synced = (page) => until(() => page.evaluate(() => document.querySelector('unisson-editor')?.session?.synced === true).catch(() => false), 'the document is there')
const accounts = async (server, action) => {
  const response = await fetch(`${server.httpUrl}/api/v1/audit?limit=500&action=${action}`, { headers: { authorization: 'Bearer the-operator' } })
  return (await response.json()).entries
}

test('people come in by the provider, write under their own names, and leave', options, () => withSignIn({ provider: { signed: true }, more: 'acr_values = ["eidas1"]' }, (server, provider) => withBrowser(async (person) => {
  const address = `${server.httpUrl}/d/cantine/menus`
  const [ann, bob] = [await person(), await person()]
  await signIn(ann, address, 'ann')
  await signIn(bob, address, 'bob')
  await ann.waitForURL(address)
  await Promise.all([synced(ann), synced(bob)])
  assert.equal(await ann.locator('.signed-in span').textContent(), 'Anne Martin')
  assert.equal(await bob.locator('.signed-in span').textContent(), 'Bilal Roy')
  await ann.locator('unisson-editor .ProseMirror').click()
  await ann.keyboard.type('Lundi : soupe')
  await until(async () => (await bob.locator('unisson-editor .ProseMirror').textContent()).includes('soupe'), 'the other one reads it')
  await until(async () => (await bob.locator('.unisson-caret-name').allTextContents()).includes('Anne Martin'), 'by her own name')
  assert.ok(provider.requests.includes('/me'), 'userinfo was asked')
  if (process.env.PICTURES) await ann.screenshot({ path: `${process.env.PICTURES}/signed-in.png` })

  const cookies = await ann.context().cookies()
  const session = cookies.find(({ name }) => name === '__Host-unisson_session')
  assert.deepEqual([session.httpOnly, session.secure, session.sameSite, session.path], [true, true, 'Lax', '/'])
  assert.ok(!cookies.some(({ name }) => name.includes('signin_')), 'nothing of the journey is left')
  assert.doesNotMatch(Buffer.from(session.value, 'base64url').toString('latin1'), /Anne|ann@|agents/)

  // Home, then out: here, and at the provider.
  await ann.goto(server.httpUrl)
  assert.match(await ann.locator('.top .account').textContent(), /Anne Martin/)
  await ann.getByRole('button', { name: 'Se déconnecter' }).click()
  await ann.waitForURL(/session\/end/)
  await ann.getByRole('button', { name: /yes/i }).click()
  await ann.waitForURL(`${server.httpUrl}/signed-out*`)
  assert.match(await ann.locator('h1').textContent(), /déconnecté/)
  await ann.goto(address)
  await ann.waitForURL(/interaction/)
  await synced(bob)

  const signIns = await accounts(server, 'sign-in')
  assert.deepEqual(signIns.map(({ who }) => who.id).sort(), ['ann', 'bob'])
  assert.deepEqual((await accounts(server, 'sign-out')).map(({ who }) => who?.id).filter(Boolean), ['ann'])
})))

test('a sign-out closes the open pages of that session within two seconds, and no others', options, () => withSignIn({}, (server) => withBrowser(async (person) => {
  const address = `${server.httpUrl}/d/page`
  const [ann, bob] = [await person(), await person()]
  await signIn(ann, address, 'ann')
  await signIn(bob, address, 'bob')
  await Promise.all([synced(ann), synced(bob)])
  const second = await ann.context().newPage()
  await second.goto(address)
  await synced(second)
  await ann.evaluate(() => { window.gone = null; const socket = document.querySelector('unisson-editor'); window.watch = setInterval(() => { if (socket.session?.synced === false && window.gone === null) window.gone = Date.now() }, 20) })
  const started = Date.now()
  await second.locator('.signed-in button').click()
  await until(() => ann.evaluate(() => window.gone !== null), 'the other tab is out', 5_000)
  assert.ok(await ann.evaluate(() => window.gone) - started < 2_000 + 1_000)
  // The provider tells the server as well (back-channel): that is no mistake.
  await second.getByRole('button', { name: /yes/i }).click()
  await second.waitForURL(`${server.httpUrl}/signed-out*`)
  await synced(bob)
  await bob.locator('unisson-editor .ProseMirror').click()
  await bob.keyboard.type('encore là')
  await until(() => bob.evaluate(() => document.querySelector('unisson-editor').saved), 'the other person goes on')
})))

/** A browser's part without a browser: keeps cookies, follows nothing by itself. */
class Jar {
  constructor () { this.cookies = new Map() }

  async ask (address, init = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(address, { ...init, redirect: 'manual', headers: { ...init.headers, ...(cookie ? { cookie } : {}) } })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      if (/max-age=0/i.test(line) || value === '') this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return response
  }

  /** Goes on until a page, or until `stop` matches the next address. */
  async follow (address, stop = /$^/) {
    for (let hops = 0; hops < 15; hops++) {
      if (stop.test(address)) return { address }
      const response = await this.ask(address)
      const location = response.headers.get('location')
      if (!location) return { address, response, text: await response.text() }
      address = new URL(location, address).href
    }
    throw new Error('too many redirects')
  }

  /** Signs in; stops before `stop`, if given. */
  async signIn (server, login, to = '/d/page', stop) {
    let at = await this.follow(`${server.httpUrl}${to}`)
    for (let form = 0; form < 3 && at.text?.includes('name="prompt"'); form++) {
      const action = new URL(/action="([^"]+)"/.exec(at.text)[1], at.address).href
      const prompt = /name="prompt" value="([^"]+)"/.exec(at.text)?.[1]
      const response = await this.ask(action, { method: 'POST', body: new URLSearchParams({ prompt, login, password: 'any' }) })
      const next = new URL(response.headers.get('location'), action).href
      at = await this.follow(next, stop)
    }
    return at
  }
}

const CALLBACK = /\/signin\/callback/
const problem = ({ response, text }) => [response.status, /<h1>(.*?)<\/h1>/.exec(text)?.[1]]

/** How a socket with these cookies ends: the close code, or `open`. */
const socket = (server, jar, { origin = server.httpUrl } = {}) => new Promise((resolve) => {
  const cookie = [...jar.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const ws = new WebSocket(`${server.webSocketUrl}/ws/page`, { headers: { cookie }, origin })
  ws.once('close', (code) => resolve(code))
  ws.once('error', () => resolve('refused'))
  // The first byte of a refusal is another one.
  ws.on('message', (frame) => { if (frame[0] === 0) { resolve('open'); ws.terminate() } })
})

test('whatever is changed on the way is found', options, () => withSignIn({}, async (server, provider) => {
  const arrive = async (change) => {
    const jar = new Jar()
    const { address } = await jar.signIn(server, 'ann', '/d/page', CALLBACK)
    const url = new URL(address)
    await change(url, jar)
    const at = await jar.follow(url.href)
    assert.ok(!jar.cookies.has('__Host-unisson_session'), 'nobody is signed in')
    return problem(at)
  }
  const again = [400, 'You are not signed in']
  assert.deepEqual(await arrive((url) => url.searchParams.set('state', 'x'.repeat(43))), again)
  assert.deepEqual(await arrive((url) => url.searchParams.delete('state')), again)
  assert.deepEqual(await arrive((url) => url.searchParams.set('iss', 'https://evil.example')), again)
  assert.deepEqual(await arrive((url) => url.searchParams.delete('iss')), again)
  assert.deepEqual(await arrive((url) => url.searchParams.set('code', 'made-up')), again)
  assert.deepEqual(await arrive((_, jar) => { for (const name of jar.cookies.keys()) if (name.includes('signin_')) jar.cookies.delete(name) }), again, 'another browser')
  const bent = (_, jar) => { for (const [name, value] of jar.cookies) if (name.includes('signin_')) jar.cookies.set(name, value.slice(0, 20) + (value[20] === 'A' ? 'B' : 'A') + value.slice(21)) }
  assert.deepEqual(await arrive(bent), again, 'a bent cookie')

  // A provider that lies, or somebody between.
  const part = (token, n, change) => { const parts = token.split('.'); parts[n] = change(parts[n]); return parts.join('.') }
  const claims = (change) => (answer) => ({ ...answer, id_token: part(answer.id_token, 1, (text) => Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(text, 'base64url')), ...change })).toString('base64url')) })
  for (const forge of [
    claims({ sub: 'bob' }), claims({ nonce: 'x' }), claims({ aud: 'other' }),
    (answer) => ({ ...answer, id_token: part(answer.id_token, 0, () => Buffer.from('{"alg":"none"}').toString('base64url')) }),
    (answer) => ({ ...answer, id_token: part(answer.id_token, 2, () => '') }),
    ({ id_token: _, ...answer }) => answer
  ]) {
    provider.forge = forge
    assert.deepEqual(await arrive(() => {}), again, String(forge))
  }
  // A good token of another sign-in: its nonce is another one's.
  let kept
  provider.forge = (answer) => { kept = answer.id_token; return answer }
  const honest = new Jar()
  await honest.signIn(server, 'ann')
  assert.ok(honest.cookies.has('__Host-unisson_session'))
  provider.forge = (answer) => ({ ...answer, id_token: kept })
  assert.deepEqual(await arrive(() => {}), again)
  assert.doesNotMatch(server.log.join(''), /eyJ/, 'no token is in the log')
}))

test('a callback that is used twice, and a refusal, sign nobody in', options, () => withSignIn({}, async (server) => {
  const jar = new Jar()
  const { address } = await jar.signIn(server, 'ann', '/d/page', CALLBACK)
  await jar.follow(address)
  assert.ok(jar.cookies.has('__Host-unisson_session'))
  assert.deepEqual(problem(await jar.follow(address)), [400, 'You are not signed in'])
  const other = new Jar()
  const begun = new URL((await other.signIn(server, 'ann', '/d/page', CALLBACK)).address)
  begun.searchParams.delete('code')
  begun.searchParams.set('error', 'access_denied')
  assert.deepEqual(problem(await other.follow(begun.href)), [403, 'You are not let in'])
}))

test('nobody is sent elsewhere', options, () => withSignIn({}, async (server) => {
  for (const to of ['https://evil.example', '//evil.example', '/\\evil.example', '/%09/evil.example', 'javascript:alert(1)', '@evil.example', '.evil.example', '/%0d%0aset-cookie:x']) {
    const jar = new Jar()
    const { address } = await jar.signIn(server, 'ann', `/signin?to=${encodeURIComponent(to)}`)
    assert.equal(new URL(address).origin, server.httpUrl, to)
  }
  const jar = new Jar()
  const { address } = await jar.signIn(server, 'ann', '/d/a%20b/%C3%A9t%C3%A9?x=1&y=%2F')
  assert.equal(address, `${server.httpUrl}/d/a%20b/%C3%A9t%C3%A9?x=1&y=%2F`)
}))

test('a provider that is down denies nobody', options, () => withSignIn({}, async (server, provider) => {
  const jar = new Jar()
  await jar.signIn(server, 'ann')
  const later = new Jar()
  const { address } = await later.signIn(server, 'bob', '/d/page', CALLBACK)
  const unavailable = [503, 'Sign-in is unavailable now']
  provider.failing = /.*/
  assert.deepEqual(problem(await later.follow(address)), unavailable)
  assert.equal(await socket(server, jar), 'open', 'who is signed in stays so')
  assert.equal((await jar.ask(`${server.httpUrl}/d/page`)).status, 200)
  await server.restart()
  assert.equal(await socket(server, jar), 'open', 'after a restart too')
  const begun = await new Jar().follow(`${server.httpUrl}/signin?to=/d/page`)
  assert.deepEqual(problem(begun), unavailable)
  assert.match(begun.text, /signin\?to=%2Fd%2Fpage/)
  // When it is back, the same browser goes on where it was.
  provider.failing = null
  await until(async () => (await later.follow(`${server.httpUrl}/d/page`)).response.status === 200, 'the provider is asked again')
  provider.failing = /\/me$/
  const third = new Jar()
  assert.deepEqual(problem(await third.signIn(server, 'ann')), unavailable)
}))

test('a session goes on where it is used, and ends by its time, open pages too', options, () => withSignIn({ more: 'session_s = 5\nsession_max_s = 8' }, async (server) => {
  const [used, unused] = [new Jar(), new Jar()]
  const started = Date.now()
  await Promise.all([used.signIn(server, 'ann'), unused.signIn(server, 'bob')])
  const cookie = [...used.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const ws = new WebSocket(`${server.webSocketUrl}/ws/page`, { headers: { cookie }, origin: server.httpUrl })
  const closed = new Promise((resolve) => ws.once('close', (code) => resolve({ code, after: Date.now() - started })))
  const made = used.cookies.get('__Host-unisson_session')
  const renewed = async () => { await used.ask(`${server.httpUrl}/d/page`); return used.cookies.get('__Host-unisson_session') !== made }
  await until(renewed, 'the cookie is renewed', 4_500, 200)
  await until(async () => await socket(server, unused) === 4401, 'who does nothing is out', 6_500, 200)
  assert.equal(await socket(server, used), 'open')
  const { code, after } = await closed
  assert.equal(code, 4205)
  assert.ok(after >= 7_000 && after < 11_000, `${after} ms`)
  assert.equal(await socket(server, used), 4401, 'nothing goes on beyond the last moment')
}))

test('a session is this server\'s, this browser\'s pages\', and nothing else', options, () => withSignIn({ more: 'prefix = "page"\nrole = "reader"' }, async (server) => {
  const jar = new Jar()
  await jar.signIn(server, 'ann')
  assert.equal(await socket(server, jar), 'open')
  assert.equal(await socket(server, jar, { origin: 'https://evil.example' }), 4401, 'another page\'s socket has no session')
  assert.equal(await socket(server, new Jar()), 4401)
  const made = jar.cookies.get('__Host-unisson_session')
  for (const bent of [made.slice(0, -10), made.slice(0, 30) + 'AAAA' + made.slice(34), `1.${'A'.repeat(200)}`, 'x']) {
    const forger = new Jar()
    forger.cookies.set('__Host-unisson_session', bent)
    assert.equal(await socket(server, forger), 4401)
  }
  const get = (path, init) => jar.ask(`${server.httpUrl}${path}`, init)
  assert.equal((await get('/api/v1/documents/page/activity')).status, 200)
  assert.equal((await get('/api/v1/documents/other/activity')).status, 403)
  const write = await get('/api/v1/documents/page/versions', { method: 'POST', body: '{"label":"x"}', headers: { 'content-type': 'application/json', origin: server.httpUrl } })
  assert.equal((await write.json()).code, 'read-only')

  // Another site's form does not sign people out; this server's does, once and for all.
  for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }, {}]) {
    assert.equal((await get('/signout', { method: 'POST', headers })).status, 403)
  }
  assert.equal(await socket(server, jar), 'open')
  const kept = new Jar()
  kept.cookies = new Map(jar.cookies)
  assert.equal((await get('/signout', { method: 'POST', headers: { origin: server.httpUrl } })).status, 200)
  assert.equal(await socket(server, kept), 4401, 'a copy of the cookie is worth nothing')
  await server.restart()
  assert.equal(await socket(server, kept), 4401, 'after a restart too')
}))

test('the provider signs people out at every node of a store', { ...options, skip: skip || skipWithoutMoto }, () => withBucket((bucket) => withSignIn({ environment: { ...bucket, UNISSON_NODE: 'one' } }, async (one, provider) => {
  const settings = () => provider.settings(one.httpUrl)
  const two = await UnissonServer.start({ settings, environment: { ...bucket, UNISSON_NODE: 'two' } })
  try {
    const jar = new Jar()
    await jar.signIn(one, 'ann')
    assert.equal(await socket(one, jar), 'open')
    assert.equal(await socket(two, jar, { origin: two.httpUrl }), 'open', 'the other node knows who it is')
    const cookie = [...jar.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const closed = [one, two].map((server) => {
      const ws = new WebSocket(`${server.webSocketUrl}/ws/page`, { headers: { cookie }, origin: server.httpUrl })
      return { ws, opened: new Promise((resolve) => ws.once('message', resolve)), code: new Promise((resolve) => ws.once('close', (code) => resolve({ code, at: Date.now() }))) }
    })
    await Promise.all(closed.map(({ opened }) => opened))

    // At the provider, away from Unisson.
    const page = await jar.follow(`${provider.issuer}/session/end`)
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)[1]
    const started = Date.now()
    await jar.ask(`${provider.issuer}/session/end/confirm`, { method: 'POST', body: new URLSearchParams({ xsrf, logout: 'yes' }) })
    const [first, second] = await Promise.all(closed.map(({ code }) => code))
    assert.deepEqual([first.code, second.code], [4401, 4401])
    assert.ok(first.at - started < 2_000, `${first.at - started} ms`)
    assert.ok(second.at - started < 12_000, `${second.at - started} ms`)
    assert.equal(await socket(one, jar), 4401)
  } finally {
    await two.dispose()
  }
})))

test('a logout token that nobody signed, or of another kind, signs nobody out', options, () => withSignIn({}, async (server, provider) => {
  let token
  provider.forge = (answer) => { token = answer.id_token; return answer }
  const jar = new Jar()
  await jar.signIn(server, 'ann')
  const post = async (value) => (await fetch(`${server.httpUrl}/signin/backchannel-logout`, { method: 'POST', body: new URLSearchParams({ logout_token: value }) })).status
  for (const value of ['', 'x', token, token.replace(/\.[^.]*$/, '.AAAA'), 'a'.repeat(9_000)]) assert.equal(await post(value), 400)
  assert.equal(await socket(server, jar), 'open')
}))

test('a stronger sign-in than the provider gives is asked for in vain', options, () => withSignIn({ more: 'acr_accepted = ["eidas2"]' }, async (server) => {
  assert.deepEqual(problem(await new Jar().signIn(server, 'ann')), [403, 'You are not let in'])
}))

test('ES256 does as well, and groups are bounded by what a cookie holds', options, () => withSignIn({ provider: { alg: 'ES256', signed: true } }, async (server) => {
  const jar = new Jar()
  await jar.signIn(server, 'ann')
  assert.equal(await socket(server, jar), 'open')
}))

for (const clientKey of ['RS256', 'ES256']) {
  test(`the server shows who it is by a key of its own (${clientKey}); with another key nobody comes in`, options, () => withSignIn({ provider: { clientKey } }, async (server, provider) => {
    const ann = new Jar()
    await ann.signIn(server, 'ann')
    assert.ok(ann.cookies.has('__Host-unisson_session'))
    provider.changeClientKey()
    await server.restart()
    const bob = new Jar()
    assert.deepEqual(problem(await bob.signIn(server, 'bob')), [400, 'You are not signed in'])
    assert.ok(!bob.cookies.has('__Host-unisson_session'))
    assert.doesNotMatch(server.log.join(''), /eyJ|PRIVATE KEY/, 'neither key nor assertion is in the log')
  }))
}

test('a group of the sign-in looks after the server, another one does not', options, () => withSignIn({ more: '[admin]\ngroups = ["cantine"]\n' }, (server) => withBrowser(async (person) => {
  const asked = (page) => page.evaluate(async () => (await fetch('/api/v1/admin/overview')).status)
  const [ann, bob] = [await person(), await person()]
  await signIn(ann, `${server.httpUrl}/d/page`, 'ann')
  await signIn(bob, `${server.httpUrl}/d/page`, 'bob')
  await Promise.all([synced(ann), synced(bob)])
  assert.equal(await asked(ann), 200)
  assert.equal(await asked(bob), 403)
  await ann.goto(`${server.httpUrl}/-/admin`)
  await ann.getByRole('heading', { name: 'État du serveur' }).waitFor()
  const changed = await ann.evaluate(async () => (await fetch('/api/v1/admin/kept-out/bob', { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"minutes":5}' })).status)
  assert.equal(changed, 200)
  await until(() => bob.evaluate(() => document.querySelector('unisson-editor').session.synced === false), 'bob is out')
  // What a page of another site sends along shows nobody.
  const cookies = (await ann.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ')
  const evil = await fetch(`${server.httpUrl}/api/v1/admin/kept-out/ann`, { method: 'DELETE', headers: { cookie: cookies, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' } })
  assert.equal(evil.status, 401)
  const kept = await accounts(server, 'person.kept-out')
  assert.deepEqual(kept.map(({ who, about }) => [who.id, about.id]), [['ann', 'bob']])
})))
