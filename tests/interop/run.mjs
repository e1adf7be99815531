//! Runs the suites with Node's test runner: `node run.mjs [suite ...]`, all by default.

import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = join(dirname(fileURLToPath(import.meta.url)), 'suites')
const wanted = process.argv.slice(2)
const suites = readdirSync(folder)
  .filter((file) => file.endsWith('.test.mjs'))
  .filter((file) => wanted.length === 0 || wanted.includes(file.replace('.test.mjs', '')))
if (suites.length === 0) throw new Error(`no suite of that name: ${wanted}`)

// Old clients leave timers behind after destroy(); a suite ends with its last test all the same.
const child = spawn(process.execPath, [
  '--test', '--test-force-exit', '--test-reporter=spec', '--test-timeout=900000', `--test-concurrency=${Math.max(2, cpus().length)}`,
  ...suites.map((file) => join(folder, file))
], { stdio: 'inherit' })
child.once('exit', (code) => process.exit(code ?? 1))
