//! Documents over HTTP beside real editors: nothing is lost on either side.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as Y from 'yjs'
import { open, withClients } from '../harness/clients.mjs'
import { withServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
const TOKENS = [
  { value: 'writer', access: 'read-write', user: 'zoe' },
  { value: 'reader', access: 'read-only' },
  { value: 'team', access: 'read-write', prefix: 'team/' },
  { value: 'admin', access: 'admin' }
]

/** A caller of the API with a token. */
const api = (server, token = 'writer') => async (method, path, { body, headers = {}, type } = {}) => {
  const given = typeof body === 'string' || body instanceof Uint8Array ? body : body === undefined ? undefined : JSON.stringify(body)
  const answer = await fetch(`${server.httpUrl}/api/v1${path}`, {
    method,
    body: given,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(given === undefined ? {} : { 'content-type': type ?? 'application/json' }),
      ...headers
    },
    signal: AbortSignal.timeout(30_000)
  })
  const bytes = new Uint8Array(await answer.arrayBuffer())
  const text = new TextDecoder().decode(bytes)
  const json = /json/.test(answer.headers.get('content-type') ?? '') ? JSON.parse(text) : null
  return { status: answer.status, headers: answer.headers, etag: answer.headers.get('etag'), bytes, text, json, code: json?.code }
}

const document = (name) => `/documents/${encodeURIComponent(name)}`
const content = (name, query = '') => `${document(name)}/content${query}`
const markdown = 'text/markdown'

/** A server with tokens and a caller who may write. */
const withApi = (body, options = {}) => withServer({ tokens: TOKENS, ...options }, (server) => body(server, api(server)))

const expectStatus = (answer, status, code) => {
  assert.equal(answer.status, status, answer.text)
  if (code !== undefined) {
    assert.equal(answer.code, code)
    assert.match(answer.headers.get('content-type'), /^application\/problem\+json/)
  }
  return answer
}

test('a document is created once, however many ask', () => withApi(async (server, call) => {
  const asked = await Promise.all(Array.from({ length: 8 }, (_, at) =>
    call('POST', '/documents', { body: { name: 'team/été', content: `# Caller ${at}` } })))
  assert.deepEqual(asked.map(({ status }) => status).sort(), [201, 409, 409, 409, 409, 409, 409, 409])
  const created = asked.find(({ status }) => status === 201)
  assert.equal(created.headers.get('location'), document('team/été').replace('/documents', '/api/v1/documents'))
  assert.equal(created.json.name, 'team/été')
  assert.deepEqual(created.json.authors, [{ user: 'zoe', name: null }])
  assert.ok(created.json.created_ms > 0 && created.json.last_edit_ms >= created.json.created_ms)
  const read = expectStatus(await call('GET', content('team/été', '?format=markdown')), 200)
  assert.match(read.text, /^# Caller \d\n$/)
  expectStatus(await call('POST', '/documents', { body: { name: 'empty' } }), 201)
  expectStatus(await call('POST', '/documents', { body: { name: 'empty' } }), 409, 'exists')
  expectStatus(await call('GET', content('empty', '?format=markdown')), 200)
  await server.restart()
  expectStatus(await call('POST', '/documents', { body: { name: 'empty' } }), 409, 'exists')
  const listed = await call('GET', '/documents')
  assert.deepEqual(listed.json, { documents: [{ name: 'empty' }, { name: 'team/été' }], next: null })
}))

test('appends land while ten sockets type, and nothing is lost on either side', { timeout: 120_000 }, () => withApi(async (server, call) => {
  expectStatus(await call('POST', '/documents', { body: { name: 'log', content: 'begin' } }), 201)
  const kinds = ['y-websocket 1', 'y-websocket 3', 'hocuspocus 2', 'hocuspocus 3', 'hocuspocus 4']
  const clients = Array.from({ length: 10 }, (_, at) => open(kinds[at % kinds.length], server, 'log', { token: 'writer' }))
  try {
    await Promise.all(clients.map((client) => client.whenSynced()))
    const fragment = (client) => client.doc.getXmlFragment('default')
    const lines = clients.map((client, at) => {
      const paragraph = new Y.XmlElement('paragraph')
      fragment(client).insert(0, [paragraph])
      const text = new Y.XmlText()
      paragraph.insert(0, [text])
      return { client, text, word: `w${at} ` }
    })
    let typing = true
    const typists = lines.map(async ({ text, word }) => {
      let count = 0
      while (typing) {
        text.insert(text.length, word)
        count += 1
        await new Promise((resolve) => setImmediate(resolve))
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      return count
    })
    for (let at = 0; at < 20; at += 1) {
      const operations = [{ op: 'append', content: `appended **${at}**` }]
      expectStatus(await call('PATCH', content('log'), { body: { operations } }), 200)
    }
    typing = false
    const counts = await Promise.all(typists)
    await Promise.all(clients.map((client) => client.whenSaved(30_000)))
    const read = (await call('GET', content('log', '?format=text'))).text
    for (let at = 0; at < 20; at += 1) assert.equal(read.split(`appended ${at}\n`).length + read.endsWith(`appended ${at}`), 2, `append ${at}`)
    counts.forEach((count, at) => assert.equal(read.split(`w${at} `).length - 1 + read.split(`w${at}\n`).length - 1, count, `typist ${at}`))
    // And every editor sees the same.
    const same = (client) => fragment(client).toString()
    await until(() => clients.every((client) => same(client) === same(clients[0])), 'all see the same')
    assert.match(same(clients[0]), /appended <bold>19<\/bold>/)
    const blame = await call('GET', `${document('log')}/activity`)
    assert.ok(blame.json.sittings[0].authors.some(({ by }) => by.user === 'zoe'))
  } finally {
    clients.forEach((client) => client.destroy())
  }
}))

test('replacing a page changes what is different, beside somebody who types in the same paragraph', () => withApi((server, call) =>
  withClients(server, 'page', ['hocuspocus 4', 'y-websocket 3'], async ([ann, bob]) => {
    expectStatus(await call('POST', content('page', '?if=empty'), { body: '# Title\n\none two three\n\nend', type: markdown }), 200)
    const paragraph = (client) => client.doc.getXmlFragment('default').get(1)?.get(0)
    await until(() => paragraph(ann)?.toString() === 'one two three', 'the page is there')
    const kept = paragraph(ann)
    // What is typed without the server's knowledge is typed at the same time.
    ann.disconnect()
    // The provider does not connect again before its socket has closed.
    await until(() => ann.closes.length > 0, 'the socket is closed')
    kept.insert(kept.length, ' four')
    const { json, etag } = expectStatus(await call('PUT', content('page'), { body: '# Title\n\none 2 three\n\nend\n\nmore', type: markdown }), 200)
    ann.connect()
    assert.equal(json.changed, true)
    assert.equal(etag, `"${json.etag}"`)
    await until(() => paragraph(bob)?.toString() === 'one 2 three four', () => `both are there: ${paragraph(bob)}`)
    assert.equal(paragraph(ann), kept, 'the paragraph is the same one')
    await ann.whenSaved()
    const page = await call('GET', content('page', '?format=markdown'))
    assert.equal(page.text, '# Title\n\none 2 three four\n\nend\n\nmore\n')
    const again = expectStatus(await call('PUT', content('page'), { body: page.text, type: markdown }), 200)
    assert.equal(again.json.changed, false)
  }, { token: 'writer' })))

test('tags: 304 where nothing has changed, 412 where something has', () => withApi(async (server, call) => {
  expectStatus(await call('POST', '/documents', { body: { name: 'a', content: 'one' } }), 201)
  const read = await call('GET', content('a', '?format=html'))
  assert.equal(read.text, '<p>one</p>')
  expectStatus(await call('GET', content('a', '?format=html'), { headers: { 'if-none-match': read.etag } }), 304)
  expectStatus(await call('GET', content('a', '?format=text'), { headers: { 'if-none-match': read.etag } }), 200)
  const head = expectStatus(await call('HEAD', content('a', '?format=html')), 200)
  assert.equal(head.etag, read.etag)
  const first = await call('PUT', content('a'), { body: 'two', type: markdown, headers: { 'if-match': read.etag } })
  expectStatus(first, 200)
  expectStatus(await call('PUT', content('a'), { body: 'three', type: markdown, headers: { 'if-match': read.etag } }), 412, 'precondition')
  expectStatus(await call('PATCH', content('a'), { body: { operations: [{ op: 'append', content: 'x' }] }, headers: { 'if-match': read.etag } }), 412, 'precondition')
  const racing = await Promise.all(['b', 'c', 'd'].map((word) =>
    call('PUT', content('a'), { body: word, type: markdown, headers: { 'if-match': first.etag } })))
  assert.deepEqual(racing.map(({ status }) => status).sort(), [200, 412, 412])
  const before = (await call('GET', content('a'))).etag
  await server.restart()
  assert.equal((await call('GET', content('a'))).etag, before, 'a tag outlives the process')
}))

test('an empty document is filled once: by one of many callers, or by the editor that has it open', { timeout: 120_000 }, () => withApi(async (server, call) => {
  const template = '# Minutes\n\nPresent:'
  const asked = await Promise.all(Array.from({ length: 10 }, () => call('POST', content('race', '?if=empty'), { body: template, type: markdown })))
  asked.forEach((answer) => expectStatus(answer, 200))
  assert.equal(asked.filter(({ json }) => json.changed).length, 1)
  assert.equal((await call('GET', content('race', '?format=markdown'))).text, `${template}\n`)
  for (let round = 0; round < 20; round += 1) {
    const name = `race-${round}`
    const editor = open(round % 2 ? 'hocuspocus 4' : 'y-websocket 3', server, name, { token: 'writer' })
    try {
      await editor.whenSynced()
      const filling = call('POST', content(name, '?if=empty'), { body: template, type: markdown })
      if (round % 4 < 2) await new Promise((resolve) => setTimeout(resolve, round))
      const fragment = editor.doc.getXmlFragment('default')
      // As editors do: what is empty gets its first content.
      if (fragment.length === 0) {
        editor.doc.transact(() => {
          const heading = new Y.XmlElement('heading')
          heading.setAttribute('level', 1)
          heading.insert(0, [new Y.XmlText('Minutes')])
          fragment.insert(0, [heading])
        })
      }
      expectStatus(await filling, 200)
      await editor.whenSaved()
      await until(async () => {
        const { text } = await call('GET', content(name, '?format=markdown'))
        return text.split('# Minutes').length === 2 && fragment.toString().split('Minutes').length === 2
      }, () => `there is one title: ${fragment}`)
    } finally {
      editor.destroy()
    }
  }
}))

test('deleted documents send editors away, come back whole, and are erased for good', { timeout: 120_000 }, () => withApi((server, call) =>
  withClients(server, 'notes', ['y-websocket 3', 'hocuspocus 4'], async ([ann, bob]) => {
    ann.text.insert(0, 'do not lose me')
    await ann.whenSaved()
    await until(() => bob.text.toString() === 'do not lose me', 'bob sees it')
    expectStatus(await call('POST', `${document('notes')}/versions`, { body: { label: 'kept' } }), 201)
    expectStatus(await call('DELETE', document('notes')), 204)
    await ann.whenClosed(4404)
    await until(() => bob.refusals.includes('document was deleted'), () => `bob is told: ${bob.refusals}`)
    expectStatus(await call('GET', content('notes')), 410, 'in-trash')
    expectStatus(await call('PUT', content('notes'), { body: 'x', type: markdown }), 410, 'in-trash')
    expectStatus(await call('POST', content('notes', '?if=empty'), { body: 'x', type: markdown }), 410, 'in-trash')
    expectStatus(await call('POST', '/documents', { body: { name: 'notes' } }), 409, 'exists')
    expectStatus(await call('DELETE', document('notes')), 410, 'in-trash')
    const late = open('hocuspocus 3', server, 'notes', { token: 'writer' })
    await until(() => late.refusals.length > 0, 'whoever comes is refused')
    late.destroy()
    assert.deepEqual((await call('GET', '/documents')).json.documents, [])
    assert.deepEqual((await call('GET', '/documents?trashed=true')).json.documents, [{ name: 'notes' }])
    const about = await call('GET', document('notes'))
    assert.equal(about.json.trashed.by.user, 'zoe')
    await server.restart()
    expectStatus(await call('GET', content('notes')), 410, 'in-trash')
    const back = expectStatus(await call('POST', `${document('notes')}/undelete`), 200)
    assert.equal(back.json.trashed, null)
    expectStatus(await call('POST', `${document('notes')}/undelete`), 409, 'not-in-trash')
    assert.equal((await call('GET', content('notes', '?format=text'))).text, 'do not lose me')
    assert.ok((await call('GET', `${document('notes')}/versions`)).json.versions.some(({ label }) => label === 'kept'))
    const cy = open('y-websocket 2', server, 'notes', { token: 'writer' })
    try {
      await cy.whenSynced()
      assert.equal(cy.text.toString(), 'do not lose me')
      expectStatus(await call('DELETE', document('notes'), {}), 204)
      await cy.whenClosed(4404)
    } finally {
      cy.destroy()
    }
    expectStatus(await call('DELETE', `${document('notes')}?erase=true`), 403, 'forbidden')
    const admin = api(server, 'admin')
    const erased = expectStatus(await admin('DELETE', `${document('notes')}?erase=true`), 200)
    assert.ok(erased.json.segments_rewritten + erased.json.snapshots_deleted >= 0)
    expectStatus(await call('GET', document('notes')), 410, 'erased')
    expectStatus(await call('POST', `${document('notes')}/undelete`), 410, 'erased')
    expectStatus(await admin('DELETE', `${document('never')}?erase=true`), 404, 'no-such-document')
  }, { token: 'writer' })))

test('a copy is one more document, and a moved one takes its history along', { timeout: 60_000 }, () => withApi(async (server, call) => {
  const reader = api(server, 'team')
  expectStatus(await call('POST', '/documents', { body: { name: 'a', content: 'one' } }), 201)
  expectStatus(await reader('POST', '/documents', { body: { name: 'team/x', content: 'x' } }), 201)
  expectStatus(await call('POST', `${document('a')}/versions`, { body: { label: 'first' } }), 201)
  const copied = expectStatus(await call('POST', `${document('a')}/copy`, { body: { to: 'b' } }), 201)
  assert.equal(copied.json.name, 'b')
  expectStatus(await call('POST', `${document('a')}/copy`, { body: { to: 'b' } }), 409, 'exists')
  expectStatus(await call('POST', `${document('a')}/copy`, { body: { to: 'a' } }), 422, 'same-name')
  expectStatus(await reader('POST', `${document('team/x')}/copy`, { body: { to: 'elsewhere' } }), 403, 'forbidden')
  await call('PUT', content('b'), { body: 'other', type: markdown })
  assert.equal((await call('GET', content('a', '?format=text'))).text, 'one')
  const versions = (await call('GET', `${document('a')}/versions`)).json.versions
  const moved = expectStatus(await call('POST', `${document('a')}/move`, { body: { to: 'archive/a' } }), 201)
  assert.deepEqual(moved.json.authors, [{ user: 'zoe', name: null }])
  assert.equal((await call('GET', content('archive/a', '?format=text'))).text, 'one')
  const carried = (await call('GET', `${document('archive/a')}/versions`)).json.versions
  assert.deepEqual(carried.map(({ label, created_ms }) => [label, created_ms]), versions.map(({ label, created_ms }) => [label, created_ms]))
  expectStatus(await call('GET', content('a')), 410, 'in-trash')
  assert.equal((await call('GET', document('a'))).json.trashed.moved, true)
  expectStatus(await call('PATCH', content('archive/a'), { body: { operations: [{ op: 'append', content: 'two' }] } }), 200)
  await server.restart()
  assert.equal((await call('GET', content('archive/a', '?format=text'))).text, 'one\n\ntwo')
}))

test('all forms come out and go in', () => withApi(async (server, call) => {
  const page = '# Title\n\n**bold** *italic* ~~gone~~ `code` [link](https://example.org)\n\n- one\n\n  1. two\n\n<!-- -->\n\n- [x] done\n\n> said\n\n```js\nlet x\n```\n\n---\n\n| a | b |\n| --- | --- |\n| c | d |\n\n![alt](https://example.org/x.png)\n'
  expectStatus(await call('POST', '/documents', { body: { name: 'from', content: page } }), 201)
  const read = async (name, format) => expectStatus(await call('GET', content(name, `?format=${format}`)), 200)
  const truth = (await read('from', 'prosemirror')).json
  assert.equal(truth.type, 'doc')
  assert.deepEqual(truth.content.map(({ type }) => type),
    ['heading', 'paragraph', 'bulletList', 'taskList', 'blockquote', 'codeBlock', 'horizontalRule', 'table', 'image'])
  assert.equal((await read('from', 'markdown')).text, page)
  assert.deepEqual((await read('from', 'json')).json, { default: truth })
  for (const format of ['markdown', 'html', 'prosemirror', 'update-v1', 'update-v2']) {
    const { bytes, headers } = await read('from', format)
    const name = `to-${format}`
    expectStatus(await call('POST', '/documents', { body: { name } }), 201)
    expectStatus(await call('PUT', content(name), { body: bytes, type: headers.get('content-type') }), 200)
    assert.deepEqual((await read(name, 'prosemirror')).json, truth, format)
  }
  const doc = new Y.Doc()
  Y.applyUpdateV2(doc, (await read('from', 'update-v2')).bytes)
  assert.match(doc.getXmlFragment('default').toString(), /^<heading level="1">Title<\/heading>/)
  assert.match((await read('from', 'text')).text, /^Title\n\nbold italic gone code link\n\none\ntwo\n\ndone/)
  const accepted = await call('GET', content('from'), { headers: { accept: 'text/html' } })
  assert.match(accepted.headers.get('content-type'), /^text\/html/)
  assert.match(accepted.headers.get('content-security-policy'), /default-src 'none'/)
}))

test('plain texts and maps are edited as what they are', () => withApi((server, call) =>
  withClients(server, 'code', ['hocuspocus 4'], async ([ann]) => {
    ann.doc.getText('codemirror').insert(0, 'let x = 1\n')
    ann.doc.getMap('meta').set('title', 'old')
    await ann.whenSaved()
    const operations = [
      { op: 'append', content: 'let y = 2' },
      { op: 'replace-text', find: 'x = 1', replace_with: 'x = 3' },
      { op: 'set', field: 'meta', key: 'title', value: { fr: 'Été' } },
      { op: 'set', field: 'meta', key: 'done', value: true },
      { op: 'delete', field: 'meta', key: 'none' }
    ]
    expectStatus(await call('PATCH', content('code'), { body: { operations } }), 200)
    await until(() => ann.doc.getText('codemirror').toString() === 'let x = 3\nlet y = 2', () => ann.doc.getText('codemirror').toString())
    const { json } = await call('GET', content('code'))
    assert.deepEqual(json, { codemirror: 'let x = 3\nlet y = 2', meta: { title: { fr: 'Été' }, done: true } })
    expectStatus(await call('PUT', content('code'), { body: 'let x = 4\nlet y = 2', type: 'text/plain' }), 200)
    assert.equal((await call('GET', content('code', '?format=text'))).text, 'let x = 4\nlet y = 2')
  }, { token: 'writer' })))

test('a section is replaced and the rest stays', () => withApi(async (server, call) => {
  expectStatus(await call('POST', '/documents', { body: { name: 'report', content: '# R\n\n## Status\n\nold\n\n- a\n\n## Next\n\nplan' } }), 201)
  const patch = (...operations) => call('PATCH', content('report'), { body: { operations } })
  expectStatus(await patch({ op: 'replace-section', heading: 'status', content: 'new **state**' }, { op: 'prepend', content: '<p>top</p>', format: 'html' }), 200)
  assert.equal((await call('GET', content('report', '?format=markdown'))).text, 'top\n\n# R\n\n## Status\n\nnew **state**\n\n## Next\n\nplan\n')
  expectStatus(await patch({ op: 'append', content: 'never' }, { op: 'replace-section', heading: 'none', content: '' }), 422, 'no-such-heading')
  expectStatus(await patch({ op: 'replace-text', find: 'nowhere', replace_with: '' }), 422, 'no-such-text')
  assert.doesNotMatch((await call('GET', content('report', '?format=text'))).text, /never/)
}))

test('who has a document open is listed', () => withApi((server, call) =>
  withClients(server, 'room', ['hocuspocus 4', 'y-websocket 3'], async ([ann]) => {
    ann.awareness.setLocalStateField('user', { name: 'Ann', color: '#123456' })
    ann.text.insert(0, 'x')
    await ann.whenSaved()
    const { json } = expectStatus(await call('GET', `${document('room')}/presence`), 200)
    assert.equal(json.present.length, 2)
    assert.ok(json.present.every(({ user, writes, known }) => user === 'zoe' && writes && known))
    expectStatus(await call('GET', `${document('nobody')}/presence`), 404, 'no-such-document')
  }, { token: 'writer' })))

test('what is not allowed or makes no sense is refused with its code, and harms nothing', () => withApi(async (server, call) => {
  expectStatus(await call('POST', '/documents', { body: { name: 'page', content: 'safe' } }), 201)
  const reader = api(server, 'reader')
  const nobody = api(server, null)
  const team = api(server, 'team')
  expectStatus(await reader('GET', content('page')), 200)
  for (const [method, path, options] of [
    ['PUT', content('page'), { body: 'x', type: markdown }],
    ['PATCH', content('page'), { body: { operations: [] } }],
    ['POST', content('page', '?if=empty'), { body: 'x', type: markdown }],
    ['DELETE', document('page')],
    ['POST', `${document('page')}/move`, { body: { to: 'x' } }],
    ['POST', '/documents', { body: { name: 'x' } }]
  ]) {
    expectStatus(await reader(method, path, options), 403, 'read-only')
    expectStatus(await nobody(method, path, options), 401, 'unauthorized')
    expectStatus(await team(method, path, options), 403, 'forbidden')
  }
  expectStatus(await nobody('GET', '/documents'), 401, 'unauthorized')
  assert.deepEqual((await team('GET', '/documents')).json.documents, [])
  expectStatus(await call('GET', content('.unisson/trash/x')), 403, 'forbidden')
  expectStatus(await call('GET', content('none')), 404, 'no-such-document')
  expectStatus(await call('PUT', content('none'), { body: 'x', type: markdown }), 404, 'no-such-document')
  expectStatus(await call('GET', content('page', '?format=pptx')), 400, 'format')
  expectStatus(await call('PUT', content('page'), { body: 'x', type: 'application/pdf' }), 415, 'media-type')
  expectStatus(await call('PUT', content('page'), { body: '{', type: 'application/json' }), 422, 'content')
  expectStatus(await call('PUT', content('page'), { body: new Uint8Array([0xff, 0xfe]), type: markdown }), 422, 'content')
  expectStatus(await call('PUT', content('page'), { body: new Uint8Array([1, 2, 3]), type: 'application/vnd.yjs.update.v1' }), 422, 'content')
  expectStatus(await call('PUT', content('page'), { body: 'x'.repeat(5 << 20), type: markdown }), 413, 'too-large')
  expectStatus(await call('PUT', content('page'), { body: 'x'.repeat(9 << 20), type: markdown }), 413, 'too-large')
  expectStatus(await call('PUT', content('page'), { body: '<div>'.repeat(100_000), type: 'text/html' }), 422, 'too-deep')
  expectStatus(await call('PATCH', content('page'), { body: { operations: [{ op: 'explode' }] } }), 422, 'operations')
  expectStatus(await call('PATCH', content('page'), { body: '{', type: 'application/json' }), 400, 'body')
  expectStatus(await call('POST', content('page'), { body: 'x', type: markdown }), 400, 'query')
  expectStatus(await call('POST', '/documents', { body: { name: ' ' } }), 400, 'document-name')
  expectStatus(await call('POST', '/documents', { body: { title: 'x' } }), 422, 'body')
  expectStatus(await call('GET', '/nothing'), 404, 'not-found')
  const wrong = expectStatus(await call('POST', `${document('page')}/diff`, { body: {} }), 405, 'method')
  assert.match(wrong.headers.get('allow'), /GET/)
  assert.equal((await call('GET', content('page', '?format=text'))).text, 'safe')
  await call('PUT', content('page'), { body: '<p onclick="a()">x</p><script>alert(1)</script><a href="javascript:a()">y</a>', type: 'text/html' })
  assert.equal((await call('GET', content('page', '?format=html'))).text, '<p>x</p><p>y</p>')
}))

test('documents are listed page by page, and only those that may be read', () => withApi(async (server, call) => {
  for (const name of ['a', 'team/1', 'team/2', 'team/3', 'z']) expectStatus(await call('POST', '/documents', { body: { name } }), 201)
  const names = ({ json }) => json.documents.map(({ name }) => name)
  const first = await call('GET', '/documents?limit=2')
  assert.deepEqual(names(first), ['a', 'team/1'])
  const second = await call('GET', `/documents?limit=2&cursor=${encodeURIComponent(first.json.next)}`)
  assert.deepEqual(names(second), ['team/2', 'team/3'])
  const third = await call('GET', `/documents?limit=2&cursor=${encodeURIComponent(second.json.next)}`)
  assert.deepEqual([names(third), third.json.next], [['z'], null])
  assert.deepEqual(names(await call('GET', '/documents?prefix=team/')), ['team/1', 'team/2', 'team/3'])
  assert.deepEqual(names(await api(server, 'team')('GET', '/documents')), ['team/1', 'team/2', 'team/3'])
}))

test('the description is served, for programs and for people', () => withApi(async (server) => {
  const nobody = api(server, null)
  const { json } = expectStatus(await nobody('GET', '/openapi.json'), 200)
  assert.equal(json.openapi, '3.1.0')
  assert.ok(json.paths['/api/v1/documents/{document}/content'].patch)
  const page = expectStatus(await nobody('GET', '', { headers: { 'accept-language': 'fr' } }), 200)
  assert.match(page.text, /lang="fr"/)
  assert.match(page.headers.get('content-security-policy'), /default-src 'none'/)
}))

/** The snippets of the guide in this language. */
const snippets = (language) => {
  const guide = readFileSync(join(ROOT, 'docs', 'guide', 'http-api.md'), 'utf8')
  return [...guide.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, code]) => code)
}

for (const [language, command, ending] of [['python', 'python3', 'py'], ['js', process.execPath, 'mjs']]) {
  test(`the guide's snippets run (${language})`, { timeout: 60_000 }, () => withApi((server) => {
    const code = snippets(language)
    assert.ok(code.length > 0, 'the guide has snippets')
    const folder = mkdtempSync(join(tmpdir(), 'unisson-guide-'))
    try {
      const file = join(folder, `guide.${ending}`)
      writeFileSync(file, code.join('\n').replaceAll('http://127.0.0.1:4444', server.httpUrl).replaceAll('my-token', 'writer'))
      const said = execFileSync(command, [file], { encoding: 'utf8', timeout: 50_000 })
      assert.match(said, /Ready for the meeting/)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }))
}
