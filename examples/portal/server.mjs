//! A classic portal: pages rendered on the server, sessions by cookie, jQuery and Bootstrap 3. It asks
//! nothing of Unisson; it signs, from its own session, what a person may do with a page.

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { policy, settings } from '../settings.mjs'
import { signToken } from '../token.mjs'
import { pages, people, sessionOf, signIn, signOut } from './people.mjs'
import { editPage, homePage, problemPage, signInPage } from './views.mjs'
import { wordsFor } from './words.mjs'

const require = createRequire(import.meta.url)
const own = (name) => new URL(`public/${name}`, import.meta.url)
const FILES = {
  '/lib/jquery.js': [require.resolve('jquery/dist/jquery.min.js'), 'text/javascript'],
  '/lib/bootstrap.js': [require.resolve('bootstrap/dist/js/bootstrap.min.js'), 'text/javascript'],
  '/lib/bootstrap.css': [require.resolve('bootstrap/dist/css/bootstrap.min.css'), 'text/css'],
  '/portal.js': [own('portal.js'), 'text/javascript'],
  '/editor.js': [own('editor.js'), 'text/javascript'],
  '/portal.css': [own('portal.css'), 'text/css']
}
const FORM_BYTES_MAX = 4 << 20

const readForm = async (request) => {
  const parts = []
  let bytes = 0
  for await (const part of request) {
    bytes += part.length
    if (bytes > FORM_BYTES_MAX) throw new Error('the form is too long')
    parts.push(part)
  }
  return new URLSearchParams(Buffer.concat(parts).toString())
}

const send = (response, status, type, body) => response.writeHead(status, { 'content-type': `${type}; charset=utf-8` }).end(body)
const html = (response, body, status = 200) => send(response, status, 'text/html', body)
const goTo = (response, location, cookie) => response.writeHead(303, { location, ...(cookie && { 'set-cookie': cookie }) }).end()

/** What the editor's script asks for: who somebody is and what they may do is the session's word alone. */
const token = (response, session, name) => {
  if (!pages.has(name)) return send(response, 404, 'text/plain', '')
  response.setHeader('cache-control', 'no-store')
  send(response, 200, 'text/plain', signToken(settings.secret, { person: session.person, document: `portal/${name}`, role: session.person.role }))
}

const publish = (response, session, name, form) => {
  if (session.person.role === 'reader') return send(response, 403, 'text/plain', '')
  const page = pages.get(name)
  // Forms send lines as mail does.
  page.markdown = (form.get('markdown') ?? '').replaceAll('\r\n', '\n')
  page.published = { by: session.person.name, at: new Date().toLocaleTimeString('fr') }
  goTo(response, `/pages/${name}`)
}

const post = async (request, response, words, path) => {
  const form = await readForm(request)
  if (path === '/sign-in') {
    const cookie = signIn(form.get('person'))
    return cookie === null ? html(response, signInPage(words, people), 403) : goTo(response, '/', cookie)
  }
  const session = sessionOf(request)
  if (session === null || form.get('csrf') !== session.csrf) return html(response, signInPage(words, people), 403)
  if (path === '/sign-out') return goTo(response, '/', signOut(session))
  const name = /^\/pages\/([a-z]+)$/.exec(path)?.[1]
  return pages.has(name) ? publish(response, session, name, form) : html(response, problemPage(words, session, words.notFound), 404)
}

const get = async (request, response, words, path) => {
  if (path in FILES) {
    const [file, type] = FILES[path]
    return send(response, 200, type, await readFile(file))
  }
  const session = sessionOf(request)
  if (session === null) return path.startsWith('/api/') ? send(response, 401, 'text/plain', '') : html(response, signInPage(words, people))
  if (path === '/') return html(response, homePage(words, session, pages))
  const [, kind, name] = /^\/(pages|api\/unisson-token|published)\/([a-z]+)$/.exec(path) ?? []
  if (!pages.has(name)) return html(response, problemPage(words, session, words.notFound), 404)
  if (kind === 'pages') return html(response, editPage(words, session, name, pages.get(name)))
  if (kind === 'published') return send(response, 200, 'text/markdown', pages.get(name).markdown)
  return token(response, session, name)
}

const server = createServer((request, response) => {
  response.setHeader('content-security-policy', policy)
  response.setHeader('x-content-type-options', 'nosniff')
  const path = new URL(request.url, 'http://localhost').pathname
  const words = wordsFor(request)
  const answering = request.method === 'POST' ? post(request, response, words, path) : get(request, response, words, path)
  answering.catch((error) => {
    console.error(error)
    if (!response.headersSent) send(response, 500, 'text/plain', '')
  })
})

server.listen(settings.port, '127.0.0.1', () => console.log(`open http://127.0.0.1:${server.address().port}`))
