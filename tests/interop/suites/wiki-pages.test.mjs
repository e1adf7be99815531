//! The wiki's pages as readers open them: without a script, by the thousand, and never more than they may see.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { open as openClient } from '../harness/clients.mjs'
import { skip, withBrowser } from '../harness/editors.mjs'
import { SECRET } from '../harness/portal.mjs'
import { withServer } from '../harness/server.mjs'
import { as, done, makeSpace, tokens } from '../harness/spaces.mjs'
import { until } from '../harness/wait.mjs'

const settings = `[auth]\nsecret = ${JSON.stringify(SECRET)}\n`

/** A page as somebody gets it; `null` shows nothing. */
const get = async (server, path, { shown = null, headers = {} } = {}) => {
  const response = await fetch(`${server.httpUrl}${path}`, {
    redirect: 'manual',
    headers: { 'accept-language': 'en', ...(shown === null ? {} : { authorization: `Bearer ${shown}` }), ...headers }
  })
  return { status: response.status, headers: response.headers, etag: response.headers.get('etag'), html: await response.text() }
}

/** Makes a page say this. A document that nobody has written in is not there yet. */
const write = async (server, page, text, form = 'text/markdown') => {
  const send = (method, query = '') => fetch(`${server.httpUrl}/api/v1/documents/${encodeURIComponent(`spaces/${page}`)}/content${query}`, {
    method, headers: { authorization: `Bearer ${tokens[0].value}`, 'content-type': form }, body: text
  })
  const replaced = await send('PUT')
  const response = replaced.status === 404 ? await send('POST', '?if=empty') : replaced
  assert.equal(response.status, 200, await response.text())
}

const renderings = async (server) => Number(/^unisson_renderings_total (\d+)/m.exec(await (await server.get('/metrics')).text())[1])

const PROTOCOL = `# Hygiene protocol

Wash your hands **before** and *after*.

## Temperatures

| Dish | Core |
| --- | --- |
| Chicken | 74 °C |

- [x] Read it
- [ ] Sign it

See [the menus](/s/canteen/menus) and [the ministry](https://example.org/a?b=1&c=2).

\`\`\`
if (a < b) { "quoted" }
\`\`\`
`

/** A public space with some pages, and one that is hidden. */
const canteen = async (server, more = { visibility: 'public', anonymous_role: 'reader', signed_in_role: 'reader' }) => {
  await makeSpace(server, 'canteen', { ann: 'editor', fay: 'facilitator' }, { title: 'Canteens & kitchens', ...more })
  await done(server, 'PATCH', '/spaces/canteen/pages/page', { title: 'Hygiene <protocol>' })
  for (const [id, title, parent] of [['menus', 'Menus', undefined], ['monday', 'Monday', 'menus'], ['wages', 'Secret wages', undefined], ['raise', 'Secret raise', 'wages']]) {
    await done(server, 'POST', '/spaces/canteen/pages', { id, title, parent })
  }
  await done(server, 'PATCH', '/spaces/canteen/pages/wages', { readers: 'facilitator' })
  await write(server, 'canteen/page', PROTOCOL)
}

test('a page is read without a script: text, table, ticks, links, and where one is', { timeout: 60_000 }, () => withServer({ settings, tokens }, async (server) => {
  await canteen(server)
  const { status, html, headers } = await get(server, '/s/canteen/page')
  assert.equal(status, 200)
  assert.match(html, /<html lang="en"/)
  assert.match(html, /<title>Hygiene &lt;protocol&gt; · Canteens &amp; kitchens · Unisson<\/title>/)
  assert.match(html, /<strong>before<\/strong>/)
  assert.match(html, /<div class="scroll" role="group" tabindex="0" aria-label="Table"><table>/)
  assert.match(html, /<input type="checkbox" disabled checked aria-label="done">/)
  assert.match(html, /<h2 id="h-temperatures">/)
  assert.match(html, /href="\.\.\/\.\.\/s\/canteen\/menus"/)
  assert.match(html, /href="https:\/\/example\.org\/a\?b=1&amp;c=2"/)
  assert.ok(html.includes('if (a &lt; b) { &quot;quoted&quot; }'))
  assert.ok(!html.includes('<unisson-editor'), 'no editor before somebody asks for it')
  assert.match(headers.get('content-security-policy'), /default-src 'none'; script-src 'self'/)
  const french = await get(server, '/s/canteen/page?lang=fr')
  assert.match(french.html, /<html lang="fr"/)
  assert.match(french.html, /aria-label="Tableau"/)
  assert.match(french.html, /aria-label="fait"/)
  const cookie = french.headers.get('set-cookie').split(';')[0]
  assert.match((await get(server, '/s/canteen', { headers: { cookie } })).html, /<html lang="fr"/)
}))

test('what somebody may not see is told to them in no way', { timeout: 60_000 }, () => withServer({ settings, tokens }, async (server) => {
  await canteen(server)
  const fay = as('fay')
  const ann = as('ann')
  const hidden = async (shown, why) => {
    for (const path of ['/', '/s/canteen', '/s/canteen/menus', '/s/canteen/monday', '/s/canteen/-/activity', '/s/canteen/page/-/history', '/s/canteen/-/new?title=x']) {
      assert.ok(!(await get(server, path, { shown })).html.includes('Secret'), `${why}: ${path}`)
    }
    const absent = await get(server, '/s/canteen/nothing', { shown })
    for (const path of ['/s/canteen/wages', '/s/canteen/raise', '/s/canteen/wages?edit', '/s/canteen/raise/-/history']) {
      const { status, html } = await get(server, path, { shown })
      assert.equal(status, 404, `${why}: ${path}`)
      // Not even in how the refusal looks, the address beside the sign-in aside.
      assert.equal(html.replaceAll(/\.\.\//g, ''), absent.html.replaceAll(/\.\.\//g, ''), `${why}: ${path}`)
    }
  }
  await hidden(null, 'anybody')
  await hidden(ann, 'an editor')
  const shown = await get(server, '/s/canteen/raise', { shown: fay })
  assert.equal(shown.status, 200)
  assert.match(shown.html, /Secret wages/)

  await done(server, 'DELETE', '/spaces/canteen/pages/menus')
  assert.equal((await get(server, '/s/canteen/monday', { shown: ann })).status, 404)
  assert.ok(!(await get(server, '/s/canteen/page', { shown: ann })).html.includes('Monday'))
  assert.match((await get(server, '/s/canteen/menus', { shown: fay })).html, /in the trash/)

  await done(server, 'PATCH', '/spaces/canteen/pages/page', { locked: true })
  const locked = await get(server, '/s/canteen/page', { shown: ann })
  assert.match(locked.html, /This page is locked/)
  assert.ok(!locked.html.includes('?edit'), 'nobody is sent to what they may not do')
  assert.ok(!(await get(server, '/s/canteen/page?edit', { shown: ann })).html.includes('<unisson-editor'))

  await done(server, 'PATCH', '/spaces/canteen', { visibility: 'members' })
  const stranger = await get(server, '/s/canteen/page')
  assert.equal(stranger.status, 401)
  assert.equal((await get(server, '/s/nothing/page')).html, stranger.html)
  assert.ok(!(await get(server, '/')).html.includes('Canteens'))
  assert.equal((await get(server, '/s/canteen/page', { shown: as('bob') })).status, 404)
}))

test('the guest of a link comes in by a name and a password, sees that page and nothing around it', { timeout: 60_000 }, () => withServer({ settings, tokens }, async (server) => {
  await canteen(server, { visibility: 'members' })
  const link = await done(server, 'POST', '/spaces/canteen/links', { role: 'editor', page: 'page', password: 'printemps 2027' })
  const sent = await get(server, `/s/canteen/page?link=${link.token}`)
  assert.equal(sent.status, 303)
  const door = new URL(sent.headers.get('location'), `${server.httpUrl}/s/canteen/page`)
  const asked = await get(server, door.pathname + door.search)
  assert.match(asked.html, /You have been sent a link/)
  assert.match(asked.html, /type="password"/)
  const enter = (fields) => fetch(`${server.httpUrl}/-/enter`, {
    method: 'POST', redirect: 'manual', headers: { 'accept-language': 'en', origin: server.httpUrl },
    body: new URLSearchParams({ link: link.token, to: 's/canteen/page', ...fields })
  })
  assert.equal((await enter({ name: 'Zoé', password: 'hiver' })).status, 403)
  assert.equal((await enter({ name: ' ', password: 'printemps 2027' })).status, 400)
  const foreign = await enter({ name: 'Zoé', password: 'printemps 2027', to: '//evil.example' })
  assert.equal(new URL(foreign.headers.get('location'), `${server.httpUrl}/-/enter`).origin, server.httpUrl)
  const come = await enter({ name: 'Zoé', password: 'printemps 2027' })
  assert.equal(come.status, 303)
  assert.equal(new URL(come.headers.get('location'), `${server.httpUrl}/-/enter`).pathname, '/s/canteen/page')
  const cookie = come.headers.get('set-cookie')
  assert.match(cookie, /HttpOnly; SameSite=Lax/)
  assert.ok(!cookie.includes(link.token), 'the secret is in no cookie')
  const guest = (path, headers = {}) => get(server, path, { headers: { cookie: cookie.split(';')[0], ...headers } })
  const page = await guest('/s/canteen/page')
  assert.equal(page.status, 200)
  assert.match(page.html, /Wash your hands/)
  assert.match(page.html, /Zoé \(guest\)/)
  assert.match((await guest('/s/canteen/page?edit')).html, /<unisson-editor/)
  assert.equal((await guest('/s/canteen/menus')).status, 404)
  assert.ok(!(await guest('/s/canteen/page')).html.includes('Menus'))
  // Cookies do not count for pages of other sites.
  assert.equal((await guest('/s/canteen/page', { origin: 'https://evil.example' })).status, 401)
  // Somebody who shows more is who they are.
  assert.ok((await guest('/s/canteen/page', { authorization: `Bearer ${as('fay')}` })).html.includes('Menus'))
  await done(server, 'DELETE', `/spaces/canteen/links/${link.id}`)
  assert.equal((await guest('/s/canteen/page')).status, 401)
  assert.equal((await get(server, door.pathname + door.search)).status, 404)
}))

test('names and texts of people stay text wherever they stand', { timeout: 60_000 }, () => withServer({ settings, tokens }, async (server) => {
  const nasty = '"><script>alert(1)</script>{root}&amp;<unisson-editor>'
  await makeSpace(server, 'team', { ann: 'owner' }, { title: nasty })
  await done(server, 'PATCH', '/spaces/team/pages/page', { title: nasty })
  await done(server, 'POST', '/spaces/team/pages', { id: 'below', title: nasty, parent: 'page' })
  await write(server, 'team/page', JSON.stringify({ type: 'doc', content: [
    { type: 'paragraph', content: [{ type: 'text', text: `${nasty}<table><img >` }] },
    { type: 'paragraph', content: [{ type: 'text', text: 'link', marks: [{ type: 'link', attrs: { href: 'javascript:alert(1)' } }] }] },
    { type: 'image', attrs: { src: '"onerror="alert(1)', alt: nasty } }
  ] }), 'application/vnd.prosemirror+json')
  const ann = as('ann', { name: nasty })
  for (const path of ['/', '/s/team', '/s/team/page', '/s/team/below', '/s/team/page?edit', '/s/team/page/-/history', `/s/team/-/new?title=${encodeURIComponent(nasty)}`]) {
    const { status, html } = await get(server, path, { shown: ann })
    assert.equal(status, 200, path)
    assert.ok(!html.includes('<script>alert'), path)
    assert.ok(!/<[^>]* onerror=|href="javascript:/.test(html), path)
    assert.ok(html.includes('{root}'), `${path}: a name that looks like a place is none`)
  }
}))

test('a page is asked for again in vain until it changes, for whoever it changes', { timeout: 60_000 }, () => withServer({ settings, tokens }, async (server) => {
  await canteen(server)
  const ann = as('ann')
  const first = await get(server, '/s/canteen/page', { shown: ann })
  assert.equal(first.headers.get('cache-control'), 'private, no-cache')
  const again = (shown = ann, etag = first.etag) => get(server, '/s/canteen/page', { shown, headers: { 'if-none-match': etag } })
  assert.equal((await again()).status, 304)
  assert.equal((await again()).html, '')
  const anybody = await get(server, '/s/canteen/page')
  assert.match(anybody.headers.get('cache-control'), /^public, max-age=\d+$/)
  assert.match(anybody.headers.get('vary'), /accept-language, cookie, authorization/)
  assert.notEqual(anybody.etag, first.etag, 'an editor is offered to write')
  // Another page's title is beside this one.
  await done(server, 'PATCH', '/spaces/canteen/pages/menus', { title: 'Menus of the week' })
  const renamed = await again()
  assert.equal(renamed.status, 200)
  // What only a facilitator sees changes nothing for the others.
  await done(server, 'PATCH', '/spaces/canteen/pages/wages', { title: 'Secret pay' })
  assert.equal((await again(ann, renamed.etag)).status, 304)
  await write(server, 'canteen/page', 'Other words')
  const changed = await again(ann, renamed.etag)
  assert.equal(changed.status, 200)
  assert.match(changed.html, /Other words/)
  await done(server, 'DELETE', '/spaces/canteen/members/ann')
  assert.ok(!(await again(ann, changed.etag)).html.includes('?edit'))
}))

test('1,400 people read a page that three people write', { timeout: 120_000 }, () => withServer({ settings, tokens }, async (server) => {
  await canteen(server)
  await get(server, '/s/canteen/page')
  const before = await renderings(server)
  const writers = ['y-websocket 3', 'hocuspocus 3', 'hocuspocus 4'].map((kind) => openClient(kind, server, 'spaces/canteen/page', { token: as('ann', { life: 300 }) }))
  try {
    await Promise.all(writers.map((writer) => writer.whenSynced()))
    const tags = new Map()
    let reading = true
    let seen = 0
    const readers = Array.from({ length: 1_400 }, (_, number) => `reader ${number}`)
    const read = async () => {
      for (let reader = readers.pop(); reader !== undefined; reader = readers.pop()) {
        for (const etag of [undefined, 'again']) {
          const { status, etag: now } = await get(server, '/s/canteen/page', { headers: etag === undefined ? {} : { 'if-none-match': tags.get(reader) } })
          assert.ok(status === 200 || status === 304, `${status}`)
          tags.set(reader, now)
        }
        seen += 1
      }
    }
    const crowd = Promise.all(Array.from({ length: 40 }, read)).then(() => { reading = false })
    let edits = 0
    while (reading) {
      const writer = writers[edits % 3]
      const text = `edit ${edits} is there`
      const paragraph = new Y.XmlElement('paragraph')
      paragraph.insert(0, [new Y.XmlText(text)])
      writer.doc.getXmlFragment('default').insert(0, [paragraph])
      await writer.whenSaved()
      // What was called saved is what the next reader gets.
      assert.ok((await get(server, '/s/canteen/page')).html.includes(text), text)
      edits += 1
    }
    await crowd
    assert.equal(seen, 1_400)
    assert.ok(edits > 3, `${edits} edits beside the readers`)
    const made = await renderings(server) - before
    assert.ok(made <= 3 * edits + 3, `${made} renderings for ${edits} edits and 2,800 reads`)
    const quiet = await get(server, '/s/canteen/page')
    await Promise.all(Array.from({ length: 100 }, async () => {
      assert.equal((await get(server, '/s/canteen/page', { headers: { 'if-none-match': quiet.etag } })).status, 304)
    }))
    // Once more at most: the log's segment may be sealed just now.
    assert.ok(await renderings(server) - before <= made + 1, 'a page that does not change is rendered no more')
  } finally {
    writers.forEach((writer) => writer.destroy())
  }
}))

test('readers open no document', { timeout: 60_000 }, () => withServer({ settings, tokens }, async (server) => {
  await canteen(server)
  const openDocuments = async () => Number(/^unisson_documents (\d+)/m.exec(await (await server.get('/metrics')).text())[1])
  await server.restart()
  for (const path of ['/', '/s/canteen', '/s/canteen/page', '/s/canteen/menus']) assert.equal((await get(server, path)).status, 200, path)
  assert.equal(await openDocuments(), 0)
}))

test('a page is added by a plain form, and not by another site', { timeout: 60_000 }, () => withServer({ settings, tokens }, async (server) => {
  await canteen(server)
  const ann = as('ann')
  const cookie = `unisson_token=${ann}`
  const send = (fields, headers = {}) => fetch(`${server.httpUrl}/s/canteen/-/new`, {
    method: 'POST', redirect: 'manual', body: new URLSearchParams(fields), headers: { origin: server.httpUrl, 'accept-language': 'en', ...headers }
  })
  const form = await get(server, '/s/canteen/-/new?title=Jeudi%20%26%20vendredi', { shown: ann })
  assert.match(form.html, /name="title"[^>]*value="Jeudi &amp; vendredi"/)
  assert.match(form.html, /<option value="monday">/)
  const sent = await send({ title: 'Jeudi & vendredi', parent: 'menus' }, { authorization: `Bearer ${ann}` })
  assert.equal(sent.status, 303)
  const to = new URL(sent.headers.get('location'), `${server.httpUrl}/s/canteen/-/new`)
  assert.match((await get(server, to.pathname + to.search, { shown: ann })).html, /<unisson-editor document="spaces\/canteen\//)
  const blank = await send({ title: '  ' }, { authorization: `Bearer ${ann}` })
  assert.equal(blank.status, 400)
  assert.match(await blank.text(), /aria-invalid="true"/)
  assert.equal((await send({ title: 'x' })).status, 403)
  assert.notEqual((await send({ title: 'x', parent: 'wages' }, { authorization: `Bearer ${ann}` })).status, 303)
  const foreign = await send({ title: 'Vandal' }, { cookie, origin: 'https://evil.example' })
  assert.notEqual(foreign.status, 303)
  assert.ok(!(await get(server, '/s/canteen', { shown: ann })).html.includes('Vandal'))
}))

test('pages hold below a path, and addresses that are none get a page that says so', { timeout: 60_000 }, () => withServer({ settings: `${settings}[http]\nbase_path = "/unisson"\n`, tokens }, async (server) => {
  await canteen(server)
  const seen = new Set()
  const visit = async (address) => {
    const { pathname, search } = new URL(address)
    if (seen.has(pathname + search)) return
    seen.add(pathname + search)
    const { status, html, headers } = await get(server, pathname + search)
    assert.equal(status, 200, pathname)
    if (!(headers.get('content-type') ?? '').startsWith('text/html') || pathname.endsWith('/api/v1')) return
    for (const [, link] of html.matchAll(/ (?:href|src)="([^"#][^"]*)"/g)) {
      const next = new URL(link.replaceAll('&amp;', '&'), address)
      if (next.origin !== server.httpUrl) continue
      assert.ok(next.pathname.startsWith('/unisson/'), `${link} on ${pathname}`)
      if (seen.size < 40) await visit(next)
    }
  }
  await visit(`${server.httpUrl}/unisson/`)
  assert.ok(seen.size > 10)
  const nothing = await get(server, '/unisson/-/nothing')
  assert.equal(nothing.status, 404)
  assert.match(nothing.html, /<h1>There is nothing here<\/h1>/)
}))

const SIZES = [{ width: 1280, height: 800 }, { width: 390, height: 844 }, { width: 320, height: 640 }]

test('every page is for everybody: axe, phones, letters of twice the size, with and without JavaScript', { skip, timeout: 180_000 }, () => withServer({}, async (server) => {
  await makeSpace(server, 'canteen', {}, { title: 'Cantines' })
  await done(server, 'POST', '/spaces/canteen/pages', { id: 'below', title: 'Les menus de la semaine prochaine', parent: 'page' })
  await write(server, 'canteen/page', `${PROTOCOL}\n| ${'Une colonne assez large | '.repeat(9)}\n|${' --- |'.repeat(9)}\n| ${'une-cellule-insécable | '.repeat(9)}\n`)
  const paths = ['/', '/s/canteen', '/s/canteen/page', '/s/canteen/below', '/s/canteen/-/new', '/-/about', '/-/nothing']
  await withBrowser(async (open) => {
    for (const hasScripts of [false, true]) {
      const person = await open(`${server.httpUrl}/healthz`)
      // What looks for faults is a script itself, so those of the pages are kept away one by one.
      if (!hasScripts) await person.page.route('**/*.js', (route) => route.abort())
      for (const [at, path] of paths.entries()) {
        await person.page.emulateMedia({ colorScheme: at % 2 === 0 ? 'light' : 'dark' })
        await person.page.setViewportSize(SIZES[at % SIZES.length])
        await person.page.goto(server.httpUrl + path)
        assert.deepEqual(await person.faults(), [], `${path}, ${hasScripts ? 'with' : 'without'} scripts`)
        for (const viewport of SIZES) {
          await person.page.setViewportSize(viewport)
          const over = await person.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
          assert.ok(over <= 0, `${path} at ${viewport.width}: ${over} pixels too wide`)
          if (process.env.PICTURES) await person.page.screenshot({ path: `${process.env.PICTURES}/wiki${path.replaceAll('/', '_')}-${viewport.width}-${hasScripts ? 'js' : 'plain'}.png`, fullPage: true })
        }
      }
      await person.page.context().close()
    }
  })
}))

test('a reader goes by keys alone, and a page costs little', { skip, timeout: 120_000 }, () => withServer({}, async (server) => {
  await makeSpace(server, 'canteen', {}, { title: 'Cantines' })
  for (let number = 0; number < 60; number++) await done(server, 'POST', '/spaces/canteen/pages', { title: `Une page parmi d’autres, numéro ${number}` })
  await write(server, 'canteen/page', PROTOCOL.repeat(8))
  await withBrowser(async (open) => {
    const { page } = await open(`${server.httpUrl}/`, { javaScriptEnabled: false })
    const session = await page.context().newCDPSession(page)
    await session.send('Network.enable')
    let bytes = 0
    const asked = new Map()
    session.on('Network.requestWillBeSent', ({ requestId, request }) => asked.set(requestId, request.url))
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => { if (asked.has(requestId)) bytes += encodedDataLength })
    await page.goto(`${server.httpUrl}/s/canteen/page`)
    await until(async () => bytes > 0, 'it is loaded')
    assert.ok(bytes < 100_000, `${bytes} bytes: ${[...asked.values()].join(' ')}`)
    assert.ok(![...asked.values()].some((url) => url.includes('/ws/') || url.endsWith('.js')), 'no socket and no script')

    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Aller au contenu')
    assert.ok(await page.evaluate(() => document.activeElement.getBoundingClientRect().top >= 0), 'it is seen when it is reached')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    assert.ok(await page.evaluate(() => document.activeElement.closest('main') !== null), 'past the head')
    const ring = () => page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle)
    for (let step = 0; step < 12; step++) {
      assert.notEqual(await ring(), 'none', 'one sees where one is')
      await page.keyboard.press('Tab')
    }
  })
}))

test('a page prints as text, without what is around it', { skip, timeout: 60_000 }, () => withServer({}, async (server) => {
  await makeSpace(server, 'canteen', {}, { title: 'Cantines' })
  await write(server, 'canteen/page', PROTOCOL)
  await withBrowser(async (open) => {
    const { page } = await open(`${server.httpUrl}/s/canteen/page`, { javaScriptEnabled: false })
    await page.emulateMedia({ media: 'print' })
    for (const part of ['.top', '.tools', '.beside', '.skip']) assert.equal(await page.locator(part).isVisible(), false, part)
    assert.ok(await page.getByRole('heading', { name: 'Temperatures' }).isVisible())
    const pdf = await page.pdf({ tagged: true, outline: true })
    assert.equal(pdf.subarray(0, 5).toString(), '%PDF-')
    assert.match(pdf.toString('latin1'), /\/StructTreeRoot/, 'it is tagged for those who listen to it')
    assert.match(pdf.toString('latin1'), /\/Lang \(fr/)
  })
}))
