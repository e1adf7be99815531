//! nginx, HAProxy and Caddy with exactly the files of `docs/operations/examples`, on ports and files of their own.

import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from './server.mjs'
import { until } from './wait.mjs'

const examples = join(dirname(fileURLToPath(import.meta.url)), '../../../docs/operations/examples')
const LOG_CHARACTERS_MAX = 20_000
const running = new Set()
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))

const found = (name) => ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin'].map((folder) => join(folder, name)).find(existsSync)

/** Why a test with them is skipped, if it is. */
export const skip = ['nginx', 'haproxy', 'caddy'].every(found) ? false : 'nginx, haproxy or caddy is missing: scripts/setup proxies'

/** A certificate for both names of the examples; `name` tells one from another. */
export const certificate = (folder, name = 'portal.example') => {
  const [key, chain] = [join(folder, 'key.pem'), join(folder, 'chain.pem')]
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
    '-addext', `subjectAltName=DNS:portal.example,DNS:docs.example,DNS:${name},IP:127.0.0.1`, '-keyout', key, '-out', chain
  ], { stdio: 'ignore' })
  return { key, chain, ca: readFileSync(chain, 'utf8') }
}

/** A text in place of another one that must be there. */
const put = (text, from, to) => {
  if (!text.includes(from)) throw new Error(`the example has no ${JSON.stringify(from)}`)
  return text.replaceAll(from, to)
}

const frontends = {
  nginx: (folder, port, server) => {
    let text = readFileSync(join(examples, 'nginx.conf'), 'utf8')
    text = put(text, 'listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    text = put(text, '/etc/ssl/unisson/', `${folder}/`)
    text = put(text, '127.0.0.1:4444', `127.0.0.1:${server.port}`)
    // Where it may write without being root; it warns that it cannot raise limits, and goes on.
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${folder}/${what};`)
    text = put(text, 'access_log off;', `access_log off; ${temporary.join(' ')}`)
    text = put(text, 'worker_processes auto;', 'worker_processes 1;')
    text = put(text, '    worker_connections 32768;', '    worker_connections 4096;')
    text = put(text, 'worker_rlimit_nofile 65536;', '')
    const file = join(folder, 'nginx.conf')
    writeFileSync(file, text)
    return [found('nginx'), ['-p', folder, '-c', file, '-e', join(folder, 'error.log'), '-g', `daemon off; pid ${folder}/pid;${process.getuid() === 0 ? ' user root;' : ''}`]]
  },
  haproxy: (folder, port, server) => {
    let text = readFileSync(join(examples, 'haproxy.cfg'), 'utf8')
    text = put(text, 'bind :443 ssl', `bind 127.0.0.1:${port} ssl`)
    text = put(text, '/etc/ssl/unisson/', `${folder}/`)
    text = put(text, '127.0.0.1:4444', `127.0.0.1:${server.port}`)
    text = put(text, 'maxconn 40000', 'maxconn 4000')
    const file = join(folder, 'haproxy.cfg')
    writeFileSync(file, text)
    writeFileSync(join(folder, 'all.pem'), readFileSync(join(folder, 'chain.pem'), 'utf8') + readFileSync(join(folder, 'key.pem'), 'utf8'))
    return [found('haproxy'), ['-db', '-f', file]]
  },
  caddy: (folder, port, server) => {
    let text = readFileSync(join(examples, 'Caddyfile'), 'utf8')
    // A certificate of the suite's own in place of one that Caddy would fetch, and nothing of the machine's.
    const options = `{\n\tadmin off\n\tauto_https disable_redirects\n\tstorage file_system ${folder}/caddy\n\tdefault_sni docs.example\n\thttps_port ${port}\n\tdefault_bind 127.0.0.1\n}\n`
    const tls = `\ttls ${folder}/chain.pem ${folder}/key.pem\n`
    for (const host of ['docs.example', 'portal.example']) text = put(text, `${host} {\n`, `${host} {\n${tls}`)
    text = put(text, '127.0.0.1:4444', `127.0.0.1:${server.port}`)
    const file = join(folder, 'Caddyfile')
    writeFileSync(file, options + text)
    return [found('caddy'), ['run', '--adapter', 'caddyfile', '--config', file]]
  }
}

export const frontendNames = Object.keys(frontends)

const answers = (port) => new Promise((resolve) => {
  const socket = connect(port, '127.0.0.1')
  socket.once('connect', () => { socket.destroy(); resolve(true) })
  socket.once('error', () => resolve(false))
})

/** Runs `body` with a proxy of that name before a server. */
export const withFrontend = async (name, server, body) => {
  const folder = mkdtempSync(join(tmpdir(), `unisson-${name}-`))
  const { ca } = certificate(folder)
  const port = await freePort()
  const [program, args] = frontends[name](folder, port, server)
  // Caddy keeps a copy of its settings below the home of whoever runs it.
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder } })
  running.add(child)
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => { log = (log + text).slice(-LOG_CHARACTERS_MAX) })
  }
  const exited = new Promise((resolve) => child.once('exit', resolve))
  try {
    await until(() => child.exitCode === null ? answers(port) : Promise.reject(new Error(`${name} ended:\n${log}`)), `${name} listens`, 10_000, 20)
    return await body({ name, port, ca, raw: { port, tls: { servername: 'portal.example', ca } } })
  } catch (error) {
    console.error(`--- end of the log of ${name}\n${log}---`)
    throw error
  } finally {
    child.kill('SIGTERM')
    await exited
    running.delete(child)
    rmSync(folder, { recursive: true, force: true })
  }
}
