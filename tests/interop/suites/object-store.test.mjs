//! Documents live in an S3 bucket: a server with an empty disk has them all.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { converged, kinds, withClients } from '../harness/clients.mjs'
import { skipWithoutMoto, withBucket } from '../harness/moto.mjs'
import { UnissonServer, withServer } from '../harness/server.mjs'
import { withStoreDoor } from '../harness/store-door.mjs'

const options = { skip: skipWithoutMoto }

/** Stock clients of all kinds write and see their edits saved; then the server is killed. */
const writeAndKill = (server, name) => withClients(server, name, kinds, async (clients) => {
  clients.forEach((client, index) => client.text.insert(0, `<${index}>`))
  await converged(clients)
  await Promise.all(clients.map((client) => client.whenSaved()))
  await server.kill()
})

const allThere = (server, name) => withClients(server, name, ['y-websocket 3'], ([fresh]) => {
  kinds.forEach((_, index) => assert.ok(fresh.text.toString().includes(`<${index}>`), `<${index}>`))
})

test('saved edits are in the bucket after kill -9, for a server with an empty disk', options, () =>
  withBucket(async (environment) => {
    await withServer({ environment }, (server) => writeAndKill(server, 'bucket'))
    // Another server, another folder: only the bucket is the same.
    await withServer({ environment }, async (server) => {
      await allThere(server, 'bucket')
      assert.match(await (await server.get('/metrics')).text(), /unisson_store_requests_total\{kind="get",result="ok"\} [1-9]/)
      assert.deepEqual(await server.terminate(), { code: 0, signal: null })
    })
  }))

test('two servers on one bucket open each other’s documents', options, () =>
  withBucket((environment) => withServer({ environment }, async (first) => {
    const second = await UnissonServer.start({ environment })
    try {
      await writeAndKill(first, 'shared')
      await allThere(second, 'shared')
    } finally {
      await second.dispose()
    }
  })))

test('a spool keeps what the bucket has not yet, and brings it there', options, () =>
  withBucket((bucket) => withServer({ environment: bucket }, async (elsewhere) => {
    const spool = join(elsewhere.home, 'spool')
    const environment = { ...bucket, UNISSON_SPOOL: spool }
    await withServer({ environment }, async (server) => {
      await writeAndKill(server, 'spooled')
      await server.spawn()
      await allThere(server, 'spooled')
      assert.deepEqual(await server.terminate(), { code: 0, signal: null })
    })
    // After a clean stop nothing is only in the spool.
    rmSync(spool, { recursive: true })
    await allThere(elsewhere, 'spooled')
  })))

/** What `unisson doctor` says, and its exit code. */
const doctor = (environment) => new Promise((resolve) => {
  execFile(process.env.UNISSON_BIN, ['doctor', '--json'], { env: { ...process.env, ...environment } }, (error, stdout, stderr) => {
    resolve({ code: error?.code ?? 0, said: stdout + stderr })
  })
})

test('a store behind an authority of its own, through a proxy, is like any other', options, () =>
  withBucket((bucket) => withStoreDoor(bucket.UNISSON_STORE_ENDPOINT, async ({ endpoint, address, ca, proxy, tunnels }) => {
    const environment = { ...bucket, UNISSON_STORE_ENDPOINT: endpoint, UNISSON_STORE_CA_FILE: ca, UNISSON_STORE_PROXY: proxy }
    await withServer({ environment }, (server) => writeAndKill(server, 'guarded'))
    assert.ok(tunnels.length > 0)
    assert.ok(tunnels.every((tunnel) => tunnel === address), tunnels.join())
    // What came through the door is in the bucket itself.
    await withServer({ environment: bucket }, (server) => allThere(server, 'guarded'))
    const before = tunnels.length
    assert.equal((await doctor(environment)).code, 0)
    assert.ok(tunnels.length > before)
    // Without the authority nothing is sent, and that is said.
    const stranger = await doctor({ ...environment, UNISSON_STORE_CA_FILE: undefined })
    assert.equal(stranger.code, 3, stranger.said)
    assert.match(stranger.said, /certificate/i)
    const empty = await doctor({ ...environment, UNISSON_STORE_CA_FILE: '/dev/null' })
    assert.match(empty.said, /ca_file.*holds no certificate/)
  })))
