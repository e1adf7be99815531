//! What concerns somebody, by the API and by webhooks: told once, to those who may read it.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { SECRET } from '../harness/portal.mjs'
import { EVENTS, webhookSettings, withReceiver } from '../harness/receiver.mjs'
import { withServer } from '../harness/server.mjs'
import { as, call, done, makeSpace, tokens } from '../harness/spaces.mjs'
import { pause, until } from '../harness/wait.mjs'

const options = { timeout: 120_000 }
const SOON_MS = 20_000
const run = promisify(execFile)
const settings = (receiver, more) => `[auth]\nsecret = ${JSON.stringify(SECRET)}\n${EVENTS}${receiver === null ? '' : webhookSettings(receiver, more)}`
const person = (id, name = id) => `[@${name}](/-/people/${id})`
const day = (text) => `[${text}](/-/tasks?due=${text})`

/** Writes a page by the API, whether there is anything in it yet or not. */
const write = async (server, space, page, markdown, who = 'ann') => {
  for (const [method, query] of [['POST', '?if=empty'], ['PUT', '']]) {
    const answer = await fetch(`${server.httpUrl}/api/v1/documents/${encodeURIComponent(`spaces/${space}/${page}`)}/content${query}`, {
      method, headers: { authorization: `Bearer ${as(who)}`, 'content-type': 'text/markdown' }, body: markdown
    })
    assert.ok(answer.ok, `${method} ${answer.status} ${await answer.text()}`)
  }
}

const news = (server, who, query = '') => done(server, 'GET', `/news${query}`, undefined, { shown: as(who) })
const unseen = async (server, who) => (await done(server, 'GET', '/news/count', undefined, { shown: as(who) })).unseen
const kinds = async (server, who) => (await news(server, who)).news.map(({ kind }) => kind)
const comes = (server, who, expected) => {
  let last = []
  return until(async () => JSON.stringify(last = await kinds(server, who)) === JSON.stringify(expected), () => `${who} has ${expected}, not ${last}`, SOON_MS, 50)
}

const withTeam = (receiver, body, more) => withServer({ settings: settings(receiver, more), tokens }, async (server) => {
  await makeSpace(server, 'team', { ann: 'editor', bob: 'editor', cleo: 'commenter' })
  return body(server)
})

test('a task that gets a person, another day, and is done, is told with who did it and how it was before', options, () => withReceiver((receiver) => withTeam(receiver, async (server) => {
  const told = (type, count) => until(() => receiver.kinds().filter((kind) => kind === type).length === count, () => `${count} ${type}: ${receiver.kinds()}`, SOON_MS, 50)
  await write(server, 'team', 'page', `- [ ] order leek ${person('bob')}\n- [ ] wash\n`)
  await told('task.assigned', 1)
  await write(server, 'team', 'page', `- [ ] order leek ${person('bob')} ${day('2026-12-01')}\n- [ ] wash\n`)
  await told('task.assigned', 2)
  await write(server, 'team', 'page', `- [x] order leek ${person('bob')} ${day('2026-12-01')}\n- [ ] wash\n`, 'bob')
  await told('task.done', 1)
  const of = (type) => receiver.taken.filter((message) => message.type === type).map(({ data }) => data)
  const [first, second] = of('task.assigned')
  assert.deepEqual([first.document, first.assignee, first.due, first.before, first.by.id], ['spaces/team/page', 'bob', null, { assignee: null, due: null }, 'ann'])
  assert.match(first.text, /order leek @bob/)
  assert.deepEqual([second.due, second.before], ['2026-12-01', { assignee: 'bob', due: null }])
  assert.deepEqual([of('task.done')[0].assignee, of('task.done')[0].by.id], ['bob', 'bob'])
  assert.deepEqual(of('page.mentioned').map((data) => [data.person, data.by.id]), [['bob', 'ann']])
  // Once more the same words are no news, and neither is a restart.
  await server.restart()
  await write(server, 'team', 'page', `Intro.\n\n- [x] order leek ${person('bob')} ${day('2026-12-01')}\n- [ ] wash\n`)
  await pause(4_000)
  const own = receiver.taken.filter(({ type }) => /^(task|page)\./.test(type))
  assert.equal(new Set(own.map(({ id }) => id)).size, 4, 'each was told under one id')
  assert.deepEqual(await kinds(server, 'ann'), [])
})))

test('kill -9 between an edit and the news of it loses nothing, and a receiver hears of it under one id', options, () => withReceiver((receiver) => withTeam(receiver, async (server) => {
  // The index has the page before it is quiet.
  await write(server, 'team', 'page', `Ask ${person('bob')} about pangolins.\n`)
  await until(async () => (await call(server, 'GET', '/search?q=pangolins', undefined, { shown: as('ann') })).body.hits?.length === 1, 'it is found', SOON_MS, 10)
  await server.restart()
  await until(() => receiver.kinds().includes('page.mentioned'), 'it is told after the restart', SOON_MS, 50)
  await comes(server, 'bob', ['mention'])
  await server.restart()
  await pause(4_000)
  assert.equal(new Set(receiver.taken.filter(({ type }) => type === 'page.mentioned').map(({ id }) => id)).size, 1)
  assert.deepEqual(await kinds(server, 'bob'), ['mention'])
}, { events: ['page.mentioned'] })))

test('people read what concerns them where they may read the page, and see how much of it is new', options, () => withTeam(null, async (server) => {
  await write(server, 'team', 'page', `Ask ${person('bob', 'Bob')} and ${person('mallory')}.\n\n- [ ] order leek ${person('bob', 'Bob')} ${day('2026-12-01')}\n`)
  let items = []
  // The words come from the index, which may be a moment behind.
  await until(async () => (items = (await news(server, 'bob')).news).filter(({ text }) => text !== null).length === 2, 'both are told', SOON_MS, 50)
  const by = Object.fromEntries(items.map((item) => [item.kind, item]))
  assert.deepEqual([by.task.due, by.task.done, by.task.by.id, by.task.space, by.task.page, by.task.title], ['2026-12-01', false, 'ann', 'team', 'page', 'Page'])
  assert.match(by.task.text, /order leek/)
  assert.match(by.mention.text, /Ask @Bob/)
  assert.equal(await unseen(server, 'bob'), 2)
  // Nobody hears of their own doing, nor of what they may not read.
  assert.deepEqual(await kinds(server, 'ann'), [])
  assert.deepEqual(await kinds(server, 'mallory'), [])
  assert.equal(await unseen(server, 'mallory'), 0)

  const comments = '/documents/spaces%2Fteam%2Fpage/comments'
  const thread = await done(server, 'POST', comments, { text: 'Is this so, @bob?', mentions: ['bob'] }, { shown: as('cleo') })
  await done(server, 'POST', `${comments}/${thread.id}`, { text: 'It is.' }, { shown: as('bob') })
  assert.deepEqual((await kinds(server, 'bob')).sort(), ['comment', 'mention', 'task'])
  assert.deepEqual(await kinds(server, 'cleo'), ['answer'])
  assert.equal((await news(server, 'cleo')).news[0].text, 'It is.')
  await done(server, 'DELETE', `${comments}/${thread.id}/${(await done(server, 'GET', `${comments}/${thread.id}`)).comments[1].id}`, undefined, { shown: as('bob') })
  assert.deepEqual(await kinds(server, 'cleo'), [], 'what was taken back is gone')

  // Parts, in order, and each once.
  const parts = []
  let cursor = ''
  do {
    const part = await news(server, 'bob', `?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`)
    parts.push(...part.news.map(({ id }) => id))
    cursor = part.next ?? ''
  } while (cursor !== '')
  assert.deepEqual(parts, (await news(server, 'bob')).news.map(({ id }) => id))

  const [newest] = (await news(server, 'bob')).news
  await done(server, 'POST', '/news/seen', { until_ms: newest.at_ms }, { shown: as('bob') })
  assert.equal(await unseen(server, 'bob'), 0)
  await done(server, 'POST', '/news/seen', { until_ms: 5 }, { shown: as('bob') })
  assert.equal(await unseen(server, 'bob'), 0, 'it never goes back')
  await server.restart()
  assert.equal(await unseen(server, 'bob'), 0, 'and is kept')
  assert.deepEqual((await kinds(server, 'bob')).sort(), ['comment', 'mention', 'task'])

  // Whoever loses the right loses the news, and the titles with it.
  await done(server, 'DELETE', '/spaces/team/members/bob')
  assert.deepEqual(await kinds(server, 'bob'), [])
  await done(server, 'PUT', '/spaces/team/members/bob', { role: 'reader' })
  assert.equal((await kinds(server, 'bob')).length, 3, 'and has them back with it')
  await done(server, 'DELETE', '/news', undefined, { shown: as('bob') })
  assert.deepEqual(await kinds(server, 'bob'), [], 'until they are forgotten')
  assert.equal((await call(server, 'GET', '/news', undefined, { shown: null })).status, 401)
  assert.equal((await call(server, 'GET', '/news?cursor=x', undefined, { shown: as('bob') })).body.code, 'query')
  assert.equal((await call(server, 'POST', '/news/seen', { until_ms: 'x' }, { shown: as('bob') })).body.code, 'body')
}))

test('no text of a restricted page leaves with a webhook, and no news of it reach who may not read it', options, () => withReceiver((receiver) => withTeam(receiver, async (server) => {
  await done(server, 'POST', '/spaces/team/pages', { id: 'closed', title: 'Closed' })
  await done(server, 'PATCH', '/spaces/team/pages/closed', { readers: 'facilitator' })
  await write(server, 'team', 'closed', `- [ ] secret ${person('bob')}\n`, 'owner')
  await until(() => receiver.kinds().includes('task.assigned'), 'it is told', SOON_MS, 50)
  assert.doesNotMatch(JSON.stringify(receiver.taken.map(({ data }) => data)), /secret/)
  assert.deepEqual(await kinds(server, 'bob'), [])
}, { events: ['task.assigned', 'page.mentioned'] })))

test('comments come along with an export of some documents, and come back by an import, once', options, () => withTeam(null, async (server) => {
  await write(server, 'team', 'page', 'Un deux trois.\n')
  await done(server, 'POST', '/documents/spaces%2Fteam%2Fpage/comments', { text: 'Vraiment ?' }, { shown: as('cleo') })
  await server.terminate()
  const folder = join(server.home, 'exported')
  await run(process.env.UNISSON_BIN, ['export', '--data', server.data, '--prefix', 'spaces/team/', folder])
  for (const data of [join(server.home, 'other'), server.data]) {
    for (let time = 0; time < 2; time++) await run(process.env.UNISSON_BIN, ['import', '--data', data, folder])
  }
  await run(process.env.UNISSON_BIN, ['import', '--data', server.data, '--into', 'copy/', folder])
  await server.spawn()
  const said = async (document) => (await done(server, 'GET', `/documents/${encodeURIComponent(document)}/comments`)).threads.map(({ comments }) => comments.map(({ text, by }) => [text, by.user]))
  assert.deepEqual(await said('spaces/team/page'), [[['Vraiment ?', 'cleo']]])
  assert.deepEqual(await said('copy/spaces/team/page'), [[['Vraiment ?', 'cleo']]])
}))
