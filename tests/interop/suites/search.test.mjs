//! Searching: what is written is found within seconds, by those who may read it and nobody else, and
//! the index survives whatever becomes of it.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { open } from '../harness/clients.mjs'
import { SECRET } from '../harness/portal.mjs'
import { skip, withBrowser } from '../harness/editors.mjs'
import { randomFrom, seed } from '../harness/random.mjs'
import { withServer } from '../harness/server.mjs'
import { as, call, done, makeSpace, tokens } from '../harness/spaces.mjs'
import { until } from '../harness/wait.mjs'

const settings = `[auth]\nsecret = ${JSON.stringify(SECRET)}\nleeway_s = 0\n`
const SOON_MS = 10_000
const run = promisify(execFile)

const withSpaces = (body) => withServer({ settings, tokens }, async (server) => {
  await makeSpace(server, 'team', { ann: 'editor', bob: 'editor' })
  await makeSpace(server, 'secret', { ann: 'editor' })
  return body(server)
})

const documentOf = (space, page) => `spaces/${space}/${page}`

/** Writes a page by the API, whether there is anything in it yet or not. */
const write = async (server, space, page, markdown, shown = as('ann')) => {
  for (const [method, query] of [['POST', '?if=empty'], ['PUT', '']]) {
    const answer = await fetch(`${server.httpUrl}/api/v1/documents/${encodeURIComponent(documentOf(space, page))}/content${query}`, {
      method, headers: { authorization: `Bearer ${shown}`, 'content-type': 'text/markdown' }, body: markdown
    })
    assert.ok(answer.ok, `${method} ${answer.status} ${await answer.text()}`)
  }
}

const search = (server, q, who, more = '') =>
  done(server, 'GET', `/search?q=${encodeURIComponent(q)}${more}`, undefined, { shown: who === null ? null : as(who) })

const names = async (server, q, who, more) => (await search(server, q, who, more)).hits.map(({ document }) => document)

/** What is found, or nothing while a server that has just begun opens its index. */
const perhaps = async (server, q, who) => {
  const answer = await call(server, 'GET', `/search?q=${encodeURIComponent(q)}`, undefined, { shown: who === null ? null : as(who) })
  if (answer.body.code === 'no-index') return null
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body.hits.map(({ document }) => document)
}

const found = (server, q, who, document, what = `${who} finds ${q}`) =>
  until(async () => (await perhaps(server, q, who))?.includes(document) === true, what, SOON_MS, 50)

const isGone = (server, q, who) =>
  until(async () => (await perhaps(server, q, who))?.length === 0, `${who} does not find ${q} any more`, SOON_MS, 50)

test('an edit in an editor is found within seconds, with the words marked', () => withSpaces(async (server) => {
  const client = open('hocuspocus 4', server, documentOf('team', 'page'), { token: as('ann') })
  try {
    await client.whenSynced()
    client.text.insert(0, "Les événements de l'été : le conseil d'école vote le budget.")
    await client.whenSaved()
    await found(server, 'evenement', 'bob', documentOf('team', 'page'))
    for (const q of ["conseil d'école", 'votes', 'bugdet', 'budg', '"conseil d’école"']) {
      const { hits: [hit] } = await search(server, q, 'bob')
      assert.equal(hit?.document, documentOf('team', 'page'), q)
    }
    const { hits: [hit] } = await search(server, 'événement', 'bob')
    assert.deepEqual([hit.space, hit.page, hit.title, hit.space_title], ['team', 'page', 'Page', 'team'])
    assert.deepEqual(hit.excerpt.filter((part) => part.hit).map((part) => part.text), ['événements'])
    client.text.delete(0, client.text.length)
    client.text.insert(0, 'autre chose')
    await client.whenSaved()
    await isGone(server, 'evenement', 'bob')
  } finally {
    client.destroy()
  }
}))

test('nobody finds what they may not read, nor learns that it is there', () => withSpaces(async (server) => {
  await done(server, 'POST', '/spaces/team/pages', { id: 'board', title: 'Zanzibar board' })
  await done(server, 'PATCH', '/spaces/team/pages/board', { readers: 'facilitator' })
  await write(server, 'team', 'page', 'zanzibar for everybody in the team')
  await write(server, 'secret', 'page', 'zanzibar for ann alone')
  await found(server, 'zanzibar', 'ann', documentOf('secret', 'page'))
  await found(server, 'zanzibar', 'owner', documentOf('team', 'board'))
  assert.deepEqual((await names(server, 'zanzibar', 'ann')).sort(), ['spaces/secret/page', 'spaces/team/page'])
  assert.deepEqual(await names(server, 'zanzibar', 'bob'), ['spaces/team/page'])
  assert.deepEqual(await names(server, 'zanzibar', 'stranger'), [])
  assert.deepEqual(await names(server, 'zanzibar', null), [], 'nobody who shows nothing')
  assert.deepEqual(await names(server, 'zanz', 'bob', '&titles=true'), [])
  assert.deepEqual(await names(server, 'zanzibar', 'bob', '&space=secret'), [])
  // One hit at a time: what is hidden moves no cursor.
  assert.equal((await search(server, 'zanzibar', 'bob', '&limit=1')).next, null)
  const first = await search(server, 'zanzibar', 'ann', '&limit=1')
  assert.equal(first.next, '1')
  assert.equal((await search(server, 'zanzibar', 'ann', `&limit=1&cursor=${first.next}`)).next, null)
  const bad = await call(server, 'GET', '/search?q=x', undefined, { shown: 'a token of nobody' })
  assert.equal(bad.status, 401)
  // Rights count when somebody asks, not when the page was read for the index.
  await done(server, 'PUT', '/spaces/secret/members/bob', { role: 'reader' })
  assert.deepEqual((await names(server, 'zanzibar', 'bob')).sort(), ['spaces/secret/page', 'spaces/team/page'])
  await done(server, 'DELETE', '/spaces/secret/members/bob')
  assert.deepEqual(await names(server, 'zanzibar', 'bob'), ['spaces/team/page'])
  await done(server, 'PATCH', '/spaces/team', { visibility: 'public' })
  assert.deepEqual(await names(server, 'zanzibar', null), ['spaces/team/page'], 'a public space is for everybody')
  const link = await done(server, 'POST', '/spaces/secret/links', { role: 'reader', page: 'page' })
  const guest = await done(server, 'GET', '/search?q=zanzibar', undefined, { shown: link.token })
  assert.deepEqual(guest.hits.map(({ document }) => document), ['spaces/secret/page'], 'a guest sees what the link is for')
}))

test('whatever somebody asks, they find pages that the tree shows them, and with the right words all of these', { timeout: 60_000 }, () => withServer({ settings, tokens }, async (server) => {
  console.log(`SEED=${seed}`)
  const random = randomFrom(seed)
  const roles = ['guest', 'reader', 'commenter', 'editor', 'facilitator', 'owner']
  const people = ['ann', 'bob', 'eve', null]
  const spaces = ['a', 'b', 'c']
  for (const space of spaces) {
    const visibility = random.pick(['public', 'signed-in', 'members'])
    await makeSpace(server, space, Object.fromEntries(people.filter((who) => who && random.below(2)).map((who) => [who, random.pick(roles)])), { visibility })
    const pages = ['page']
    for (let number = 0; number < 6; number += 1) {
      const id = `p${number}`
      await done(server, 'POST', `/spaces/${space}/pages`, { id, title: `Kiwi ${space} ${number}`, ...(random.below(2) && { parent: random.pick(pages) }) })
      pages.push(id)
    }
    for (const id of pages) {
      if (random.below(4) === 0) await done(server, 'PATCH', `/spaces/${space}/pages/${id}`, { readers: random.pick(roles.slice(1)) })
      if (random.below(4) === 0) await done(server, 'PUT', `/spaces/${space}/pages/${id}/grants/people/${random.pick(['ann', 'bob', 'eve'])}`, { role: random.pick(roles.slice(1, 4)) })
    }
    if (random.below(2)) await done(server, 'DELETE', `/spaces/${space}/pages/${random.pick(pages.slice(1))}`)
  }
  const shown = (who) => ({ shown: who === null ? null : as(who) })
  /** What the tree of each space shows somebody, without what is in the trash. */
  const visible = async (who) => {
    const found = []
    for (const space of spaces) {
      const { status, body } = await call(server, 'GET', `/spaces/${space}/pages`, undefined, shown(who))
      if (status !== 200) continue
      const pages = new Map(body.pages.map((page) => [page.id, page]))
      const isKept = (page) => page === undefined || (page.deleted_ms === undefined && isKept(pages.get(page.parent)))
      found.push(...body.pages.filter(isKept).map(({ document }) => document))
    }
    return found.sort()
  }
  const isKiwi = (name) => !name.endsWith('/page')
  const owner = (await visible('owner')).filter(isKiwi)
  await until(async () => (await names(server, 'kiwi', 'owner', '&limit=50')).length === owner.length, 'all is in the index', SOON_MS, 50)
  for (const who of [...people, 'owner']) {
    const everything = await visible(who)
    const expected = everything.filter(isKiwi)
    for (const q of ['kiwi', 'kiw', 'kiwo', '"kiwi"', 'KIWI -grape']) {
      assert.deepEqual((await names(server, q, who, '&limit=50')).sort(), expected, `${who} asks ${q}`)
    }
    const paged = []
    for (let cursor = '0'; cursor !== null;) {
      const part = await search(server, 'kiwi', who, `&limit=2&cursor=${cursor}`)
      paged.push(...part.hits.map(({ document }) => document))
      cursor = part.next
    }
    assert.deepEqual(paged.sort(), expected, `${who} in parts of two`)
    for (let round = 0; round < 10; round += 1) {
      const q = Array.from({ length: 1 + random.below(3) }, () => random.pick(['kiwi', 'a', 'b', 'c', '1', '2', '-3', 'k', '"kiwi a"', 'page', '*'])).join(' ')
      for (const name of await names(server, q, who, '&limit=50')) {
        assert.ok(everything.includes(name), `${who} asks ${q} and finds ${name}`)
      }
    }
  }
}))

test('titles are found while they are typed, renamed pages by their new one, deleted ones not at all', () => withSpaces(async (server) => {
  await done(server, 'POST', '/spaces/team/pages', { id: 'plan', title: 'Plan de continuité', parent: 'page' })
  const titles = (q) => search(server, q, 'bob', '&titles=true')
  await until(async () => (await titles('plan')).hits.length === 1, 'an empty page is found by its title', SOON_MS, 50)
  const { hits: [hit] } = await titles('continu')
  assert.deepEqual([hit.title, hit.above], ['Plan de continuité', ['Page']])
  assert.deepEqual(hit.title_parts.filter((part) => part.hit).map((part) => part.text), ['continuité'])
  await done(server, 'PATCH', '/spaces/team/pages/plan', { title: 'Gestion de crise' })
  await until(async () => (await titles('crise')).hits.length === 1 && (await titles('plan')).hits.length === 0, 'the new title', SOON_MS, 50)
  await done(server, 'DELETE', '/spaces/team/pages/page')
  assert.deepEqual(await names(server, 'crise', 'owner'), [], 'what lies below a deleted page is not found, at once')
  await done(server, 'POST', '/spaces/team/pages/page/restore')
  assert.deepEqual(await names(server, 'crise', 'owner'), [documentOf('team', 'plan')])
  await done(server, 'DELETE', '/spaces/team')
  assert.deepEqual(await names(server, 'crise', 'owner'), [], 'nor what is in a deleted space')
}))

const content = (folder) => readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
  const path = join(folder, entry.name)
  return entry.isDirectory() ? content(path) : [path]
})

test('trash, moving and erasing follow; an erased document leaves the files of the index', () => withServer({ settings, tokens }, async (server) => {
  const make = (name, text) => done(server, 'POST', '/documents', { name, content: text })
  const asOperator = async (q) => (await done(server, 'GET', `/search?q=${q}`)).hits.map(({ document }) => document)
  const becomes = (q, expected, what) =>
    until(async () => JSON.stringify(await asOperator(q)) === JSON.stringify(expected), what, SOON_MS, 50)
  await make('notes/a', '# Quetzalcoatl\n\nfirst')
  await make('notes/b', 'axolotl')
  await becomes('quetzalcoatl', ['notes/a'], 'a plain document is found')
  const hit = (await done(server, 'GET', '/search?q=first')).hits[0]
  assert.deepEqual([hit.title, hit.space], ['Quetzalcoatl', null])
  await done(server, 'POST', '/documents/notes%2Fa/move', { to: 'notes/c' })
  await becomes('quetzalcoatl', ['notes/c'], 'it is found where it is now')
  await done(server, 'DELETE', '/documents/notes%2Fc')
  assert.deepEqual(await asOperator('quetzalcoatl'), [], 'not in the trash, at once')
  await done(server, 'POST', '/documents/notes%2Fc/undelete')
  await becomes('quetzalcoatl', ['notes/c'], 'it is back')
  for (const name of ['notes%2Fa', 'notes%2Fc']) await done(server, 'DELETE', `/documents/${name}?erase=true`)
  await becomes('quetzalcoatl', [], 'erased')
  const index = join(server.data, 'index')
  const holds = (word) => content(index).some((file) => existsSync(file) && readFileSync(file).includes(word))
  await until(() => !holds('uetzalcoatl'), 'the index has nothing of it', SOON_MS, 100)
  assert.ok(holds('axolotl'), 'and still has the others')
}))

test('the index is up to date after kill -9, a damaged index is made anew, and reindex makes one', () => withSpaces(async (server) => {
  await write(server, 'team', 'page', 'before the crash: pangolin')
  await found(server, 'pangolin', 'bob', documentOf('team', 'page'))
  await write(server, 'team', 'page', 'just before the crash: okapi')
  await server.restart()
  await found(server, 'okapi', 'bob', documentOf('team', 'page'))
  assert.deepEqual(await names(server, 'pangolin', 'bob'), [])

  const index = join(server.data, 'index')
  for (const damage of [
    () => rmSync(index, { recursive: true }),
    () => content(index).filter((file) => statSync(file).size > 100).forEach((file) => truncateSync(file, 50)),
    () => content(index).filter((file) => file.endsWith('.json')).forEach((file) => writeFileSync(file, 'nonsense'))
  ]) {
    await server.kill()
    damage()
    await server.spawn()
    await found(server, 'okapi', 'bob', documentOf('team', 'page'), `it is found again after ${damage}`)
  }

  await server.terminate()
  const { stdout } = await run(process.env.UNISSON_BIN, ['reindex', '--data', server.data, '--json'])
  const report = JSON.parse(stdout)
  assert.deepEqual([report.indexed, report.failed], [2, 0])
  await server.spawn()
  await found(server, 'okapi', 'bob', documentOf('team', 'page'))
  const busy = await run(process.env.UNISSON_BIN, ['reindex', '--data', server.data]).catch((error) => error)
  assert.match(busy.stderr, /the server must be stopped/)
}))

test('files of the index that are cut while the server runs stop neither it nor an edit, and it is made anew', () => withSpaces(async (server) => {
  for (let n = 0; n < 5; n++) {
    await done(server, 'POST', '/spaces/team/pages', { id: `page${n}`, title: `Page ${n}` })
    await write(server, 'team', `page${n}`, `the okapi of page ${n}, ${'and more words '.repeat(200)}`)
  }
  await found(server, 'okapi', 'bob', documentOf('team', 'page4'))
  for (const kind of [/\.(idx|pos|store)$/, /\.(term|fast|fieldnorm)$/]) {
    const files = content(join(server.data, 'index')).filter((file) => kind.test(file))
    assert.notDeepEqual(files, [])
    for (const file of files) truncateSync(file, 20)
    await until(async () => {
      const answer = await call(server, 'GET', '/search?q=okapi', undefined, { shown: as('bob') })
      if (answer.status !== 200) assert.deepEqual([answer.status, answer.body.code], [503, 'no-index'])
      return answer.status === 200 && answer.body.hits.length === 5
    }, 'all is found again', 30_000, 100)
    await write(server, 'team', 'page', `written meanwhile: ${kind.source.length} quagga`)
    await until(async () => (await perhaps(server, 'quagga', 'bob'))?.includes(documentOf('team', 'page')), 'what is written goes on being found', 30_000, 100)
  }
}))

test('what is hostile is answered like anything else', () => withSpaces(async (server) => {
  await write(server, 'team', 'page', '`<script>alert(1)</script>` & "quotes"')
  await found(server, 'alert', 'bob', documentOf('team', 'page'))
  for (const q of ['', ' ', '*', '"', '-', '((((', 'a AND (b', 'x'.repeat(8_000), '"a b" '.repeat(500), '\u0000', '%', '<script>', 'spaces/secret/page']) {
    const answer = await call(server, 'GET', `/search?q=${encodeURIComponent(q)}`, undefined, { shown: as('bob') })
    assert.equal(answer.status, 200, q.slice(0, 20))
    for (const { document } of answer.body.hits) assert.equal(document, 'spaces/team/page')
  }
  for (const query of ['cursor=x', 'cursor=-1', 'limit=0', 'titles=perhaps']) {
    assert.equal((await call(server, 'GET', `/search?q=a&${query}`)).body.code, 'query', query)
  }
}))

test('what has happened is told to whoever may read it', () => withSpaces(async (server) => {
  await write(server, 'team', 'page', 'one', as('ann'))
  await write(server, 'secret', 'page', 'two', as('ann'))
  const activity = (path, who) => done(server, 'GET', path, undefined, { shown: as(who) })
  await until(async () => (await activity('/activity', 'ann')).activity.length === 2, 'both are told', SOON_MS, 50)
  const { activity: seen } = await activity('/activity', 'bob')
  assert.deepEqual(seen.map(({ document }) => document), ['spaces/team/page'])
  assert.deepEqual(seen[0].people.map(({ id }) => id), ['ann'])
  assert.equal((await activity('/spaces/secret/activity', 'bob')).activity.length, 0)
  assert.equal((await activity('/spaces/secret/activity', 'ann')).activity.length, 1)
  assert.equal((await activity('/activity?person=me', 'bob')).activity.length, 0)
  await write(server, 'team', 'page', 'three', as('bob'))
  await until(async () => (await activity('/activity?person=me', 'bob')).activity.length === 1, 'and bob’s own', SOON_MS, 50)
}))

test('links and tasks are found where they stand, by those who may read the page', () => withSpaces(async (server) => {
  await done(server, 'POST', '/spaces/team/pages', { id: 'plan', title: 'Plan' })
  const text = 'Voir [le plan](/s/team/plan).\n\n- [ ] Appeler la mairie [Bob](/-/people/bob) [1er décembre](/-/tasks?due=2026-12-01)\n- [x] Écrire [Bob](/-/people/bob)\n'
  await write(server, 'team', 'page', text)
  await write(server, 'secret', 'page', text)
  const get = (path, who) => done(server, 'GET', path, undefined, { shown: as(who) })
  const backlinks = `/documents/${encodeURIComponent(documentOf('team', 'plan'))}/backlinks`
  await until(async () => (await get(backlinks, 'ann')).links.length === 2, 'both link to the plan', SOON_MS, 50)
  assert.deepEqual((await get(backlinks, 'bob')).links.map(({ document, title }) => [document, title]), [['spaces/team/page', 'Page']])
  const { tasks } = await get('/tasks?assignee=me&state=open', 'bob')
  assert.deepEqual(tasks.map(({ document, due, done: isDone, assignee }) => [document, due, isDone, assignee]), [['spaces/team/page', '2026-12-01', false, 'bob']])
  assert.match(tasks[0].text, /Appeler la mairie/)
  assert.equal((await get('/tasks?assignee=bob', 'ann')).tasks.length, 2, 'ann reads both pages')
  assert.equal((await get('/tasks?state=done', 'bob')).tasks.length, 1)
  assert.equal((await get('/tasks', 'ann')).tasks.length, 0)
  assert.equal((await call(server, 'GET', '/tasks', undefined, { shown: null })).status, 401)
  assert.equal((await call(server, 'GET', backlinks, undefined, { shown: as('stranger') })).status, 403)
}))

const page = async (server, path, who) => {
  const answer = await fetch(server.httpUrl + path, { headers: { 'accept-language': 'fr', ...(who && { authorization: `Bearer ${as(who)}` }) } })
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() }
}

test('the pages of results and of what has happened need no script, and show text as text', () => withSpaces(async (server) => {
  const nasty = '<b>Menus & "plats"</b> \u0007'
  await done(server, 'PATCH', '/spaces/team/pages/page', { title: nasty.replace('\u0007', '').trim() })
  await write(server, 'team', 'page', 'Les menus de la cantine : `<script>alert(1)</script>` et des légumes.')
  await write(server, 'secret', 'page', 'Les menus secrets.')
  await found(server, 'légumes', 'bob', documentOf('team', 'page'))
  const results = await page(server, '/-/search?q=menu', 'bob')
  assert.equal(results.status, 200)
  assert.match(results.text, /Un résultat pour « menu »/)
  assert.match(results.text, /<mark>menus<\/mark> de la cantine : &lt;script&gt;alert/)
  assert.match(results.text, /<a href="\.\.\/s\/team\/page">&lt;b&gt;<mark>Menus<\/mark>/)
  assert.ok(!results.text.includes('secrets'))
  const hostile = await page(server, `/-/search?q=${encodeURIComponent('"><script>x')}&space=%22%3E%3Cscript%3E`, 'bob')
  assert.equal(hostile.status, 200)
  assert.ok(!hostile.text.includes('<script>x'))
  assert.match((await page(server, '/-/search?q=menu')).text, /Rien n’a été trouvé/)
  assert.match((await page(server, '/-/search?limit=x&cursor=y', 'bob')).text, /<h1>Recherche<\/h1>/)
  assert.match((await page(server, '/-/activity', 'bob')).text, /ann : écriture/)
  assert.ok(!(await page(server, '/-/activity', 'bob')).text.includes('/s/secret/'))
  assert.match((await page(server, '/s/team/-/activity', 'bob')).text, /href="\.\.\/\.\.\/\.\.\/s\/team\/page"/)
  const feed = await page(server, '/s/team/-/activity.atom', 'bob')
  assert.match(feed.type, /^application\/atom\+xml/)
  assert.match(feed.text, /<title>&lt;b&gt;Menus &amp; &quot;plats&quot;&lt;\/b&gt;<\/title>/)
  assert.ok(!feed.text.includes('secret'))
  assert.equal((await page(server, '/s/secret/-/activity.atom', 'bob')).status, 404)
}))

test('results change while one types, and are there by keyboard and for screen readers', { skip, timeout: 60_000 }, () =>
  withServer({}, async (server) => {
    await done(server, 'POST', '/spaces', { id: 'team', title: 'Équipe', owner: 'ann' }, { shown: null })
    await done(server, 'POST', '/spaces/team/pages', { id: 'budget', title: 'Budget primitif' }, { shown: null })
    await done(server, 'POST', '/spaces/team/pages', { id: 'plan', title: 'Plan de continuité' }, { shown: null })
    await until(async () => (await done(server, 'GET', '/search?q=budget', undefined, { shown: null })).hits.length === 1, 'it is found', SOON_MS, 50)
    await withBrowser(async (open) => {
      const visitor = await open(`${server.httpUrl}/-/search?q=budget`)
      const { page } = visitor
      await page.getByRole('link', { name: 'Budget primitif' }).waitFor()
      assert.deepEqual(await visitor.faults(), [])
      if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/search.png` })
      await page.locator('#asked').fill('contin')
      await page.getByRole('link', { name: 'Plan de continuité' }).waitFor()
      assert.equal(await page.getByRole('link', { name: 'Budget primitif' }).count(), 0)
      assert.match(await page.getByRole('status').textContent(), /contin/)
      assert.match(page.url(), /q=contin/)
      await page.setViewportSize({ width: 390, height: 800 })
      assert.deepEqual(await visitor.faults(), [])
      if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/search-phone.png` })
    })
  }))
