//! Much data: slow readers, large documents, a full disk.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import assert from 'node:assert/strict'
import WebSocket from 'ws'
import * as Y from 'yjs'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { converged, open, withClients } from '../harness/clients.mjs'
import { withServer } from '../harness/server.mjs'
import { pause, until } from '../harness/wait.mjs'

const MIB = 1024 * 1024

/** A y-websocket reader on a bare socket, which can stop reading from it. */
class BareReader {
  constructor (server, name) {
    this.doc = new Y.Doc()
    this.updates = 0
    this.bytes = 0
    this.closes = []
    this.connect = () => {
      this.socket = new WebSocket(`${server.webSocketUrl}/ws/${name}?token=any`)
      this.socket.on('error', () => {})
      this.socket.on('close', (code) => this.closes.push(code))
      this.socket.on('message', (data) => this.receive(new Uint8Array(data)))
      this.socket.on('open', () => this.askForAll())
    }
    this.connect()
  }

  askForAll () {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, 0)
    encoding.writeVarUint(encoder, 0)
    encoding.writeVarUint8Array(encoder, Y.encodeStateVector(this.doc))
    this.socket.send(encoding.toUint8Array(encoder))
  }

  receive (frame) {
    this.bytes += frame.length
    if (frame[0] !== 0 || frame[1] === 0) return
    this.updates += 1
    Y.applyUpdate(this.doc, decoding.readVarUint8Array(decoding.createDecoder(frame.subarray(2))))
  }
}

test('a reader that stops reading catches up in one step and costs the others nothing', { timeout: 240_000 }, () =>
  withServer({}, (server) => withClients(server, 'slow', ['y-websocket 3', 'hocuspocus 4'], async (writers) => {
    const slow = new BareReader(server, 'slow')
    await until(() => slow.updates > 0, 'the slow reader is synced')
    slow.socket.pause()
    const before = server.residentBytes()
    let peak = 0

    // Each edit replaces a value of 64 KiB: 120 MiB pass, little of it stays.
    const rounds = 960
    for (let round = 0; round < rounds; round++) {
      writers.forEach((writer, index) => writer.doc.getMap('page').set(`${index}`, `${round}`.padEnd(64 * 1024, 'x')))
      if (round % 16 === 0) {
        await Promise.all(writers.map((writer) => writer.whenSaved(30_000)))
        peak = Math.max(peak, server.residentBytes() - before)
      }
    }
    await converged(writers, 60_000)
    for (const writer of writers) assert.deepEqual(writer.closes, [], `${writer.kind} was closed`)
    assert.ok(peak < 600 * MIB, `the server grew by ${Math.round(peak / MIB)} MiB`)

    const seen = slow.updates
    slow.socket.resume()
    await until(() => {
      // A reader that was too far behind may be sent away with a code that lets it come back.
      if (slow.socket.readyState === WebSocket.CLOSED) slow.connect()
      return Y.equalSnapshots(Y.snapshot(slow.doc), Y.snapshot(writers[0].doc))
    }, 'the slow reader has everything', 60_000)
    assert.ok(slow.updates - seen < rounds, `one catch-up in place of the queue, not ${slow.updates - seen} updates`)
    for (const code of slow.closes) assert.ok([1012, 1013, 4205, 4503].includes(code), `close code ${code} is transient`)
    slow.socket.terminate()
    console.log(`slow reader: ${2 * rounds * 64 / 1024} MiB written, ${slow.updates - seen} updates at catch-up, server grew by ${Math.round(peak / MIB)} MiB`)
  })))

test('a document of 20 MB is written, kept and joined by both dialects', { timeout: 240_000 }, () => withServer({}, async (server) => {
  const pieces = 80
  await withClients(server, 'large', ['y-websocket 3'], async ([writer]) => {
    for (let piece = 0; piece < pieces; piece++) {
      writer.doc.getArray('pieces').push([`${piece}:`.padEnd(256 * 1024, 'x')])
      if (piece % 8 === 7) await writer.whenSaved(60_000)
    }
    await writer.whenSaved(60_000)
  }, { awareness: null })
  await server.restart()
  for (const kind of ['y-websocket 1', 'hocuspocus 2', 'hocuspocus 4']) {
    const reader = open(kind, server, 'large')
    try {
      const start = Date.now()
      await reader.whenSynced(60_000)
      assert.equal(reader.doc.getArray('pieces').length, pieces, kind)
      reader.doc.getMap('joined').set(kind, true)
      await reader.whenSaved(30_000)
      console.log(`20 MB document: ${kind} joined in ${Date.now() - start} ms`)
    } finally {
      reader.destroy()
    }
  }
}))

/** A file system of a few MiB, or null where it may not be mounted. */
const smallDisk = () => {
  const folder = mkdtempSync(join(tmpdir(), 'unisson-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder], { stdio: 'ignore' })
    return folder
  } catch {
    rmSync(folder, { recursive: true })
    return null
  }
}

test('a full disk stops acknowledgements, and they resume when there is space', { timeout: 180_000 }, async (context) => {
  const disk = smallDisk()
  if (disk === null) return context.skip('mounting a small tmpfs needs root')
  try {
    await withServer({ data: join(disk, 'data') }, (server) =>
      withClients(server, 'full', ['hocuspocus 4', 'y-websocket 3'], async (writers) => {
        writers[0].text.insert(0, 'before ')
        await writers[0].whenSaved()
        const ballast = join(disk, 'ballast')
        let bytes = 8 * MIB
        // Fills what is left, to the last block.
        while (bytes >= 4096) {
          try { writeFileSync(ballast, Buffer.alloc(bytes), { flag: 'a' }) } catch { /* this much no longer fits */ }
          bytes = Math.floor(bytes / 2)
        }
        // Segments may be allocated ahead: type until the answer stays away.
        for (let turn = 0; turn < 400 && writers.every((writer) => writer.saved); turn++) {
          writers.forEach((writer) => writer.doc.getArray('fill').push([`${turn}`.padEnd(16 * 1024, 'z')]))
          await pause(20)
        }
        await pause(500)
        assert.ok(writers.some((writer) => !writer.saved), 'something stays unacknowledged')
        assert.equal((await server.get('/readyz'))?.ok ?? false, false, '/readyz says that the store is not well')
        assert.notEqual(server.child, null, 'the server lives')

        rmSync(ballast)
        await Promise.all(writers.map((writer) => writer.whenSaved(60_000)))
        await until(async () => (await server.get('/readyz'))?.ok, '/readyz is well again')
        await server.restart()
        await withClients(server, 'full', ['hocuspocus 3'], ([fresh]) => {
          assert.equal(fresh.text.toString(), 'before ')
          assert.equal(fresh.doc.getArray('fill').length, writers[0].doc.getArray('fill').length)
        })
      }))
  } finally {
    execFileSync('umount', ['-l', disk])
    rmSync(disk, { recursive: true, force: true })
  }
})
