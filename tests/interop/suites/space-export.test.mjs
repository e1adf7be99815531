//! Whole spaces out and in: an archive of what one may read, and pages of archives of other wikis.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unzip, zip } from '../harness/archive.mjs'
import { SECRET } from '../harness/portal.mjs'
import { withServer } from '../harness/server.mjs'
import { as, call, done, makeSpace, tokens } from '../harness/spaces.mjs'

const settings = `[auth]\nsecret = ${JSON.stringify(SECRET)}\n`
const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452000000100000002008060000', 'hex'), Buffer.alloc(500, 7)])

const take = async (server, space, format, shown) => {
  const answer = await fetch(`${server.httpUrl}/api/v1/spaces/${space}/export?format=${format}`, { headers: { authorization: `Bearer ${shown}` } })
  assert.equal(answer.status, 200)
  return unzip(Buffer.from(await answer.arrayBuffer()))
}
const bring = async (server, space, name, body, shown, more = '') => {
  const answer = await fetch(`${server.httpUrl}/api/v1/spaces/${space}/import?name=${encodeURIComponent(name)}${more}`, {
    method: 'POST', headers: { authorization: `Bearer ${shown}` }, body
  })
  return { status: answer.status, body: await answer.json() }
}
const write = async (server, document, text) => {
  const answer = await fetch(`${server.httpUrl}/api/v1/documents/${encodeURIComponent(document)}/content?if=empty`, {
    method: 'POST', headers: { authorization: `Bearer ${tokens[0].value}`, 'content-type': 'text/markdown' }, body: text
  })
  assert.equal(answer.status, 200, await answer.text())
}
const read = async (server, document) => (await fetch(`${server.httpUrl}/api/v1/documents/${encodeURIComponent(document)}/content?format=markdown`, {
  headers: { authorization: `Bearer ${tokens[0].value}` }
})).text()

/** A small archive of a page of 120 MB. */
const bomb = (more) => zip({ 'page.md': Buffer.alloc(120 << 20, 'a') }, { deflated: true, ...more })

/** A space with a tree, a picture, links, and a page that readers do not see. */
const fill = async (server) => {
  await makeSpace(server, 'crisis', { reader: 'reader', editor: 'editor' })
  await done(server, 'POST', '/spaces/crisis/pages', { id: 'menus', title: 'Menus / été' })
  await done(server, 'POST', '/spaces/crisis/pages', { id: 'monday', title: 'Lundi', parent: 'menus' })
  await done(server, 'POST', '/spaces/crisis/pages', { id: 'hidden', title: 'Le secret' })
  await done(server, 'PATCH', '/spaces/crisis/pages/hidden', { readers: 'facilitator' })
  const added = await fetch(`${server.httpUrl}/api/v1/documents/spaces%2Fcrisis%2Fmonday/attachments?name=plan.png`, {
    method: 'POST', headers: { authorization: `Bearer ${tokens[0].value}` }, body: PNG
  })
  const { address } = await added.json()
  await write(server, 'spaces/crisis/menus', 'Voir [lundi](/s/crisis/monday#h-plat) et [le secret](/s/crisis/hidden).\n')
  await write(server, 'spaces/crisis/monday', `## Plat\n\n![le plan](${address})\n\n[retour](/s/crisis/menus)\n`)
  await write(server, 'spaces/crisis/hidden', 'Personne ne le sait.\n')
}

test('a reader takes what they may read, in folders, with links and pictures that lead somewhere', () => withServer({ settings, tokens }, async (server) => {
  await fill(server)
  const files = await take(server, 'crisis', 'markdown', as('reader'))
  assert.deepEqual(Object.keys(files).sort(), ['Menus - été.md', 'Menus - été/Lundi.files/plan.png', 'Menus - été/Lundi.md', 'Page.md'])
  const menus = files['Menus - été.md'].toString()
  assert.match(menus, /^---\ntitle: "Menus \/ été"\nsidebar_position: 2\n---\n/)
  assert.match(menus, /\[lundi\]\(Menus%20-%20%C3%A9t%C3%A9\/Lundi\.md#h-plat\)/)
  const monday = files['Menus - été/Lundi.md'].toString()
  assert.match(monday, /!\[le plan\]\(Lundi\.files\/plan\.png\)/)
  assert.match(monday, /\[retour\]\(\.\.\/Menus%20-%20%C3%A9t%C3%A9\.md\)/)
  assert.deepEqual(files['Menus - été/Lundi.files/plan.png'], PNG)
  assert.ok(!Object.values(files).some((file) => file.includes('Personne')))
  const all = await take(server, 'crisis', 'html', tokens[0].value)
  assert.match(all['Le secret.html'].toString(), /Personne ne le sait/)
  assert.match(all['index.html'].toString(), /<a href="Menus%20-%20%C3%A9t%C3%A9\/Lundi\.html">Lundi<\/a>/)
  for (const format of ['docx', 'odt']) {
    const office = await take(server, 'crisis', format, as('reader'))
    const inside = unzip(office[`Menus - été/Lundi.${format}`])
    assert.ok(Object.values(inside).some((part) => part.equals(PNG)), format)
  }
  assert.equal((await call(server, 'GET', '/spaces/crisis/export', undefined, { shown: as('stranger') })).status, 404)
}))

test('an archive of one\'s own comes back as the same tree', () => withServer({ settings, tokens }, async (server) => {
  await fill(server)
  for (const format of ['markdown', 'html', 'docx', 'odt']) {
    const id = `back-${format}`
    await done(server, 'POST', '/spaces', { id, title: format, owner: 'owner' })
    const answer = await fetch(`${server.httpUrl}/api/v1/spaces/crisis/export?format=${format}`, { headers: { authorization: `Bearer ${tokens[0].value}` } })
    const brought = await bring(server, id, 'crisis.zip', Buffer.from(await answer.arrayBuffer()), tokens[0].value)
    assert.equal(brought.status, 201, JSON.stringify(brought.body))
    const pages = brought.body.pages.filter(({ from }) => from !== 'index.html')
    assert.deepEqual(pages.map(({ title }) => title).sort(), ['Le secret', 'Lundi', 'Menus / été', 'Page'], format)
    const { pages: tree } = await done(server, 'GET', `/spaces/${id}/pages`)
    const [menus, monday] = ['Menus / été', 'Lundi'].map((title) => tree.find((page) => page.title === title))
    assert.equal(monday.parent, menus.id, format)
    const text = await read(server, monday.document)
    assert.match(text, /^## Plat$/m, format)
    assert.match(text, new RegExp(`\\[retour\\]\\(/s/${id}/${menus.id}\\)`), format)
    const address = /attachments\/[0-9a-f]{32}\/[^)]*/.exec(text)?.[0]
    const picture = await fetch(new URL(address, `${server.httpUrl}/api/v1/documents/${encodeURIComponent(monday.document)}/content`), {
      headers: { authorization: `Bearer ${tokens[0].value}` }
    })
    assert.deepEqual(Buffer.from(await picture.arrayBuffer()), PNG, format)
  }
}))

test('archives of Notion and Docusaurus become pages, and what was left out is said', () => withServer({ settings, tokens }, async (server) => {
  await makeSpace(server, 'crisis', { editor: 'editor', reader: 'reader' })
  const id = '0123456789abcdef0123456789abcdef'
  const notion = zip({
    [`Export/Plan ${id}.md`]: `# Plan\n\nVoir [le menu](Plan%20${id}/Menu%20${id}.md).\n`,
    [`Export/Plan ${id}/Menu ${id}.md`]: '# Menu\n\n![photo](photo.png)\n',
    [`Export/Plan ${id}/photo.png`]: PNG,
    'Export/run.exe': 'MZ',
    '../../etc/passwd': 'no'
  })
  const brought = await bring(server, 'crisis', 'notion.zip', notion, as('editor'), '&parent=page')
  assert.equal(brought.status, 201, JSON.stringify(brought.body))
  const [plan, menu] = brought.body.pages
  assert.deepEqual([plan.title, menu.title], ['Plan', 'Menu'])
  assert.equal(await read(server, plan.document), `Voir [le menu](/s/crisis/${menu.id}).\n`)
  assert.match(await read(server, menu.document), /^!\[photo\]\(attachments\/[0-9a-f]{32}\/photo\.png\)\n$/)
  const { pages } = await done(server, 'GET', '/spaces/crisis/pages')
  assert.deepEqual(pages.map(({ title, parent }) => [title, parent]), [['Page', null], ['Plan', 'page'], ['Menu', plan.id]])
  assert.deepEqual(brought.body.left_out.map(({ path, code }) => [path, code]).sort(), [['../../etc/passwd', 'outside'], ['run.exe', 'unused']])

  const docs = zip({ 'docs/02-guide/index.md': '---\ntitle: Guide\n---\nA', 'docs/02-guide/b.md': 'B', 'docs/01-intro.md': 'C' })
  const others = await bring(server, 'crisis', 'docs.zip', docs, as('editor'))
  assert.deepEqual(others.body.pages.map(({ title }) => title), ['Intro', 'Guide', 'B'])

  const one = await bring(server, 'crisis', 'Compte rendu.md', '# Réunion\n\nBonjour\n', as('editor'))
  assert.deepEqual(one.body.pages.map(({ title }) => title), ['Réunion'])

  for (const [name, body, shown, status, code] of [
    ['a.zip', 'no zip', as('editor'), 422, 'content'],
    ['a.zip', zip({ 'x.csv': '1' }), as('editor'), 422, 'content'],
    ['bomb.zip', bomb(), as('editor'), 413, 'too-large'],
    // What it says of its size is not believed.
    ['liar.zip', bomb({ says: 10 }), as('editor'), 422, 'content'],
    ['crowd.zip', zip(Object.fromEntries(Array.from({ length: 10_001 }, (_, n) => [`${n}.md`, '']))), as('editor'), 413, 'too-large'],
    ['a.exe', 'MZ', as('editor'), 400, 'attachment-name'],
    ['a.md', 'A', as('reader'), 403, 'role'],
    ['a.md', 'A', as('stranger'), 404, 'no-such-space']
  ]) {
    const refused = await bring(server, 'crisis', name, body, shown)
    assert.deepEqual([refused.status, refused.body.code], [status, code], `${name} ${code}`)
  }
}))
