//! What a page of a wiki holds, written in real browsers: links that follow, pages to be written, people, days, callouts,
//! a table of contents; and a stock TipTap beside it that loses nothing of anybody's text.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { agreed, skip, withBrowser } from '../harness/editors.mjs'
import { withServer } from '../harness/server.mjs'
import { call, done, makeSpace } from '../harness/spaces.mjs'
import { withTiptap } from '../harness/tiptap.mjs'
import { until } from '../harness/wait.mjs'

const options = { skip, timeout: 120_000 }
/** Nobody signs in: everybody may do everything. */
const open0 = { shown: null }

const markdownOf = async (server, document) => {
  const answer = await fetch(`${server.httpUrl}/api/v1/documents/${encodeURIComponent(document)}/content`, { headers: { accept: 'text/markdown' } })
  return answer.text()
}

const list = (person) => person.page.locator('unisson-editor').getByRole('listbox')
const option = (person, name) => list(person).getByRole('option', { name })

/** A space of canteens with pages `menus`, `soupes` and `page`. */
const canteens = async (server) => {
  await done(server, 'POST', '/spaces', { id: 'cantines', title: 'Cantines', owner: 'zoe' }, open0)
  for (const [id, title] of [['menus', 'Menus'], ['soupes', 'Soupes d’été'], ['page', 'Une page']]) {
    await done(server, 'POST', '/spaces/cantines/pages', { id, title }, open0)
  }
  for (const [user, name] of [['u1', 'Anne Martin'], ['u2', 'Bilal Roy']]) {
    await done(server, 'PUT', `/spaces/cantines/members/${user}`, { role: 'editor', name }, open0)
  }
}

test('links by [[ follow a renamed page, and a link to no page creates it', options, () => withServer({}, (server) => withBrowser(async (open) => {
  await canteens(server)
  const [ann, bilal] = await Promise.all(['Anne', 'Bilal'].map((name) => open(`${server.httpUrl}/d/spaces/cantines/menus`, { name })))
  await Promise.all([ann.synced(), bilal.synced()])
  await ann.text.click()
  await ann.type('Voir [[soupes d’ete')
  await option(ann, 'Soupes d’été').waitFor()
  // Screen readers hear of the list while the caret stays in the text.
  const chosen = await ann.text.getAttribute('aria-activedescendant')
  assert.equal(await ann.page.locator(`unisson-editor #${chosen}`).textContent(), 'Soupes d’été')
  assert.deepEqual(await ann.faults(), [])
  await ann.press('Enter')
  await ann.type(' et [[Pain bio]]')
  await option(ann, 'Lien vers « Pain bio »').waitFor()
  await ann.press('Enter')
  await ann.type('.')
  await agreed([ann, bilal])
  await ann.saved()
  const text = await markdownOf(server, 'spaces/cantines/menus')
  assert.equal(text, 'Voir [Soupes d’été](/s/cantines/soupes "Soupes d’été") et [Pain bio](/s/cantines/-/new?title=Pain%20bio).\n')

  // Renamed by somebody else: both read the new title, and the words in the document stay.
  await done(server, 'PATCH', '/spaces/cantines/pages/soupes', { title: 'Soupes de saison' }, open0)
  for (const person of [ann, bilal]) {
    await person.page.evaluate(() => window.dispatchEvent(new Event('focus')))
    await person.text.getByText('Soupes de saison').waitFor()
    assert.equal(await person.text.getByText('Soupes d’été').isVisible(), false)
  }
  // The link is one thing: one key goes past it, one takes it away, one brings it back.
  await ann.caret('Voir', 5)
  await ann.press('ArrowRight')
  // The browser moves the caret, the editor hears of it a moment later.
  await until(async () => (await ann.around())[0] === 'Voir Soupes d’été', 'the caret is behind the link')
  await ann.press('Backspace')
  await until(async () => !(await bilal.markdown()).includes('Soupes'), 'it is gone for both')
  await ann.press('Control+z')
  await until(async () => (await bilal.markdown()).includes('Soupes d’été'), 'it is back for both')

  await bilal.text.getByText('Pain bio').click()
  await until(async () => (await ann.markdown()).includes('"Pain bio"'), 'the link leads to the page')
  const { pages } = await done(server, 'GET', '/spaces/cantines/pages', undefined, open0)
  const made = pages.filter(({ title }) => title === 'Pain bio')
  assert.equal(made.length, 1)
  assert.ok((await agreed([ann, bilal])).includes(`](/s/cantines/${made[0].id} "Pain bio")`))
})))

test('a task names who and when, by keys alone; callouts, contents and Escape', options, () => withServer({}, (server) => withBrowser(async (open) => {
  await canteens(server)
  const ann = await open(`${server.httpUrl}/d/spaces/cantines/page`, { name: 'Anne' })
  await ann.synced()
  await ann.text.click()
  await ann.type('/somm')
  await option(ann, 'Sommaire').waitFor()
  await ann.press('Enter')
  await ann.type('## Légumes')
  await ann.press('Enter')
  await ann.type('[ ] commander les poireaux @bil')
  await option(ann, '@Bilal Roy').waitFor()
  await ann.press('Enter')
  await ann.type(' @2027-03-01')
  await option(ann, '1 mars 2027').waitFor()
  await ann.press('Enter')
  await ann.press('Enter')
  await ann.press('Enter')
  await ann.type('/attention')
  await option(ann, 'Attention').waitFor()
  await ann.press('Enter')
  await ann.type('Lavez-les.')
  await ann.saved()
  await ann.text.getByRole('navigation', { name: 'Sommaire' }).getByRole('button', { name: 'Légumes' }).waitFor()
  assert.equal(await markdownOf(server, 'spaces/cantines/page'), [
    '[Sommaire](#toc)', '', '## Légumes', '',
    '- [ ] commander les poireaux [@Bilal Roy](/-/people/u2) [1 mars 2027](/-/tasks?due=2027-03-01)', '',
    '> [!WARNING]', '> Lavez-les.', ''
  ].join('\n'))
  assert.deepEqual(await ann.faults(), [])
  // The bar changes how a callout is meant.
  await ann.tool('Danger').click()
  await until(async () => (await ann.markdown()).includes('[!CAUTION]'), 'the callout is one of danger')
  if (process.env.PICTURES) await ann.page.screenshot({ path: `${process.env.PICTURES}/editor-wiki.png` })
  // Escape leaves what was typed, and an address is no question.
  await ann.type(' a@b.fr @ann')
  await option(ann, '@Anne Martin').waitFor()
  await ann.press('Escape')
  await list(ann).waitFor({ state: 'detached' })
  await ann.type('e')
  assert.equal(await list(ann).count(), 0)
  assert.ok((await ann.markdown()).includes('a@b.fr @anne'))
})))

test('a stock TipTap on the same page loses nothing of what the wiki adds', options, () => withServer({ environment: { UNISSON_INSECURE: 'true' } }, (server) => withTiptap((pages) => withBrowser(async (open) => {
  await canteens(server)
  const document = 'spaces/cantines/page'
  const before = [
    '[Sommaire](#toc)', '', '# Titre', '',
    'Voir [Menus](/s/cantines/menus "Menus"), [Pain](/s/cantines/-/new?title=Pain), [@Anne](/-/people/u1), [1 mars](/-/tasks?due=2027-03-01).', '',
    '> [!TIP]', '> Goûtez.', ''
  ].join('\n')
  await put(server, document, before)
  const stock = await open(`${pages}/stock`)
  await stock.page.evaluate(([url, name]) => window.start(url, name), [`${server.webSocketUrl}/hocuspocus`, document])
  await until(() => stock.page.evaluate(() => window.isSynced()), 'TipTap is in sync')
  // Opening changes nothing; typing in a paragraph with links keeps them.
  assert.equal(await markdownOf(server, document), before)
  await stock.page.evaluate(() => {
    const { editor } = window
    let end = 0
    editor.state.doc.descendants((node, position) => { if (node.isTextblock && node.textContent.startsWith('Voir')) end = position + node.nodeSize - 1 })
    editor.chain().focus().setTextSelection(end).insertContent(' Merci !').run()
  })
  await until(() => stock.page.evaluate(() => window.isSynced()), 'TipTap has saved')
  // It takes attributes away that it does not know: a callout may lose its colour, and is a quote with all its words.
  const words = async () => (await markdownOf(server, document)).replace('> [!TIP]\n', '')
  assert.equal(await words(), before.replace('> [!TIP]\n', '').replace('2027-03-01).', '2027-03-01). Merci \\!'))
  await stock.page.evaluate(() => {
    const { editor } = window
    let end = 0
    editor.state.doc.descendants((node, position) => { if (node.isTextblock && node.textContent === 'Goûtez.') end = position + node.nodeSize - 1 })
    editor.chain().focus().setTextSelection(end).insertContent(' Encore.').run()
  })
  await until(async () => (await words()).includes('\n> Goûtez. Encore.\n'), 'the words are there')
}))))

const put = async (server, document, markdown) => {
  const answer = await fetch(`${server.httpUrl}/api/v1/documents/${encodeURIComponent(document)}/content?if=empty`, { method: 'POST', headers: { 'content-type': 'text/markdown' }, body: markdown })
  assert.ok(answer.ok, await answer.text())
}

test('a page that is read shows what pages are called now, and what links here and who does what have screens', options, () => withServer({}, (server) => withBrowser(async (open) => {
  await canteens(server)
  await put(server, 'spaces/cantines/page', [
    '[Sommaire](#toc)', '', '## Légumes', '',
    'Voir [Menus](/s/cantines/menus "Menus"), [Pain](/s/cantines/-/new?title=Pain), [rien](/s/cantines/rien "rien") et [@Anne](/-/people/u1).', '',
    '> [!CAUTION]', '> Brûlant.', '', '- [ ] laver [1 mars 2020](/-/tasks?due=2020-03-01)', '- [x] éplucher', '- [ ] goûter', ''
  ].join('\n'))
  await done(server, 'PATCH', '/spaces/cantines/pages/menus', { title: 'Menus & <idées>' }, open0)
  const reader = await open(`${server.httpUrl}/s/cantines/page`)
  const text = reader.page.locator('article.text')
  await text.getByRole('link', { name: 'Menus & <idées>' }).waitFor()
  assert.equal(await text.getByRole('link', { name: 'Pain' }).getAttribute('class'), 'page-link new-page')
  assert.equal(await text.getByRole('link', { name: 'rien' }).getAttribute('class'), 'page-link missing')
  assert.match(await text.locator('.callout[data-callout="danger"]').innerText(), /^Danger\s+Brûlant\.$/)
  await text.getByRole('navigation', { name: 'Sommaire' }).getByRole('link', { name: 'Légumes' }).click()
  assert.equal(new URL(reader.page.url()).hash, `#${encodeURIComponent('h-légumes')}`)
  assert.deepEqual(await reader.faults(), [])
  if (process.env.PICTURES) await reader.page.screenshot({ path: `${process.env.PICTURES}/reading-wiki.png` })
  // Once the page that was to be written is there, the link leads to it.
  const { id } = await done(server, 'POST', '/spaces/cantines/pages', { title: 'Pain' }, open0)
  await reader.page.reload()
  await text.getByRole('link', { name: 'Pain' }).click()
  await reader.page.waitForURL(`**/s/cantines/${id}`)

  const found = async (path, key) => (await done(server, 'GET', path, undefined, open0))[key].length
  await until(() => found(`/documents/${encodeURIComponent('spaces/cantines/menus')}/backlinks`, 'links').then((count) => count === 1), 'the link is known', 20_000, 200)
  await reader.page.goto(`${server.httpUrl}/s/cantines/menus/-/backlinks`)
  await reader.page.locator('unisson-backlinks').getByRole('link', { name: 'Une page' }).waitFor()
  assert.deepEqual(await reader.faults(), [])
  await until(() => found('/tasks', 'tasks').then((count) => count === 2), 'the tasks are known', 20_000, 200)
  // Nobody signs in: what is nobody's is everybody's.
  await reader.page.goto(`${server.httpUrl}/-/tasks`)
  const tasks = reader.page.locator('unisson-tasks')
  await tasks.getByRole('heading', { name: 'En retard' }).waitFor()
  assert.deepEqual(await tasks.getByRole('listitem').getByRole('link').allInnerTexts(), ['laver 1 mars 2020', 'goûter'])
  assert.deepEqual(await reader.faults(), [])
  if (process.env.PICTURES) await reader.page.screenshot({ path: `${process.env.PICTURES}/tasks.png` })
  await tasks.getByRole('button', { name: 'Faites' }).click()
  await tasks.getByRole('link', { name: 'éplucher' }).click()
  await reader.page.waitForURL('**/s/cantines/page')
})))

test('titles are told to whoever may read the page, and to nobody else', { timeout: 60_000 }, async () => {
  const { SECRET } = await import('../harness/portal.mjs')
  const { as, tokens } = await import('../harness/spaces.mjs')
  await withServer({ settings: `[auth]\nsecret = ${JSON.stringify(SECRET)}\n`, tokens }, async (server) => {
    await makeSpace(server, 'team', { ann: 'reader', bob: 'facilitator' })
    await makeSpace(server, 'other')
    await done(server, 'POST', '/spaces/team/pages', { id: 'hidden', title: 'Plan secret' })
    await done(server, 'PATCH', '/spaces/team/pages/hidden', { readers: 'facilitator' })
    await done(server, 'POST', '/spaces/team/pages', { id: 'gone', title: 'Corbeille' })
    await done(server, 'DELETE', '/spaces/team/pages/gone')
    const names = [['team', 'page'], ['team', 'hidden'], ['team', 'gone'], ['team', 'none'], ['other', 'page'], ['nowhere', 'page'], ['../x', 'page']]
    const question = { pages: names.map(([space, page]) => ({ space, page })) }
    const titles = async (shown) => {
      const { pages } = await done(server, 'POST', '/pages/titles', question, { shown })
      return pages.map(({ space, page, title }) => `${space}/${page} ${title}`)
    }
    assert.deepEqual(await titles(as('ann')), ['team/page Page'])
    assert.deepEqual(await titles(as('bob')), ['team/page Page', 'team/hidden Plan secret'])
    assert.deepEqual(await titles(null), [])
    const many = { pages: Array.from({ length: 101 }, () => ({ space: 'team', page: 'page' })) }
    const refused = await call(server, 'POST', '/pages/titles', many)
    assert.deepEqual([refused.status, refused.body.code], [400, 'pages'])
    assert.equal((await call(server, 'POST', '/pages/titles', { pages: [{ space: 'team' }] })).body.code, 'body')
  })
})
