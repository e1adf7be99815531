//! Pages and JSON on a slow line: packed for whoever takes it, the same for everybody else, and never where it helps an
//! attacker.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { SECRET } from '../harness/portal.mjs'
import { withServer } from '../harness/server.mjs'
import { as, done, makeSpace, tokens } from '../harness/spaces.mjs'

const settings = `[auth]\nsecret = ${JSON.stringify(SECRET)}\n`
const TEXT = 'Les repas de la cantine sont préparés le matin. '.repeat(200)

/** A request as it is on the line: nothing is unpacked. */
const raw = (server, path, { method = 'GET', ...headers } = {}) => new Promise((resolve, reject) => {
  const asking = request(`${server.httpUrl}${path}`, { method, headers: { 'accept-language': 'fr', ...headers } }, (answer) => {
    const parts = []
    answer.on('data', (part) => parts.push(part)).on('error', reject)
      .on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }))
  })
  asking.on('error', reject).end()
})

const withPage = (body) => withServer({ settings, tokens }, async (server) => {
  await makeSpace(server, 'canteen', { ann: 'editor' }, { visibility: 'public' })
  const sent = await fetch(`${server.httpUrl}/api/v1/documents/${encodeURIComponent('spaces/canteen/page')}/content?if=empty`, {
    method: 'POST', headers: { authorization: `Bearer ${tokens[0].value}`, 'content-type': 'text/markdown' }, body: TEXT
  })
  assert.equal(sent.status, 200, await sent.clone().text())
  return body(server)
})

const bearer = { authorization: `Bearer ${as('ann')}` }
const gzip = { 'accept-encoding': 'gzip, deflate, br' }

test('a page comes packed to whoever takes it, with a tag of its own, and 304 holds for both', () => withPage(async (server) => {
  for (const [path, more] of [['/s/canteen/page', bearer], ['/api/v1/documents/spaces%2Fcanteen%2Fpage/content', bearer], ['/api/v1/openapi.json', {}]]) {
    const plain = await raw(server, path, more)
    const packed = await raw(server, path, { ...more, ...gzip })
    assert.equal(plain.status, 200, path)
    assert.equal(plain.headers['content-encoding'], undefined)
    assert.equal(packed.headers['content-encoding'], 'gzip', path)
    assert.ok(packed.body.length * 2 < plain.body.length, `${path}: ${packed.body.length} of ${plain.body.length}`)
    assert.deepEqual(gunzipSync(packed.body), plain.body)
    assert.equal(Number(packed.headers['content-length']), packed.body.length)
    for (const answer of [plain, packed]) assert.match(answer.headers.vary, /accept-encoding/i)
    const head = await raw(server, path, { ...more, ...gzip, method: 'HEAD' })
    assert.equal(head.headers['content-encoding'], 'gzip')
    assert.ok([undefined, packed.headers['content-length']].includes(head.headers['content-length']), `${path}: HEAD says ${head.headers['content-length']}`)
    assert.equal(head.body.length, 0)
    const tag = plain.headers.etag
    if (tag === undefined) continue
    assert.equal(packed.headers.etag, `W/${tag}`)
    assert.equal(head.headers.etag, `W/${tag}`)
    for (const known of [tag, `W/${tag}`]) {
      const again = await raw(server, path, { ...more, ...gzip, 'if-none-match': known })
      assert.deepEqual([again.status, again.headers.etag, again.body.length], [304, known, 0], path)
    }
  }
  const without = await raw(server, '/s/canteen/page', { ...bearer, 'accept-encoding': 'gzip;q=0, br' })
  assert.equal(without.headers['content-encoding'], undefined)
}))

test('what was read packed can be written by its tag', () => withPage(async (server) => {
  const path = '/api/v1/documents/spaces%2Fcanteen%2Fpage/content'
  const read = await fetch(`${server.httpUrl}${path}`, { headers: { ...bearer, accept: 'application/json' } })
  const tag = read.headers.get('etag')
  assert.match(tag, /^W\//, 'this client takes what is packed')
  const write = (condition) => fetch(`${server.httpUrl}${path}`, {
    method: 'PUT', headers: { ...bearer, 'content-type': 'text/markdown', 'if-match': condition }, body: 'Anders'
  })
  assert.equal((await write(tag)).status, 200)
  assert.equal((await write(tag)).status, 412, 'and is another one then')
}))

test('small answers, secrets, streams and what another site made a browser ask go as they are', () => withPage(async (server) => {
  const isPacked = async (path, more) => (await raw(server, path, { ...gzip, ...more })).headers['content-encoding'] === 'gzip'
  assert.equal(await isPacked('/healthz'), false, 'small')
  const cookie = { cookie: 'unisson_session=nobody' }
  for (const [who, expected] of [['cross-site', false], ['same-site', false], [undefined, false], ['same-origin', true], ['none', true]]) {
    const said = who === undefined ? {} : { 'sec-fetch-site': who }
    assert.equal(await isPacked('/-/guide', { ...cookie, ...said }), expected, `with a cookie, ${who}`)
    assert.equal(await isPacked('/-/guide', said), true, `without a cookie, ${who}`)
  }
  assert.equal(await isPacked('/api/v1/search?q=cantine', bearer), false, 'what may not be stored, beside what was asked')
  const posted = await fetch(`${server.httpUrl}/api/v1/tokens`, {
    method: 'POST', headers: { ...gzip, authorization: `Bearer ${tokens[0].value}`, 'content-type': 'application/json' }, body: '{}'
  })
  assert.equal(posted.headers.get('content-encoding'), null)
  await posted.body?.cancel()
}))
