//! Files of documents over HTTP: added, read in parts, deleted and gone; uploads that go on after a kill -9.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Upload } from 'tus-js-client'
import { SECRET } from '../harness/portal.mjs'
import { withServer } from '../harness/server.mjs'
import { as, call, done, makeSpace, tokens } from '../harness/spaces.mjs'
import { until } from '../harness/wait.mjs'

const portalSettings = `[auth]\nsecret = ${JSON.stringify(SECRET)}\n`
const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452000000100000002008060000', 'hex'), randomBytes(3_000)])
const place = (document, rest = '') => `/api/v1/documents/${encodeURIComponent(document)}/attachments${rest}`

const add = async (server, document, name, body, { shown, headers = {} } = {}) => {
  const response = await fetch(`${server.httpUrl}${place(document)}?name=${encodeURIComponent(name)}`, {
    method: 'POST',
    headers: { ...(shown === undefined ? {} : { authorization: `Bearer ${shown}` }), ...headers },
    body,
    duplex: 'half'
  })
  return { status: response.status, body: await response.json(), location: response.headers.get('location') }
}

const get = (server, path, { shown, headers = {} } = {}) => fetch(server.httpUrl + path, {
  headers: { ...(shown === undefined ? {} : { authorization: `Bearer ${shown}` }), ...headers }
})

/** The files below a folder whose names end so. */
const files = (folder, end) => readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(end) && statSync(join(folder, name)).isFile())

test('a picture is added, shown in place, and the same bytes are the same file', () => withServer({}, async (server) => {
  const added = await add(server, 'notes/plan', 'Plan été.png', PNG)
  assert.equal(added.status, 201, JSON.stringify(added.body))
  assert.equal(added.body.bytes, PNG.length)
  assert.equal(added.body.type, 'image/png')
  // Relative to the document's content, as it stands in texts.
  const path = new URL(added.body.address, `${server.httpUrl}/api/v1/documents/notes%2Fplan/content`).pathname
  const shown = await get(server, path)
  assert.equal(shown.status, 200)
  assert.equal(shown.headers.get('content-type'), 'image/png')
  assert.match(shown.headers.get('content-disposition'), /^inline; filename="Plan _t_.png"; filename\*=UTF-8''Plan%20%C3%A9t%C3%A9.png$/)
  assert.match(shown.headers.get('content-security-policy'), /sandbox/)
  assert.equal(shown.headers.get('x-content-type-options'), 'nosniff')
  assert.deepEqual(Buffer.from(await shown.arrayBuffer()), PNG)
  const known = await get(server, path, { headers: { 'if-none-match': shown.headers.get('etag') } })
  assert.equal(known.status, 304)
  const part = await get(server, path, { headers: { range: 'bytes=10-19' } })
  assert.equal(part.status, 206)
  assert.equal(part.headers.get('content-range'), `bytes 10-19/${PNG.length}`)
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), PNG.subarray(10, 20))
  const beyond = await get(server, path, { headers: { range: 'bytes=99999-' } })
  assert.equal(beyond.status, 416)
  const again = await add(server, 'notes/plan', 'other name.png', PNG)
  assert.equal(again.body.id, added.body.id)
  assert.equal(files(server.data, '.blob').length, 1)
  // Another document has nothing of it.
  assert.equal((await get(server, path.replace('notes%2Fplan', 'other'))).status, 404)
  // HTML of the document resolves to it.
  assert.equal((await get(server, place('notes/plan'))).status, 200)
}))

test('what lies about itself, runs, or is too large is refused, and nothing is left of it', () => withServer({
  settings: '[limits]\nattachment_bytes_max = 100000\n'
}, async (server) => {
  for (const [name, body, status, code, headers] of [
    ['holiday.jpg', Buffer.from('MZ\x90\0\x03\0\0\0'), 415, 'attachment-type'],
    ['page.html', '<script>alert(1)</script>', 415, 'attachment-type'],
    ['run.exe', 'x', 415, 'attachment-type'],
    ['empty.txt', '', 415, 'attachment-type'],
    ['plan.png', PNG, 415, 'attachment-type', { 'content-type': 'text/plain' }],
    ['a\u0007.txt', 'x', 400, 'attachment-name'],
    ['large.txt', 'x'.repeat(100_001), 413, 'too-large']
  ]) {
    const refused = await add(server, 'page', name, body, { headers })
    assert.deepEqual([refused.status, refused.body.code], [status, code], name)
  }
  assert.equal((await fetch(`${server.httpUrl}${place('page')}`, { method: 'POST', body: 'x' })).status, 400)
  const { attachments } = await (await get(server, place('page'))).json()
  assert.deepEqual(attachments, [])
  assert.deepEqual(files(server.data, '.blob'), [])
  // A page that was saved as text is text for every browser.
  const text = await add(server, 'page', 'page.txt', '<script>alert(1)</script>')
  const shown = await get(server, place('page', `/${text.body.id}/page.html`))
  assert.equal(shown.headers.get('content-type'), 'text/plain')
  assert.match(shown.headers.get('content-disposition'), /^attachment; filename="page.txt"/)
}))

test('who reads the page reads its files, who writes in it adds them, and a ticket is for one page', () => withServer({
  tokens, settings: portalSettings
}, async (server) => {
  await makeSpace(server, 'crisis', { reader: 'reader', editor: 'editor' })
  await done(server, 'POST', '/spaces/crisis/pages', { id: 'other', title: 'Other' })
  const document = 'spaces/crisis/page'
  const added = await add(server, document, 'plan.png', PNG, { shown: as('editor') })
  assert.equal(added.status, 201, JSON.stringify(added.body))
  assert.equal(added.body.by.user, 'editor')
  const path = place(document, `/${added.body.id}/plan.png`)
  assert.equal((await add(server, document, 'b.png', PNG, { shown: as('reader') })).status, 403)
  assert.equal((await get(server, path, { shown: as('reader') })).status, 200)
  assert.equal((await get(server, path, { shown: as('stranger') })).status, 403)
  assert.equal((await get(server, path)).status, 401)
  // A ticket for <img>: of this page alone, and shown by pages of others too.
  const { body: { ticket, ends_ms: ends } } = await call(server, 'POST', `/documents/${encodeURIComponent(document)}/attachments/ticket`, undefined, { shown: as('reader') })
  assert.ok(ends > Date.now() && ends <= Date.now() + 600_000)
  const shown = await get(server, `${path}?ticket=${ticket}`)
  assert.equal(shown.status, 200)
  assert.equal(shown.headers.get('cross-origin-resource-policy'), 'cross-origin')
  const other = await add(server, 'spaces/crisis/other', 'x.txt', 'secret', { shown: as('editor') })
  assert.equal((await get(server, `${place('spaces/crisis/other', `/${other.body.id}/x.txt`)}?ticket=${ticket}`)).status, 401)
  assert.equal((await get(server, `${path}?ticket=${Math.floor(ends / 1000) + 900}.${ticket.split('.')[1]}`)).status, 401)
  assert.equal((await call(server, 'POST', `/documents/${encodeURIComponent(document)}/attachments/ticket`, undefined, { shown: as('stranger') })).status, 403)
  // Deleted: for nobody, and back again.
  const at = `/documents/${encodeURIComponent(document)}/attachments/${added.body.id}`
  assert.equal((await call(server, 'DELETE', at, undefined, { shown: as('reader') })).status, 403)
  assert.equal((await call(server, 'DELETE', at, undefined, { shown: as('editor') })).status, 200)
  assert.equal((await get(server, path, { shown: as('editor') })).status, 410)
  assert.equal((await call(server, 'POST', `${at}/restore`, undefined, { shown: as('editor') })).status, 200)
  assert.equal((await get(server, path, { shown: as('reader') })).status, 200)
}))

test('files go with their document: copied, moved, erased', () => withServer({ tokens }, async (server) => {
  const shown = tokens[0].value
  await done(server, 'POST', '/documents', { name: 'a', content: '![plan](attachments/x/plan.png)' })
  const { body } = await add(server, 'a', 'plan.png', PNG, { shown })
  await done(server, 'POST', '/documents/a/copy', { to: 'b' })
  await done(server, 'POST', '/documents/a/move', { to: 'c' })
  for (const document of ['b', 'c']) {
    const read = await get(server, place(document, `/${body.id}/plan.png`), { shown })
    assert.deepEqual(Buffer.from(await read.arrayBuffer()), PNG, document)
  }
  assert.equal((await get(server, place('a', `/${body.id}/plan.png`), { shown })).status, 410)
  assert.equal(files(server.data, '.blob').length, 3)
  for (const document of ['b', 'c', 'a']) await done(server, 'DELETE', `/documents/${document}?erase=true&reuse=true`)
  assert.deepEqual(files(server.data, '.blob'), [])
  assert.equal((await get(server, place('b', `/${body.id}/plan.png`), { shown })).status, 404)
}))

test('an upload in pieces goes on after kill -9, and what was not complete is seen by nobody', () => withServer({}, async (server) => {
  const body = Buffer.concat([PNG, randomBytes(9 << 20)])
  const hash = createHash('sha256').update(body).digest('hex')
  let killed = null
  await new Promise((resolve, reject) => {
    const upload = new Upload(body, {
      endpoint: `${server.httpUrl}${place('notes/plan', '/uploads')}`,
      metadata: { filename: 'large plan.png', filetype: 'image/png' },
      chunkSize: 2 << 20,
      retryDelays: [100, 500, 1_000, 2_000, 4_000, 4_000],
      onError: reject,
      onProgress: (sent) => {
        if (sent < 5 << 20 || killed !== null) return
        killed = server.restart()
      },
      onSuccess: resolve
    })
    upload.start()
  })
  assert.notEqual(killed, null)
  await killed
  const { attachments } = await (await get(server, place('notes/plan'))).json()
  assert.deepEqual(attachments.map(({ name, bytes }) => [name, bytes]), [['large plan.png', body.length]])
  const read = await get(server, place('notes/plan', `/${attachments[0].id}/x`))
  assert.equal(createHash('sha256').update(Buffer.from(await read.arrayBuffer())).digest('hex'), hash)
}))

test('an upload says how far it is, refuses a wrong place, and is nobody else\'s', () => withServer({ tokens, settings: portalSettings }, async (server) => {
  await makeSpace(server, 'crisis', { one: 'editor', two: 'editor' })
  const uploads = place('spaces/crisis/page', '/uploads')
  const tus = (method, path, shown, headers = {}, body) => fetch(new URL(path, server.httpUrl), {
    method, body, headers: { 'tus-resumable': '1.0.0', authorization: `Bearer ${shown}`, ...headers }
  })
  const begin = (headers) => tus('POST', uploads, as('one'), headers)
  const named = `filename ${Buffer.from('a.txt').toString('base64')}`
  assert.equal((await fetch(server.httpUrl + uploads, { method: 'POST', headers: { authorization: `Bearer ${as('one')}` } })).status, 412)
  assert.equal((await begin({ 'upload-metadata': named })).status, 400)
  assert.equal((await begin({ 'upload-length': '99999999999', 'upload-metadata': named })).status, 413)
  assert.equal((await begin({ 'upload-length': '6', 'upload-metadata': `filename ${Buffer.from('a.exe').toString('base64')}` })).status, 415)
  const begun = await begin({ 'upload-length': '6', 'upload-metadata': named })
  assert.equal(begun.status, 201)
  const at = new URL(begun.headers.get('location'), server.httpUrl + uploads).href
  const piece = { 'content-type': 'application/offset+octet-stream' }
  const first = await tus('PATCH', at, as('one'), { ...piece, 'upload-offset': '0' }, 'abc')
  assert.deepEqual([first.status, first.headers.get('upload-offset')], [204, '3'])
  assert.equal((await tus('HEAD', at, as('two'))).status, 404)
  const stand = await tus('HEAD', at, as('one'))
  assert.deepEqual([stand.status, stand.headers.get('upload-offset'), stand.headers.get('upload-length')], [200, '3', '6'])
  assert.equal((await tus('PATCH', at, as('one'), { ...piece, 'upload-offset': '0' }, 'abc')).status, 409)
  assert.equal((await tus('PATCH', at, as('one'), { ...piece, 'upload-offset': '3' }, 'defg')).status, 413)
  const last = await tus('PATCH', at, as('one'), { ...piece, 'upload-offset': '3' }, 'def')
  assert.equal(last.status, 204)
  const file = await get(server, new URL(last.headers.get('content-location'), at).pathname, { shown: as('two') })
  assert.equal(await file.text(), 'abcdef')
  assert.equal((await tus('DELETE', at, as('one'))).status, 204)
  assert.equal((await tus('HEAD', at, as('one'))).status, 404)
}))

test('what nobody wants any more goes, and what somebody wants stays', () => withServer({
  settings: '[attachments]\ntrash_keep_ms = 1\ngrace_ms = 4000\ntidy_every_ms = 300\n'
}, async (server) => {
  const kept = await add(server, 'page', 'kept.png', PNG)
  const gone = await add(server, 'page', 'gone.txt', 'gone')
  assert.equal(files(server.data, '.blob').length, 2)
  const at = `/documents/page/attachments/${gone.body.id}`
  await call(server, 'DELETE', at, undefined, { shown: null })
  await until(() => files(server.data, '.blob').length === 1, 'the deleted file is gone')
  assert.equal((await call(server, 'POST', `${at}/restore`, undefined, { shown: null })).status, 404)
  const read = await get(server, place('page', `/${kept.body.id}/kept.png`))
  assert.deepEqual(Buffer.from(await read.arrayBuffer()), PNG)
}))
