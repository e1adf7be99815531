//! Starts, kills and restarts the release binary on a free loopback port and a folder of its own.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until, pause } from './wait.mjs'

export const BINARY = process.env.UNISSON_BIN
const LOG_LINES_MAX = 400
const running = new Set()

// A failing test must not leave servers behind.
process.on('exit', () => running.forEach((server) => server.child?.kill('SIGKILL')))

/** A port that was free a moment ago; the same one serves all restarts of a server. */
export const freePort = () => new Promise((resolve, reject) => {
  const probe = createServer()
  probe.once('error', reject)
  probe.listen(0, '127.0.0.1', () => {
    const { port } = probe.address()
    probe.close(() => resolve(port))
  })
})

/** The tokens of the suites, in the settings file's own words. */
const tokenSettings = (tokens) => tokens.map(({ value, access, prefix, user }) => [
  '[[auth.tokens]]',
  `value = ${JSON.stringify(value)}`,
  `access = ${JSON.stringify(access)}`,
  ...(prefix === undefined ? [] : [`prefix = ${JSON.stringify(prefix)}`]),
  ...(user === undefined ? [] : [`user = ${JSON.stringify(user)}`])
].join('\n')).join('\n')

/** One server process and its data folder. */
export class UnissonServer {
  /**
   * @param {{ tokens?: Array<{value: string, access: string, prefix?: string, user?: string}>,
   *   settings?: string | ((server: UnissonServer) => string | Promise<string>), logs?: (text: string) => void, data?: string,
   *   openFiles?: number, environment?: Record<string, string> }} options
   */
  static async start (options = {}) {
    if (!BINARY) throw new Error('UNISSON_BIN names no binary: run `make test` or `node run.mjs`')
    const server = new this()
    server.options = options
    server.home = mkdtempSync(join(tmpdir(), 'unisson-e2e-'))
    server.data = options.data ?? join(server.home, 'data')
    server.port = await freePort()
    server.log = []
    await server.spawn()
    return server
  }

  get webSocketUrl () { return `ws://127.0.0.1:${this.port}` }
  get httpUrl () { return `http://127.0.0.1:${this.port}` }

  /** Starts the process again on the same port and folder, and waits until it is ready. */
  async spawn () {
    const args = ['serve', '--listen', `127.0.0.1:${this.port}`, '--data', this.data]
    if (this.options.tokens || this.options.settings) {
      const settings = join(this.home, 'unisson.toml')
      const own = typeof this.options.settings === 'function' ? await this.options.settings(this) : this.options.settings
      writeFileSync(settings, `${own ?? ''}\n${tokenSettings(this.options.tokens ?? [])}`)
      args.push('--config', settings)
    }
    // As a system would start it that gives little and allows more.
    const few = this.options.openFiles ? ['sh', '-c', `ulimit -S -n ${this.options.openFiles}; exec "$0" "$@"`] : []
    const [program, ...rest] = [...few, BINARY, ...args]
    const child = spawn(program, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      // With an object store the index would stay in this machine's cache.
      env: { ...process.env, UNISSON_INDEX: join(this.data, 'index'), ...this.options.environment }
    })
    this.child = child
    this.exited = new Promise((resolve) => child.once('exit', (code, signal) => {
      if (this.child === child) this.child = null
      resolve({ code, signal })
    }))
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.log.push(text)
        this.options.logs?.(text)
        if (this.log.length > LOG_LINES_MAX) this.log.shift()
      })
    }
    child.once('error', (error) => this.log.push(String(error)))
    running.add(this)
    const ready = async () => {
      if (this.child !== child) throw new Error(`the server ended at start:\n${this.log.join('')}`)
      return (await this.get('/readyz'))?.ok ?? false
    }
    await until(ready, 'the server is ready', 20_000, 10)
  }

  /** A request that answers null while nobody listens. */
  async get (path) {
    return fetch(this.httpUrl + path, { signal: AbortSignal.timeout(5_000) }).catch(() => null)
  }

  /** `kill -9`, as a power cut would for this process; resolves when it is gone. */
  async kill () {
    this.child?.kill('SIGKILL')
    return this.exited
  }

  /** SIGTERM: the orderly end. Resolves with the exit code. */
  async terminate () {
    this.child?.kill('SIGTERM')
    return this.exited
  }

  async restart () {
    await this.kill()
    await this.spawn()
  }

  /** The resident memory in bytes. */
  residentBytes () {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) * 1024
  }

  /** Ends the process and removes its folder. */
  async dispose () {
    await this.kill()
    running.delete(this)
    // The last file may still be closing on a slow disk.
    await pause(0)
    rmSync(this.home, { recursive: true, force: true })
  }
}

/** Runs `body` with a fresh server, and shows the end of its log when the test fails. */
export const withServer = async (options, body) => {
  const server = await UnissonServer.start(options)
  try {
    return await body(server)
  } catch (error) {
    console.error(`--- end of the server's log\n${server.log.join('').slice(-4_000)}---`)
    throw error
  } finally {
    await server.dispose()
  }
}
