//! What stands before an object store in an office: an authority of its own, and a proxy.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'

const openssl = (...words) => execFileSync('openssl', words, { stdio: 'ignore' })

/** An authority that nobody knows, and what it has signed for 127.0.0.1. */
const authority = (folder) => {
  const file = (name) => join(folder, name)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', '-x509', ...key, '-days', '2', '-subj', '/CN=Our authority', '-addext', 'keyUsage=keyCertSign', '-keyout', file('ca.key'), '-out', file('ca.pem'))
  openssl('req', ...key, '-subj', '/CN=store', '-keyout', file('store.key'), '-out', file('store.csr'))
  writeFileSync(file('extensions'), 'subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n')
  openssl('x509', '-req', '-in', file('store.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-days', '2',
    '-extfile', file('extensions'), '-out', file('store.pem'))
  return { ca: file('ca.pem'), key: readFileSync(file('store.key')), cert: readFileSync(file('store.pem')) }
}

const joined = (one, other) => {
  for (const [from, to] of [[one, other], [other, one]]) {
    from.pipe(to)
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
  }
}

const listening = async (server) => {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server.address().port
}

/**
 * Runs `body` with TLS before the store at `endpoint`, signed by an authority of its own, and a proxy that
 * lets nothing through but tunnels (`CONNECT`), which it counts.
 */
export const withStoreDoor = async (endpoint, body) => {
  const folder = mkdtempSync(join(tmpdir(), 'unisson-door-'))
  const { ca, key, cert } = authority(folder)
  const store = new URL(endpoint)
  const front = createTlsServer({ key, cert }, (socket) => joined(socket, connect(store.port, store.hostname)))
  const tunnels = []
  const proxy = createServer((_, response) => response.writeHead(405).end())
  proxy.on('connect', ({ url }, socket, head) => {
    tunnels.push(url)
    const [host, port] = url.split(':')
    const through = connect(port, host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      through.write(head)
      joined(socket, through)
    })
    through.on('error', () => socket.destroy())
    socket.on('error', () => through.destroy())
  })
  try {
    const address = `127.0.0.1:${await listening(front)}`
    const proxyUrl = `http://127.0.0.1:${await listening(proxy)}`
    return await body({ endpoint: `https://${address}`, address, ca, proxy: proxyUrl, tunnels })
  } finally {
    for (const server of [front, proxy]) server.close()
    proxy.closeAllConnections()
    rmSync(folder, { recursive: true, force: true })
  }
}
