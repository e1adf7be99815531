//! Runs the suites with Node's test runner: `node run.mjs [suite ...]`, all by default.
//!
//! Under `CI` a suite that failed is run once more, alone: what a busy machine upset is told from what is broken.
//! Its failure stands in the output all the same and is a fault to be looked for; more than two such suites fail the run.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FLAKY_MAX = 2

const here = dirname(fileURLToPath(import.meta.url))
const folder = join(here, 'suites')
const nameOf = (file) => basename(file, '.test.mjs')

/** Runs these files; gives the runner's exit code and the files with a failed test. */
const run = async (files, concurrency) => {
  const scratch = mkdtempSync(join(tmpdir(), 'unisson-suites-'))
  try {
    const list = join(scratch, 'failed')
    // Old clients leave timers behind after destroy(); a suite ends with its last test all the same.
    const child = spawn(process.execPath, [
      '--test', '--test-force-exit', '--test-timeout=900000', `--test-concurrency=${concurrency}`,
      '--test-reporter=spec', '--test-reporter-destination=stdout',
      `--test-reporter=${join(here, 'failed.mjs')}`, `--test-reporter-destination=${list}`,
      ...files
    ], { stdio: 'inherit' })
    const [code] = await once(child, 'exit')
    return { code: code ?? 1, failed: readFileSync(list, 'utf8').split('\n').filter((line) => line !== '') }
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

const wanted = process.argv.slice(2)
const suites = readdirSync(folder)
  .filter((file) => file.endsWith('.test.mjs'))
  .filter((file) => wanted.length === 0 || wanted.includes(nameOf(file)))
  .map((file) => join(folder, file))
if (suites.length === 0) throw new Error(`no suite of that name: ${wanted}`)

const first = await run(suites, Math.max(2, cpus().length))
const isWorthAnother = process.env.CI && first.code !== 0 && first.failed.length > 0 && first.failed.length <= FLAKY_MAX
if (!isWorthAnother) process.exit(first.code)
console.log(`\nFlaky or broken, so once more and alone: ${first.failed.map(nameOf).join(', ')}\n`)
process.exit((await run(first.failed, 1)).code)
