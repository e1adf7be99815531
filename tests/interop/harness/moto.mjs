//! An S3 server of its own for a test: moto, where `scripts/setup moto` has put it.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './server.mjs'
import { until } from './wait.mjs'

const CACHE = process.env.UNISSON_CACHE ?? join(homedir(), '.cache', 'unisson')
const PROGRAM = join(CACHE, 'moto', 'bin', 'moto_server')
const running = new Set()

// A failing test must not leave servers behind.
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** Why object stores cannot be tested here; false where they can. In CI they must be. */
export const skipWithoutMoto = existsSync(PROGRAM) || process.env.CI
  ? false
  : 'moto is not set up: scripts/setup moto'

/** Runs `body` with the settings of a server whose documents are in a bucket of moto's. */
export const withBucket = async (body) => {
  const port = await freePort()
  const child = spawn(PROGRAM, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
  running.add(child)
  const exited = new Promise((resolve) => child.once('exit', resolve))
  try {
    const endpoint = `http://127.0.0.1:${port}`
    const made = async () => (await fetch(`${endpoint}/unisson-tests`, { method: 'PUT' }).catch(() => null))?.ok
    await until(made, 'moto has made the bucket', 30_000, 100)
    return await body({
      UNISSON_STORE: 's3://unisson-tests/e2e',
      UNISSON_STORE_ENDPOINT: endpoint,
      AWS_ACCESS_KEY_ID: 'tests',
      AWS_SECRET_ACCESS_KEY: 'tests',
      AWS_REGION: 'us-east-1'
    })
  } finally {
    child.kill('SIGKILL')
    await exited
    running.delete(child)
  }
}
