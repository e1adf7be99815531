//! A name that an erasure freed is used by a new document at once, whatever ends the server meanwhile.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { open } from '../harness/clients.mjs'
import { withServer } from '../harness/server.mjs'
import { call, done, tokens } from '../harness/spaces.mjs'

const DOCUMENT = '/documents/plan'
const OLD = 'of the old document'
const openPlan = (server) => open('hocuspocus 4', server, 'plan', { token: tokens[0].value })

const text = async (server) => {
  const response = await fetch(`${server.httpUrl}/api/v1${DOCUMENT}/content`, {
    headers: { authorization: `Bearer ${tokens[0].value}`, accept: 'text/plain' }
  })
  return response.status === 404 ? null : (await response.text()).trim()
}

const create = (server, content) => done(server, 'POST', '/documents', { name: 'plan', content })
const free = (server) => done(server, 'DELETE', `${DOCUMENT}?erase=true&reuse=true`)

test('a new document has the name at once, by a call and by an editor, and a kill -9 takes nothing of it', () => withServer({ tokens }, async (server) => {
  await done(server, 'POST', '/documents', { name: 'other', content: 'stays' })
  for (let round = 0; round < 3; round++) {
    await create(server, OLD)
    await done(server, 'POST', `${DOCUMENT}/comments`, { text: `${OLD}, too` })
    await free(server)
    // In one round the server is killed between erasing and writing.
    if (round === 1) await server.restart()
    assert.equal(await text(server), null)
    const began = performance.now()
    await create(server, `new ${round}`)
    assert.ok(performance.now() - began < 15_000, 'nobody waited for a time to run out')
    await done(server, 'POST', `${DOCUMENT}/comments`, { text: 'of the new one' })
    const writer = openPlan(server)
    try {
      await writer.whenSynced()
      writer.text.insert(0, 'typed')
      await writer.whenSaved()
    } finally {
      writer.destroy()
    }
    await server.restart()
    assert.match(await text(server), new RegExp(`new ${round}`))
    const { threads } = await done(server, 'GET', `${DOCUMENT}/comments`)
    assert.deepEqual(threads.map(({ comments }) => comments[0].text), ['of the new one'])
    const reader = openPlan(server)
    try {
      await reader.whenSynced()
      assert.equal(reader.text.toString(), 'typed')
    } finally {
      reader.destroy()
    }
    await free(server)
  }
  assert.equal((await call(server, 'GET', DOCUMENT)).status, 404)
}))
