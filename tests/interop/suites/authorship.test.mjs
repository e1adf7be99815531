//! Who wrote what, and bringing it back, with the editors that people have: Ann types through
//! y-websocket, Bob through Hocuspocus, on a page as TipTap stores it.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { converged, open } from '../harness/clients.mjs'
import { withServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

const tokens = [
  { value: 'ann-token', access: 'read-write', user: 'ann' },
  { value: 'bob-token', access: 'read-write', user: 'bob' },
  { value: 'look', access: 'read-only', user: 'guest' }
]
const NAME = 'équipe/page 1'

const call = async (server, path, { token = 'ann-token', body, headers = {} } = {}) => {
  const answer = await fetch(`${server.httpUrl}/api/v1/documents/${encodeURIComponent(NAME)}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(30_000)
  })
  const text = await answer.text()
  const isJson = (answer.headers.get('content-type') ?? '').includes('json')
  return { status: answer.status, type: answer.headers.get('content-type'), headers: answer.headers, text, json: isJson ? JSON.parse(text) : null }
}

const good = async (...args) => {
  const answer = await call(...args)
  assert.ok(answer.status < 300, `${answer.status}: ${answer.text}`)
  return answer.json
}

const page = ({ doc }) => doc.getXmlFragment('default')

/** A paragraph as TipTap's binding writes it. */
const writes = (client, index, words, attributes = {}) => {
  const paragraph = new Y.XmlElement(attributes.level ? 'heading' : 'paragraph')
  Object.entries(attributes).forEach(([key, value]) => paragraph.setAttribute(key, value))
  paragraph.insert(0, [new Y.XmlText(words)])
  page(client).insert(index, [paragraph])
}

const runs = (node) => [
  ...(node.delta ?? []).map(({ insert, by, change }) => [insert, by?.user ?? null, change ?? null]),
  ...(node.children ?? []).flatMap(runs)
]

/** Ann and Bob with a page open. */
const withTwo = (body, options = {}) => withServer({ tokens, ...options }, async (server) => {
  const ann = open('y-websocket 3', server, encodeURIComponent(NAME), { token: 'ann-token' })
  const bob = open('hocuspocus 4', server, NAME, { token: 'bob-token' })
  try {
    await Promise.all([ann.whenSynced(), bob.whenSynced()])
    await body(server, ann, bob)
  } finally {
    ann.destroy()
    bob.destroy()
  }
})

const bothSaved = async (ann, bob) => {
  await converged([ann, bob])
  await Promise.all([ann.whenSaved(), bob.whenSaved()])
}

test('blame names who typed what, and a kill does not make it forget', () => withTwo(async (server, ann, bob) => {
  writes(ann, 0, 'Ordre du jour', { level: 1 })
  await bothSaved(ann, bob)
  writes(bob, 1, 'Rien à dire')
  page(bob).get(0).get(0).insert(13, ' de Bob')
  await bothSaved(ann, bob)
  const expected = [
    ['Ordre du jour', 'ann', null],
    [' de Bob', 'bob', null],
    ['Rien à dire', 'bob', null]
  ]
  const told = await good(server, '/blame')
  assert.deepEqual(runs(told.roots.default), expected)
  await server.kill()
  await server.spawn()
  const again = await good(server, '/blame', { token: 'look' })
  assert.deepEqual(runs(again.roots.default), expected)
  assert.deepEqual(again, told)
  const { sittings } = await good(server, '/activity')
  assert.equal(sittings.length, 1)
  assert.deepEqual(sittings[0].authors.map(({ by }) => by.user), ['ann', 'bob'])
  const html = await call(server, '/blame?format=html')
  assert.match(html.type, /^text\/html/)
  assert.match(html.text, /<h1[^>]*>.*data-author="bob"[^>]*> de Bob<\/span>/)
}))

test('a restored version appears live in both editors, and restoring undoes it', () => withTwo(async (server, ann, bob) => {
  writes(ann, 0, 'un')
  writes(ann, 1, 'deux')
  await bothSaved(ann, bob)
  const kept = page(ann).get(1)
  const { id } = await good(server, '/versions', { body: { label: 'Avant' } })
  const was = page(ann).toString()
  page(bob).delete(0, 1)
  page(bob).get(0).get(0).insert(4, ' et demi')
  await bothSaved(ann, bob)
  const is = page(ann).toString()

  const diff = await good(server, `/diff?from=${id}`)
  assert.deepEqual(runs(diff.roots.default), [
    ['un', 'bob', 'deleted'],
    ['deux', null, null],
    [' et demi', 'bob', 'inserted']
  ])

  const restored = await good(server, '/restore', { body: { version: id } })
  assert.equal(restored.changed, true)
  await until(() => page(ann).toString() === was && page(bob).toString() === was, 'both editors show the version')
  assert.equal(page(ann).get(1), kept, 'the block that both have is the same block')
  await converged([ann, bob])

  await good(server, '/restore', { body: { version: restored.before } })
  await until(() => page(ann).toString() === is && page(bob).toString() === is, 'both editors show what was before')
  await converged([ann, bob])
  assert.deepEqual(await good(server, '/restore', { body: { version: restored.before } }), { changed: false, before: null })

  const { versions } = await good(server, '/versions')
  assert.deepEqual(versions.map(({ label }) => label), [null, null, 'Avant'])
  const text = await call(server, `/versions/${id}`, { headers: { accept: 'text/markdown' } })
  assert.equal(text.text, 'un\n\ndeux\n')
  const { next, versions: first } = await good(server, '/versions?limit=1')
  assert.equal(next, first[0].id)
  assert.equal((await good(server, `/versions?limit=5&before=${next}`)).versions.length, 2)
}))

test("one person's changes are undone and the other's stay", () => withTwo(async (server, ann, bob) => {
  writes(ann, 0, 'Ann était là')
  await bothSaved(ann, bob)
  const { id } = await good(server, '/versions', { body: { label: 'Avant Bob' } })
  assert.ok(id)
  page(bob).get(0).get(0).delete(0, 4)
  writes(bob, 1, 'du vandalisme')
  await bothSaved(ann, bob)
  page(ann).get(0).get(0).insert(8, ' !')
  await bothSaved(ann, bob)
  const asked = { user: 'bob', from_ms: 0, until_ms: Date.now() + 60_000 }
  const done = await good(server, '/revert', { body: asked })
  assert.equal(done.lost, 0)
  assert.equal(done.put_back, 4)
  const expected = '<paragraph>Ann était là !</paragraph>'
  await until(() => page(ann).toString() === expected && page(bob).toString() === expected,
    () => `both show Ann's words: ${page(ann).toString()}`)
  const again = await good(server, '/revert', { body: asked })
  assert.equal(again.changed, false)
}))

test('a reader may look and not change; nobody else may even look', () => withTwo(async (server, ann, bob) => {
  writes(ann, 0, 'x')
  await bothSaved(ann, bob)
  const refused = async (path, options, status, code) => {
    const answer = await call(server, path, options)
    assert.equal(answer.status, status, answer.text)
    assert.equal(answer.type, 'application/problem+json')
    assert.equal(answer.json.code, code)
  }
  assert.deepEqual((await good(server, '/versions', { token: 'look' })).versions, [])
  await refused('/versions', { token: 'look', body: { label: 'x' } }, 403, 'read-only')
  await refused('/restore', { token: 'look', body: { version: 'now' } }, 403, 'read-only')
  await refused('/revert', { token: 'look', body: {} }, 403, 'read-only')
  await refused('/blame', { token: 'wrong' }, 401, 'unauthorized')
  await refused('/versions/nonsense', {}, 400, 'version-id')
  await refused('/versions/01arz3ndektsv4rrffq69g5fav-n1', {}, 404, 'no-such-version')
  await refused('/restore', { body: { version: '01arz3ndektsv4rrffq69g5fav-n1' } }, 404, 'no-such-version')
  await refused('/versions', { body: { label: ' ' } }, 400, 'label')
  await refused('/versions', { body: { name: 'x' } }, 422, 'body')
  await refused('/versions', { body: { label: 'x'.repeat(20_000) } }, 413, 'body')
  await refused('/blame?format=pdf', {}, 400, 'format')
}))

test('a pause leaves a version behind, and nothing new leaves none', () => withTwo(async (server, ann, bob) => {
  writes(ann, 0, 'premier jet')
  await bothSaved(ann, bob)
  const list = async () => (await good(server, '/versions')).versions
  await until(async () => (await list()).length === 1, 'a version is kept', 20_000, 50)
  const [version] = await list()
  assert.deepEqual(version.authors, [{ user: 'ann', name: null }])
  assert.equal(version.label, null)
  writes(bob, 1, 'la suite')
  await bothSaved(ann, bob)
  await until(async () => (await list()).length === 2, 'another one is kept', 20_000, 50)
  assert.deepEqual((await list())[0].authors, [{ user: 'bob', name: null }])
  const { json } = await call(server, `/versions/${version.id}`)
  assert.deepEqual(runs(json.roots.default), [['premier jet', null, null]])
}, { environment: { UNISSON_VERSION_PAUSE_MS: '400' } }))
