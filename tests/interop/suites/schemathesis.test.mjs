//! schemathesis asks every call of the API's description what it allows, and what it does not.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { withServer } from '../harness/server.mjs'

const cache = process.env.UNISSON_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'unisson')
const program = join(cache, 'schemathesis', 'bin', 'schemathesis')
const skip = existsSync(program) ? false : 'schemathesis is not installed: scripts/setup schemathesis'
/** A ceiling for slow machines. */
const SECONDS_MAX = 80
/**
 * Whether all that a schema lets through is taken, all else refused, and whether what was deleted is gone. How much of it
 * is found depends on the machine's speed, since calls build on each other: `SCHEMATHESIS=all` asks for it.
 */
const SPEED_DEPENDENT = ['positive_data_acceptance', 'negative_data_rejection', 'use_after_free', 'ensure_resource_availability']
const EXAMPLES = 10

/** What a schema cannot say: that a document is there, that a heading reads so, that text is Markdown. */
const CONFIG = `
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 304, 401, 403, 404, 409, 410, 412, 413, 415, 422]
[checks.negative_data_rejection]
expected-statuses = ["4xx"]

# Any text is Markdown, also one that a schema calls no string.
[[operations]]
include-name = "PUT /api/v1/documents/{document}/content"
[operations.checks.negative_data_rejection]
enabled = false
[[operations]]
include-name = "POST /api/v1/documents/{document}/content"
[operations.checks.negative_data_rejection]
enabled = false

# That a cursor was given out, and that an owner is named where the token names nobody.
[[operations]]
include-name = "GET /api/v1/webhooks/{id}/deliveries"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 401, 403, 404]
[[operations]]
include-name = "POST /api/v1/spaces"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 401, 403, 404, 409, 413, 415, 422]
# The same.
[[operations]]
include-name = "GET /api/v1/audit"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 401, 403, 404]

# Its body is of a type that is not made here; the suite of attachments uploads in parts with a client of tus.
[[operations]]
include-name = "PATCH /api/v1/documents/{document}/attachments/uploads/{upload}"
enabled = false

# Its answer does not end.
[[operations]]
include-name = "GET /api/v1/spaces/{space}/changes"
enabled = false

# What was deleted of a space is in its trash: owners and facilitators still see it, with deleted_ms, and bring
# it back. The suite of spaces says what is gone, and for whom.
[[operations]]
include-name-regex = "^(GET|PATCH) /api/v1/spaces/"
[operations.checks.use_after_free]
enabled = false

# That a cursor was given out, that an id is a line, that a moment is to come.
[[operations]]
include-path-regex = "^/api/v1/(admin/|webhooks)"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 401, 403, 404, 409, 412, 422]

# That a name has so many bytes, beside so many letters.
[[operations]]
include-name = "POST /api/v1/documents/{document}/attachments"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 401, 403, 404, 409, 410, 413, 415, 422]

# That an id is a line of so many bytes.
[[operations]]
include-name = "POST /api/v1/spaces/{space}/members"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 401, 403, 404, 409, 412, 413, 415, 422]

# That one time is not after the other.
[[operations]]
include-name = "POST /api/v1/documents/{document}/revert"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 401, 403, 404, 409, 410, 422]
`

// It asks faster than anybody may who is not trying out.
const SETTINGS = `
[limits]
requests_per_user_per_s = 100000
requests_per_user_burst = 100000
requests_per_address_per_s = 100000
requests_per_address_burst = 100000
`

const run = (args, cwd) => new Promise((resolve, reject) => {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1', COLUMNS: '120' } })
  const said = []
  child.stdout.on('data', (data) => said.push(data))
  child.stderr.on('data', (data) => said.push(data))
  child.once('error', reject)
  child.once('exit', (code) => resolve({ code, said: Buffer.concat(said).toString() }))
})

test('no call of the API fails, whatever is asked', { skip, timeout: 180_000 }, () => withServer({
  tokens: [{ value: 'admin', access: 'admin', user: 'root' }],
  settings: SETTINGS,
  environment: { UNISSON_AUTH_SECRET: 'a secret of more than thirty-two bytes' }
}, async (server) => {
  const folder = mkdtempSync(join(tmpdir(), 'unisson-schemathesis-'))
  try {
    writeFileSync(join(folder, 'schemathesis.toml'), CONFIG)
    const { code, said } = await run([
      '--config-file', join(folder, 'schemathesis.toml'),
      'run', `${server.httpUrl}/api/v1/openapi.json`,
      '--header', 'Authorization: Bearer admin',
      '--max-time', String(SECONDS_MAX), '--max-examples', String(EXAMPLES), '--request-timeout', '20', '--workers', '2',
      '--seed', process.env.SEED ?? '1', '--generation-deterministic', '--continue-on-failure',
      ...(process.env.SCHEMATHESIS === 'all' ? [] : ['--exclude-checks', SPEED_DEPENDENT.join(',')])
    ], folder)
    assert.equal(code, 0, said.slice(-40_000))
    assert.match(said, /tested|passed|No issues found/i)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}))
