//! Comments: beside a document that people write meanwhile, with the rights of its place.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { open } from '../harness/clients.mjs'
import { SECRET } from '../harness/portal.mjs'
import { EVENTS, webhookSettings, withReceiver } from '../harness/receiver.mjs'
import { withServer } from '../harness/server.mjs'
import { as, call, done, makeSpace, tokens } from '../harness/spaces.mjs'
import { until } from '../harness/wait.mjs'

const options = { timeout: 60_000 }
const settings = `[auth]\nsecret = ${JSON.stringify(SECRET)}\n`
const DOCUMENT = 'spaces/team/page'
const COMMENTS = `/documents/${encodeURIComponent(DOCUMENT)}/comments`
const MEMBERS = { ann: 'editor', carl: 'commenter', rita: 'reader', fay: 'facilitator' }

/** A space with people of several roles, and a page with text that Ann has open. */
const withPage = (body, more = {}) => withServer({ settings: settings + (more.settings ?? ''), tokens }, async (server) => {
  await makeSpace(server, 'team', MEMBERS)
  const shown = Object.fromEntries(await Promise.all(Object.keys(MEMBERS).map(async (who) => [who, await as(who)])))
  const ann = open('hocuspocus 4', server, DOCUMENT, { token: shown.ann })
  try {
    await ann.whenSynced()
    const root = ann.doc.getXmlFragment('default')
    ann.doc.transact(() => root.insert(0, ['un deux trois', 'quatre cinq'].map(paragraph)))
    await ann.whenSaved()
    return await body({ server, shown, ann, root })
  } finally {
    ann.destroy()
  }
})

const paragraph = (letters) => {
  const element = new Y.XmlElement('paragraph')
  element.insert(0, [new Y.XmlText(letters)])
  return element
}

/** The place of some letters in a paragraph, as an editor would give it. */
const placeOf = (root, number, quote) => {
  const text = root.get(number).get(0)
  const at = text.toString().indexOf(quote)
  const json = (index, assoc) => Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, index, assoc))
  return { anchor: { start: json(at, 0), end: json(at + quote.length, -1) }, quote, before: text.toString().slice(0, at), after: text.toString().slice(at + quote.length) }
}

const locate = async (server, token) => (await done(server, 'GET', `${COMMENTS}?locate=true`, undefined, { shown: token })).threads

test('a thread is begun by somebody who may not write, answered, settled and opened again', options, () => withPage(async ({ server, shown, root }) => {
  const begun = await call(server, 'POST', COMMENTS, { text: ' Vraiment ? ', ...placeOf(root, 0, 'deux') }, { shown: shown.carl })
  assert.equal(begun.status, 201, JSON.stringify(begun.body))
  assert.equal(begun.headers.get('location'), `/api/v1/documents/spaces%2Fteam%2Fpage/comments/${begun.body.id}`)
  assert.equal(begun.body.comments[0].text, 'Vraiment ?')
  assert.deepEqual(begun.body.by, { user: 'carl', name: 'carl' })
  const thread = `${COMMENTS}/${begun.body.id}`
  const answered = await done(server, 'POST', thread, { text: 'Oui.' }, { shown: shown.ann })
  assert.deepEqual(answered.comments.map(({ by, text }) => [by.user, text]), [['carl', 'Vraiment ?'], ['ann', 'Oui.']])
  assert.equal((await done(server, 'PATCH', thread, { resolved: true }, { shown: shown.carl })).resolved.by.user, 'carl')
  const list = await done(server, 'GET', `${COMMENTS}?state=open`, undefined, { shown: shown.rita })
  assert.deepEqual([list.threads.length, list.open, list.resolved, list.may_comment], [0, 0, 1, false])
  // An answer opens it again.
  assert.equal((await done(server, 'POST', thread, { text: 'Et encore ?' }, { shown: shown.carl })).resolved, null)
  // All that survives the end of the process.
  await server.restart()
  const again = await done(server, 'GET', thread, undefined, { shown: shown.rita })
  assert.deepEqual(again.comments.map(({ text }) => text), ['Vraiment ?', 'Oui.', 'Et encore ?'])
}))

test('a place stays with its letters while people write, is found again where they went, and else is an orphan', options, () => withPage(async ({ server, shown, ann, root }) => {
  const { id } = await done(server, 'POST', COMMENTS, { text: 'ici', ...placeOf(root, 0, 'deux') }, { shown: shown.carl })
  const place = async () => (await locate(server, shown.carl)).find((thread) => thread.id === id)
  assert.equal((await place()).place, 'anchored')
  // Stock clients type around it meanwhile.
  const bob = open('y-websocket 3', server, DOCUMENT, { token: shown.fay })
  await bob.whenSynced()
  ann.doc.transact(() => root.insert(0, [paragraph('avant tout')]))
  bob.doc.getXmlFragment('default').get(0).get(0).insert(0, 'zéro ')
  await Promise.all([ann.whenSaved(), bob.whenSaved()])
  await until(() => root.length === 3 && root.get(1).get(0).toString().startsWith('zéro'), 'both edits are there')
  const moved = await place()
  assert.equal(moved.place, 'anchored')
  assert.equal(moved.position, 'avanttout'.length + 'zéroun'.length)
  const offset = Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(moved.anchor.start), ann.doc)
  assert.equal(offset.type.toString().slice(offset.index, offset.index + 4), 'deux')
  // Cut and pasted elsewhere.
  const text = root.get(1).get(0)
  text.delete(text.toString().indexOf('deux'), 5)
  await ann.whenSaved()
  assert.equal((await place()).place, 'orphaned')
  root.get(2).get(0).insert(0, 'deux ')
  await ann.whenSaved()
  const again = await place()
  assert.equal(again.place, 'moved')
  const there = Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(again.anchor.start), ann.doc)
  assert.deepEqual([there.type === root.get(2).get(0), there.index], [true, 0])
  bob.destroy()
}))

test('each role does what the guide says, and nobody changes the words of others', options, () => withPage(async ({ server, shown, root }) => {
  const status = async (...of) => (await call(server, ...of)).status
  assert.equal(await status('POST', COMMENTS, { text: 'x' }, { shown: shown.rita }), 403)
  assert.equal(await status('GET', COMMENTS, undefined, { shown: await as('stranger') }), 403)
  assert.equal(await status('GET', COMMENTS, undefined, { shown: null }), 401)
  const { id, comments: [{ id: first }] } = await done(server, 'POST', COMMENTS, { text: 'à moi', ...placeOf(root, 1, 'cinq') }, { shown: shown.carl })
  const comment = `${COMMENTS}/${id}/${first}`
  for (const who of ['ann', 'fay', 'rita']) assert.equal(await status('PATCH', comment, { text: 'à toi' }, { shown: shown[who] }), 403, who)
  for (const who of ['ann', 'rita']) assert.equal(await status('DELETE', comment, undefined, { shown: shown[who] }), 403, who)
  const edited = await done(server, 'PATCH', comment, { text: 'à moi !' }, { shown: shown.carl })
  assert.ok(edited.edited_ms >= edited.created_ms && edited.text === 'à moi !')
  await done(server, 'POST', `${COMMENTS}/${id}`, { text: 'réponse' }, { shown: shown.ann })
  // Carl's own thread, but somebody has answered.
  assert.equal(await status('DELETE', `${COMMENTS}/${id}`, undefined, { shown: shown.carl }), 403)
  assert.equal(await status('DELETE', `${COMMENTS}/${id}`, undefined, { shown: shown.fay }), 204)
  assert.equal(await status('GET', `${COMMENTS}/${id}`, undefined, { shown: shown.carl }), 404)
  // A lock stops those who write, and nobody who comments.
  await done(server, 'PATCH', '/spaces/team/pages/page', { locked: true })
  assert.equal(await status('POST', COMMENTS, { text: 'verrouillée' }, { shown: shown.ann }), 201)
}))

test('what makes no sense is refused with a code, and tags say what changed', options, () => withPage(async ({ server, shown, root }) => {
  const refused = async (body, method = 'POST', path = COMMENTS) => (await call(server, method, path, body, { shown: shown.carl })).body.code
  const place = placeOf(root, 0, 'deux')
  assert.equal(await refused({ text: ' ' }), 'comment')
  assert.equal(await refused({ text: 'x'.repeat(20_001) }), 'comment')
  assert.equal(await refused({ text: 'x', mentions: [' '] }), 'comment')
  assert.equal(await refused({ text: 'x', ...place, quote: '' }), 'anchor')
  assert.equal(await refused({ text: 'x', ...place, anchor: { start: {}, end: {} } }), 'anchor')
  assert.equal(await refused({ text: 'x', quote: 'deux' }), 'anchor')
  assert.equal(await refused({ text: 'x', more: 1 }), 'body')
  assert.equal(await refused({ text: 'x' }, 'POST', `${COMMENTS}/nonsense`), 'no-such-thread')
  assert.equal(await refused(undefined, 'GET', '/documents/spaces%2Fteam%2Fother/comments'), 'forbidden')
  const before = await call(server, 'GET', COMMENTS, undefined, { shown: shown.carl })
  const begun = await call(server, 'POST', COMMENTS, { text: 'un' }, { shown: shown.carl, headers: { 'if-match': before.etag } })
  assert.equal(begun.status, 201)
  const stale = await call(server, 'POST', COMMENTS, { text: 'deux' }, { shown: shown.carl, headers: { 'if-match': before.etag } })
  assert.equal(stale.body.code, 'precondition')
  const known = await call(server, 'GET', COMMENTS, undefined, { shown: shown.carl, headers: { 'if-none-match': begun.etag } })
  assert.equal(known.status, 304)
  assert.equal(await refused({ text: 'x' }, 'PATCH', `${COMMENTS}/${begun.body.id}/${'0'.repeat(21)}`), 'no-such-comment')
}))

test('open pages hear that there is news, and nothing of what it says', options, () => withPage(async ({ server, shown, ann }) => {
  const heard = []
  ann.provider.on('stateless', ({ payload }) => heard.push(payload))
  // Whoever shows comments asks for them once; then they hear.
  await done(server, 'GET', COMMENTS, undefined, { shown: shown.ann })
  const { id } = await done(server, 'POST', COMMENTS, { text: 'secret' }, { shown: shown.carl })
  await until(() => heard.length === 1, 'the first is told')
  await done(server, 'PATCH', `${COMMENTS}/${id}`, { resolved: true }, { shown: shown.carl })
  await until(() => heard.length === 2, 'the second is told')
  assert.deepEqual(new Set(heard), new Set(['{"type":"comments"}']))
}))

test('the portal hears who was called; a moved page takes its comments along, an erased one loses them', options, () => withReceiver((receiver) =>
  withPage(async ({ server, shown }) => {
    const { id } = await done(server, 'POST', COMMENTS, { text: 'Regarde', mentions: ['rita', 'ann', 'rita'] }, { shown: shown.carl })
    await done(server, 'PATCH', `${COMMENTS}/${id}`, { resolved: true }, { shown: shown.ann })
    await until(() => receiver.kinds().includes('comment.resolved'), 'both are told')
    const created = receiver.taken.find(({ type }) => type === 'comment.created')
    assert.deepEqual(created.data, { document: DOCUMENT, thread: id, comment: id, mentions: ['ann', 'rita'], by: { id: 'carl', name: 'carl' } })
    assert.doesNotMatch(JSON.stringify(receiver.taken), /Regarde/)
    await done(server, 'POST', `/documents/${encodeURIComponent(DOCUMENT)}/move`, { to: 'archive/page' })
    const there = `/documents/${encodeURIComponent('archive/page')}`
    assert.equal((await done(server, 'GET', `${there}/comments`)).threads[0].comments[0].text, 'Regarde')
    await done(server, 'DELETE', `${there}?erase=true&reuse=true`)
    assert.equal((await call(server, 'GET', `${there}/comments`)).body.code, 'no-such-document')
  }, { settings: EVENTS + webhookSettings(receiver) })))
