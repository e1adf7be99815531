//! A day of a space, told once at its hour.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { SECRET } from '../harness/portal.mjs'
import { EVENTS, webhookSettings, withReceiver } from '../harness/receiver.mjs'
import { withServer } from '../harness/server.mjs'
import { as, done, makeSpace, tokens } from '../harness/spaces.mjs'
import { pause, until } from '../harness/wait.mjs'

/** A place where the next full hour is soon: zones are whole minutes, so this takes up to one and a half. */
const soon = () => {
  const at = new Date(Math.ceil((Date.now() + 25_000) / 60_000) * 60_000)
  const minutes = (60 - at.getUTCMinutes()) % 60
  const hour = (at.getUTCHours() + (minutes === 0 ? 0 : 1)) % 24
  const day = new Date(at.getTime() + minutes * 60_000).toISOString().slice(0, 10)
  return { at, day, settings: `digest_hour = ${hour}\ndigest_timezone = "+00:${String(minutes).padStart(2, '0')}"\n` }
}

test('a day is told once, with what was written, said and is due, to those who ask for it', { timeout: 180_000 }, () => withReceiver((receiver) => {
  const { at, day: today, settings } = soon()
  const hooks = webhookSettings(receiver, { events: ['digest.daily'] }) + webhookSettings(receiver, { id: 'all' })
  return withServer({ settings: `[auth]\nsecret = ${JSON.stringify(SECRET)}\n${EVENTS}${settings}${hooks}`, tokens }, async (server) => {
    await makeSpace(server, 'team', { ann: 'editor', bob: 'editor' })
    await makeSpace(server, 'silent')
    const text = `Menus.\n\n- [ ] order leek [@bob](/-/people/bob) [today](/-/tasks?due=${today})\n- [ ] late [@bob](/-/people/bob) [then](/-/tasks?due=2020-01-01)\n`
    const made = await fetch(`${server.httpUrl}/api/v1/documents/spaces%2Fteam%2Fpage/content?if=empty`, {
      method: 'POST', headers: { authorization: `Bearer ${as('ann')}`, 'content-type': 'text/markdown' }, body: text
    })
    assert.ok(made.ok)
    await done(server, 'POST', '/documents/spaces%2Fteam%2Fpage/comments', { text: 'Ah?' }, { shown: as('bob') })
    assert.ok(Date.now() < at.getTime(), 'all of this came before the hour')
    const digests = () => receiver.taken.filter(({ type }) => type === 'digest.daily')
    await until(() => digests().length > 0, 'the digest comes', 120_000, 100)
    await server.restart()
    await pause(12_000)
    assert.equal(digests().length, 1, 'once, to the one that asked, and of the space where something happened')
    const [{ data }] = digests()
    assert.deepEqual([data.space, data.prefix, data.title, data.overdue, data.more], ['team', 'spaces/team/', 'team', 1, false])
    assert.deepEqual(data.pages.map((page) => [page.document, page.title, page.authors.map(({ id }) => id), page.others]), [['spaces/team/page', 'Page', ['ann'], false]])
    assert.deepEqual(data.comments.map(({ document, count, authors }) => [document, count, authors.map(({ id }) => id)]), [['spaces/team/page', 1, ['bob']]])
    assert.deepEqual(data.tasks.map(({ assignee, due }) => [assignee, due]), [['bob', today]])
    assert.match(data.tasks[0].text, /order leek/)
    assert.equal(data.until_ms, at.getTime())
    assert.equal(data.until_ms - data.from_ms, 24 * 60 * 60_000)
  })
}))
