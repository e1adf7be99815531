//! Serves one example's folder, `node serve.mjs FOLDER`, as a portal would: with a strict content
//! security policy, and an address that hands out tokens to whoever is signed in.
//!
//! Everybody who comes is signed in as a guest: real portals know their people, see `portal/`.

import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize, resolve, sep } from 'node:path'
import { policy, settings, withServer } from './settings.mjs'
import { signToken } from './token.mjs'

const folder = resolve(process.argv[2] ?? '.')
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml'
}
/** Of the people who were here last; older ones are signed in anew. */
const GUESTS_MAX = 1_000
const guests = new Map()

/** Who asks, known by a cookie that no script can read. */
const guestOf = (request, response) => {
  const known = /(?:^|;\s*)guest=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1]
  const id = guests.has(known) ? known : randomUUID()
  if (!guests.has(id)) {
    if (guests.size >= GUESTS_MAX) guests.delete(guests.keys().next().value)
    guests.set(id, { id: `guest-${guests.size + 1}`, name: `Invité ${guests.size + 1}` })
    response.setHeader('set-cookie', `guest=${id}; Path=/; HttpOnly; SameSite=Lax`)
  }
  return guests.get(id)
}

const fileFor = (pathname) => {
  const path = normalize(join(folder, pathname.endsWith('/') ? `${pathname}index.html` : pathname))
  return path.startsWith(folder + sep) && extname(path) in TYPES ? path : null
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost')
  const guest = guestOf(request, response)
  response.setHeader('content-security-policy', policy)
  response.setHeader('x-content-type-options', 'nosniff')
  if (pathname === '/api/unisson-token') {
    const document = searchParams.get('document') ?? ''
    // Here a portal asks itself whether this person may see this document, and who may only read.
    if (!document.startsWith('examples/')) return response.writeHead(403).end()
    response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-store' })
    return response.end(signToken(settings.secret, { person: guest, document, role: 'editor' }))
  }
  try {
    const path = fileFor(decodeURIComponent(pathname))
    const text = await readFile(path ?? '', 'utf8')
    response.writeHead(200, { 'content-type': TYPES[extname(path)] }).end(withServer(text))
  } catch {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('There is nothing here.')
  }
})

server.listen(settings.port, '127.0.0.1', () => console.log(`open http://127.0.0.1:${server.address().port}`))
