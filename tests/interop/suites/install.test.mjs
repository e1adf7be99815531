//! What `make install` puts in place is what a machine can start.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BINARY } from '../harness/server.mjs'

const PROJECT = fileURLToPath(new URL('../../..', import.meta.url))
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0

/** An installation below a folder of its own, from the binary that the suites run. */
const installed = (body) => {
  const place = mkdtempSync(join(tmpdir(), 'unisson-install-'))
  try {
    // `make install` takes what `make build` left; here it is the binary at hand.
    for (const file of ['Makefile', 'docs/operations/examples/unisson.service', 'docs/operations/examples/unisson.toml']) {
      mkdirSync(join(place, 'source', file, '..'), { recursive: true })
      copyFileSync(join(PROJECT, file), join(place, 'source', file))
    }
    mkdirSync(join(place, 'source/out'))
    copyFileSync(BINARY, join(place, 'source/out/unisson'))
    const root = join(place, 'root')
    const install = () => execFileSync('make', ['-s', 'install', `DESTDIR=${root}`], { cwd: join(place, 'source') })
    install()
    body({ root, install })
  } finally {
    rmSync(place, { recursive: true })
  }
}

test('the binary, its unit and settings that it takes are in place, and own settings stay', () => installed(({ root, install }) => {
  const binary = join(root, 'usr/local/bin/unisson')
  const settings = join(root, 'etc/unisson/unisson.toml')
  assert.equal(statSync(binary).mode & 0o777, 0o755)
  assert.match(execFileSync(binary, ['check-config', '--config', settings], { encoding: 'utf8' }), /127\.0\.0\.1:4444/)
  // Every section that the example offers is one that the server knows.
  const offered = readFileSync(settings, 'utf8').replace(/^#(?=[a-z[])/gm, '').replace('value = "…"', `value = "${'x'.repeat(40)}"`)
  const everything = join(root, 'everything.toml')
  writeFileSync(everything, offered.replace(/client_secret_file = .*/, 'client_secret = "a secret of the provider"'))
  execFileSync(binary, ['check-config', '--config', everything])
  writeFileSync(settings, 'listen = "127.0.0.1:4555"\n')
  install()
  assert.equal(readFileSync(settings, 'utf8'), 'listen = "127.0.0.1:4555"\n')
}))

test('systemd understands the unit, and it opens next to nothing', { skip: hasSystemd ? false : 'no systemd-analyze' }, () => installed(({ root }) => {
  const unit = join(root, 'etc/systemd/system/unisson.service')
  const here = join(root, 'unisson.service')
  writeFileSync(here, readFileSync(unit, 'utf8').replaceAll('/usr/local/bin', join(root, 'usr/local/bin')))
  const verified = spawnSync('systemd-analyze', ['verify', here], { encoding: 'utf8' })
  assert.equal(verified.status, 0, verified.stderr)
  const judged = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=20', unit], { encoding: 'utf8' })
  assert.equal(judged.status, 0, judged.stdout)
}))
