//! What a server writes to an object store while people type: requests and bytes for a document and hour.
//!
//! `node loadtest/peers/puts.mjs [--server unisson|hocuspocus] [--documents 500] [--seconds 120] [--rate 1]`,
//! after `scripts/setup moto` (and `loadtest/peers/setup node` for Hocuspocus). A proxy before moto counts; one
//! person types in each document, at `--rate` letters a second, another reads.

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { createServer as createPort } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const cache = process.env.UNISSON_CACHE ?? join(homedir(), '.cache', 'unisson')
const built = join(process.env.CARGO_TARGET_DIR ?? join(cache, 'target'), 'release')
const peers = process.env.UNISSON_PEERS ?? join(cache, 'peers')
const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'unisson' },
    documents: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '120' },
    rate: { type: 'string', default: '1' },
    binary: { type: 'string', default: join(built, 'unisson') },
    tool: { type: 'string', default: join(built, 'unisson-loadtest') }
  }
})
const [documents, seconds] = [Number(values.documents), Number(values.seconds)]
const keys = { AWS_ACCESS_KEY_ID: 'measure', AWS_SECRET_ACCESS_KEY: 'measure', AWS_REGION: 'us-east-1' }
const bucket = 'measure'

const listening = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))
const freePort = async () => {
  const probe = createPort()
  const port = await listening(probe)
  await new Promise((resolve) => probe.close(resolve))
  return port
}
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const answers = async (url, init) => {
  for (let tries = 0; tries < 300; tries += 1) {
    if ((await fetch(url, init).catch(() => null))?.ok) return
    await pause(100)
  }
  throw new Error(`${url} does not answer`)
}

/** Forwards to the store, and counts what is asked and how much is written. */
const counter = (target) => {
  const counts = { PUT: 0, GET: 0, DELETE: 0, POST: 0, HEAD: 0, written: 0, snapshots: 0, segments: 0 }
  const server = createServer((asked, answer) => {
    counts[asked.method] += 1
    if (asked.method === 'PUT' && /\/wal\//.test(asked.url)) counts.segments += 1
    else if (asked.method === 'PUT') counts.snapshots += 1
    const forward = request({ host: '127.0.0.1', port: target, method: asked.method, path: asked.url, headers: asked.headers }, (said) => {
      answer.writeHead(said.statusCode, said.headers)
      said.pipe(answer)
    })
    forward.on('error', () => answer.destroy())
    asked.on('data', (part) => { if (asked.method === 'PUT') counts.written += part.length })
    asked.pipe(forward)
  })
  return { server, counts }
}

const commands = {
  unisson: (port, endpoint, folder) => ({
    program: values.binary,
    args: ['serve', '--listen', `127.0.0.1:${port}`, '--data', join(folder, 'data'), '--store', `s3://${bucket}/measure`, '--store-endpoint', endpoint],
    ready: `http://127.0.0.1:${port}/readyz`,
    target: ['--target', `ws://127.0.0.1:${port}/ws/`]
  }),
  hocuspocus: (port, endpoint) => ({
    program: process.execPath,
    args: [join(peers, 'hocuspocus.mjs'), String(port), `${endpoint}/${bucket}`],
    ready: `http://127.0.0.1:${port}/`,
    target: ['--target', `ws://127.0.0.1:${port}`, '--dialect', 'hocuspocus']
  })
}

const folder = mkdtempSync(join(tmpdir(), 'unisson-puts-'))
const started = []
const start = (program, args, more = {}) => {
  if (program.includes('/') && !existsSync(program)) throw new Error(`${program} is missing`)
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'], ...more })
  started.push(child)
  return child
}

try {
  const store = await freePort()
  start(join(cache, 'moto', 'bin', 'moto_server'), ['-H', '127.0.0.1', '-p', String(store)], { stdio: 'ignore' })
  const { server: proxy, counts } = counter(store)
  const endpoint = `http://127.0.0.1:${await listening(proxy)}`
  await answers(`http://127.0.0.1:${store}/${bucket}`, { method: 'PUT', headers: { 'x-amz-acl': 'public-read-write' } })
  const port = await freePort()
  const { program, args, ready, target } = commands[values.server](port, endpoint, folder)
  const server = start(program, args, { env: { ...process.env, ...keys, RUST_LOG: 'warn' } })
  await answers(ready)
  const before = { ...counts }
  const report = join(folder, 'report.json')
  const began = performance.now()
  const load = start(values.tool, ['run', ...target, '--scenario', 'F3', '--documents', values.documents, '--clients', '2', '--writers', '1',
    '--rate', values.rate, '--seconds', values.seconds, '--quiet', '--json', report], { stdio: ['ignore', 'ignore', 'inherit'] })
  // Counted is the time in which people type: not the connecting before, nor what follows.
  const exited = new Promise((resolve) => load.once('exit', resolve))
  const code = await exited
  const whole = (performance.now() - began) / 1_000
  const during = { ...counts }
  if (code !== 0) throw new Error(`the load failed with ${code}`)
  const end = new Promise((resolve) => server.once('exit', resolve))
  server.kill('SIGTERM')
  await end
  const hours = documents * seconds / 3_600
  const difference = (after, from) => Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - from[name]]))
  const [typed, stopped] = [difference(during, before), difference(counts, during)]
  console.log(JSON.stringify({
    server: values.server,
    documents,
    seconds,
    lettersPerSecond: Number(values.rate),
    wallSeconds: Math.round(whole),
    perDocumentHour: {
      puts: +(typed.PUT / hours).toFixed(1),
      segments: +(typed.segments / hours).toFixed(1),
      kilobytes: +(typed.written / hours / 1_000).toFixed(1),
      reads: +((typed.GET + typed.HEAD) / hours).toFixed(1)
    },
    while: typed,
    stopping: stopped,
    latency: JSON.parse(readFileSync(report, 'utf8')).latency ?? undefined
  }, null, 2))
} finally {
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
  process.exit()
}
