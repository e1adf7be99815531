//! Recorded histories of real people's typing, replayed by two stock clients in turns.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { open, withClients } from '../harness/clients.mjs'
import { withServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

/** How many edits one client makes before it is the other's turn. */
const TURN = 1_000

const manifest = join(dirname(fileURLToPath(import.meta.url)), '..', 'trace', 'Cargo.toml')

/** The folder of recorded histories inside the crate that carries them, fetched where it is missing. */
const histories = () => {
  const metadata = JSON.parse(execFileSync(
    'cargo', ['metadata', '--format-version', '1', '--locked', '--manifest-path', manifest],
    { maxBuffer: 64 * 1024 * 1024, stdio: ['ignore', 'pipe', 'inherit'] }))
  const crate = metadata.packages.find(({ name }) => name === 'diamond-types')
  return join(dirname(crate.manifest_path), 'benchmark_data')
}

const recorded = (name) => JSON.parse(gunzipSync(readFileSync(join(histories(), `${name}.json.gz`))).toString())

for (const name of ['sveltecomponent', 'rustcode', 'automerge-paper']) {
  test(`the recorded history "${name}" ends in its recorded text`, { timeout: 600_000 }, () => {
    const { txns, startContent, endContent } = recorded(name)
    assert.equal(startContent, '')
    // Positions count code points; these texts have no others than UTF-16 units of their own.
    assert.equal(endContent.length, [...endContent].length)
    const patches = txns.flatMap((txn) => txn.patches)
    return withServer({}, (server) => withClients(server, name, ['y-websocket 3', 'hocuspocus 4'], async (writers) => {
      const start = Date.now()
      for (let from = 0, turn = 0; from < patches.length; from += TURN, turn++) {
        const writer = writers[turn % 2]
        for (const [position, deleted, inserted] of patches.slice(from, from + TURN)) {
          // One update for each edit, as from a keyboard.
          if (deleted > 0) writer.text.delete(position, deleted)
          if (inserted !== '') writer.text.insert(position, inserted)
        }
        writer.doc.getMap('turn').set('number', turn)
        const other = writers[(turn + 1) % 2]
        await until(() => other.doc.getMap('turn').get('number') === turn, `turn ${turn} reaches ${other.kind}`, 60_000, 1)
      }
      await Promise.all(writers.map((writer) => writer.whenSaved(60_000)))
      for (const writer of writers) assert.equal(writer.text.toString(), endContent, writer.kind)
      await server.restart()
      const reader = open('hocuspocus 3', server, name)
      try {
        await reader.whenSynced(60_000)
        assert.equal(reader.text.toString(), endContent, 'after a kill and a restart')
      } finally {
        reader.destroy()
      }
      console.log(`${name}: ${patches.length} edits in ${Date.now() - start} ms`)
    }))
  })
}
