//! A portal that answers for a whole folder is asked once for it, and for nothing beside it.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { open, withClients } from '../harness/clients.mjs'
import { withPortal } from '../harness/portal.mjs'
import { withServer } from '../harness/server.mjs'

const options = { timeout: 60_000 }
const asked = (portal, cacheS = 60) => `[auth]\ncallback = "${portal.url}/who"\ncallback_cache_s = ${cacheS}\n`

/** The status of reading what a document says. 404: let in, and there is nothing. */
const reads = async (server, name, token = 'opaque') => {
  const place = `${server.httpUrl}/api/v1/documents/${encodeURIComponent(name)}/content`
  return (await fetch(place, { headers: { authorization: `Bearer ${token}` } })).status
}
const writes = (server, name) => withClients(server, name, ['hocuspocus 4'], async ([client]) => {
  client.text.insert(0, 'x')
  await client.whenSaved()
}, { token: 'opaque' })

/** What the portal was asked since the last time. */
const questions = (portal) => portal.asked.who.splice(0).map(({ document }) => document)

const FOLDER = 'spaces/a/b/'
const answersForFolder = ({ document }) => document.startsWith(FOLDER)
  ? [200, { sub: 'ann', role: 'editor', prefix: FOLDER }]
  : [403]

test('one answer counts for the folder, over HTTP and for editors, and for no name beside it', options, () => withPortal((portal) => {
  portal.who = answersForFolder
  return withServer({ settings: asked(portal) }, async (server) => {
    await writes(server, `${FOLDER}one`)
    assert.deepEqual(questions(portal), [`${FOLDER}one`])
    for (const name of ['one', 'two', 'deep/er']) await writes(server, FOLDER + name)
    assert.equal(await reads(server, `${FOLDER}one`), 200)
    assert.deepEqual(questions(portal), [], 'the portal has answered for all of these')

    const beside = ['spaces/a/bc', 'spaces/a/b', 'spaces/a/B/one', 'spaces/a/b-secret/one', `${FOLDER}../bc`, `${FOLDER}./one`, `${FOLDER}..\\bc`]
    for (const name of beside) {
      const expected = name.startsWith(FOLDER) ? [200, 404] : [403]
      assert.ok(expected.includes(await reads(server, name)), name)
    }
    // A name that climbs out of its folder is in no folder: for those too the portal itself was asked.
    assert.deepEqual(questions(portal), beside)

    // Somebody else's answer is not theirs.
    portal.who = ({ token }) => token === 'opaque' ? answersForFolder({ document: FOLDER }) : [401]
    assert.equal(await reads(server, `${FOLDER}one`, 'another'), 401)
    assert.deepEqual(questions(portal), [`${FOLDER}one`])
  })
}))

test('a portal that answers for another folder has said something of the asked document alone', options, () => withPortal((portal) => {
  portal.who = ({ document }) => document === 'here/one' ? [200, { sub: 'ann', role: 'reader', prefix: 'there/' }] : [403]
  return withServer({ settings: asked(portal) }, async (server) => {
    assert.equal(await reads(server, 'here/one'), 404)
    assert.equal(await reads(server, 'here/two'), 403)
    assert.equal(await reads(server, 'there/one'), 403)
    assert.deepEqual(questions(portal), ['here/one', 'here/two', 'there/one'])
  })
}))

test('an answer for a folder ends with its time, and no open document outlives a refusal', options, () => withPortal((portal) => {
  portal.who = answersForFolder
  const settings = `${asked(portal, 1)}callback_recheck_s = 3\n`
  return withServer({ settings }, async (server) => {
    const client = open('y-websocket 3', server, `${FOLDER}one`, { token: 'opaque' })
    await client.whenSynced()
    portal.who = () => [403]
    await client.whenClosed(4403)
    client.destroy()
    assert.equal(await reads(server, `${FOLDER}two`), 403)
  })
}))
