//! Documents of La Suite Docs come in from its own bucket: S3's object versions are their history.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import * as Y from 'yjs'
import { withBucket, skipWithoutMoto } from '../harness/moto.mjs'
import { withServer } from '../harness/server.mjs'
import { pause } from '../harness/wait.mjs'

const run = promisify(execFile)
const ALIVE = '7c3ae92e-2f4b-4a52-9c0b-5a1d1f2f3b11'
const DELETED = 'a5b1f0de-0000-4000-8000-000000000001'

// Without a key moto takes no objects; it looks at none.
const headers = {
  authorization: 'AWS4-HMAC-SHA256 Credential=tests/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0'
}

/** A bucket as Docs has it: whole states in base64, each put over the one before. */
const fill = async (endpoint) => {
  const send = async (method, path, body) => {
    const answer = await fetch(`${endpoint}/docs${path}`, { method, body, headers })
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`)
  }
  await send('PUT', '')
  await send('PUT', '?versioning', '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>')
  const doc = new Y.Doc()
  const text = doc.getText('body')
  const save = (id) => send('PUT', `/media/${id}/file`, Buffer.from(Y.encodeStateAsUpdate(doc)).toString('base64'))
  text.insert(0, 'Premier jet')
  await save(ALIVE)
  const first = Y.encodeStateAsUpdate(doc)
  // S3 counts in seconds here.
  await pause(1_100)
  text.insert(text.length, ', puis une phrase de trop')
  await save(ALIVE)
  await pause(1_100)
  // "Restore" in Docs: the old bytes again.
  await send('PUT', `/media/${ALIVE}/file`, Buffer.from(first).toString('base64'))
  await save(DELETED)
  await send('DELETE', `/media/${DELETED}/file`)
  await send('PUT', `/media/${ALIVE}/attachments/logo.png`, 'not a document')
}

test('a bucket of La Suite Docs becomes documents with their versions', { skip: skipWithoutMoto }, () =>
  withBucket(async ({ UNISSON_STORE_ENDPOINT: endpoint, ...keys }) => {
    await fill(endpoint)
    delete keys.UNISSON_STORE
    await withServer({}, async (server) => {
      await server.terminate()
      const bring = async () => {
        const { stdout } = await run(process.env.UNISSON_BIN, [
          'import', '--data', server.data, '--from', 'lasuite-docs', 's3://docs/media',
          '--source-endpoint', endpoint, '--json'
        ], { env: { ...process.env, ...keys } })
        return JSON.parse(stdout).documents
      }
      const [brought, ...others] = await bring()
      assert.deepEqual(others, [], 'neither what was deleted nor attachments')
      assert.equal(brought.name, ALIVE)
      assert.equal(brought.versions, 2)
      const [again] = await bring()
      assert.deepEqual([again.new_bytes, again.versions], [0, 0], 'a second run finds nothing to do')

      await server.spawn()
      const get = async (path, accept = 'application/json') => {
        const answer = await fetch(`${server.httpUrl}/api/v1/documents/${ALIVE}${path}`, { headers: { accept } })
        assert.equal(answer.status, 200, path)
        return answer
      }
      const { versions } = await (await get('/versions')).json()
      assert.equal(versions.length, 2)
      const texts = await Promise.all(versions.map(async ({ id }) => {
        const doc = new Y.Doc()
        Y.applyUpdate(doc, new Uint8Array(await (await get(`/versions/${id}`, 'application/vnd.yjs.update.v1')).arrayBuffer()))
        return doc.getText('body').toString()
      }))
      assert.deepEqual(texts.sort(), ['Premier jet', 'Premier jet, puis une phrase de trop'])
    })
  }))
