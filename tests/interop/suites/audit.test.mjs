//! The audit log: what people did is in it, and whoever changes it is found out.

import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { open } from '../harness/clients.mjs'
import { skipWithoutMoto, withBucket } from '../harness/moto.mjs'
import { token, SECRET } from '../harness/portal.mjs'
import { withServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

const options = { timeout: 120_000 }
const run = promisify(execFile)
const tokens = [{ value: 'the-operator', access: 'admin', user: 'root' }]
const environment = { UNISSON_AUTH_SECRET: SECRET }
const settings = { tokens, environment }

/** `unisson audit …`: its exit code and what it says. */
const command = async (server, ...args) => {
  const env = { ...process.env, UNISSON_DATA: server.data, ...server.options.environment }
  const done = await run(process.env.UNISSON_BIN, ['audit', ...args], { env }).catch((error) => error)
  return { code: done.code ?? 0, out: done.stdout, err: done.stderr }
}
const verify = async (server, ...args) => {
  const { code, out, err } = await command(server, 'verify', '--json', ...args)
  return { code, err, ...(out ? JSON.parse(out) : {}) }
}

const api = async (server, path, init = {}) => {
  const response = await fetch(`${server.httpUrl}/api/v1${path}`, {
    ...init, headers: { authorization: 'Bearer the-operator', 'content-type': 'application/json', ...init.headers }
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? null : JSON.parse(text) }
}
const entries = async (server, query = '') => (await api(server, `/audit?limit=1000${query}`)).body.entries

const visit = async (server, name, claims, kind = 'hocuspocus 4') => {
  const client = open(kind, server, name, { token: token(claims) })
  await client.whenSynced()
  return client
}

/** The objects of the log in a data folder. */
const objects = (server) => {
  const found = []
  const walk = (folder) => readdirSync(folder, { withFileTypes: true }).forEach((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) walk(path)
    else found.push(path)
  })
  walk(join(server.data, 'v1/journal/audit'))
  return found.sort()
}

test('who did what, when, from where and where is written down', options, () => withServer(settings, async (server) => {
  const ann = await visit(server, 'cantine/menus', { sub: 'ann', name: 'Ann' })
  const reader = await visit(server, 'cantine/menus', { sub: 'rae', role: 'reader' }, 'y-websocket 3')
  ann.text.insert(0, 'lundi')
  await ann.whenSaved()
  const stranger = open('y-websocket 3', server, 'cantine/menus', { token: token({ sub: 'eve', prefix: 'other/' }) })
  await stranger.whenClosed(4403)
  const forger = open('y-websocket 3', server, 'cantine/menus', { token: 'made-up' })
  await forger.whenClosed(4401)

  const version = (await api(server, '/documents/cantine%2Fmenus/versions', { method: 'POST', body: JSON.stringify({ label: 'v' }) })).body
  ann.text.delete(0, 5)
  await ann.whenSaved()
  assert.equal((await api(server, '/documents/cantine%2Fmenus/restore', { method: 'POST', body: JSON.stringify({ version: version.id }) })).status, 200)
  const revert = { user: 'ann', from_ms: 0, until_ms: Date.now() }
  assert.equal((await api(server, '/documents/cantine%2Fmenus/revert', { method: 'POST', body: JSON.stringify(revert) })).status, 200)
  assert.equal((await api(server, '/tokens', { method: 'POST', body: JSON.stringify({ sub: 'zoe', prefix: 'cantine/', role: 'reader', expires_in_s: 60 }) })).status, 201)

  const log = await entries(server)
  const of = (action) => log.filter((entry) => entry.action === action)
  const access = (id) => of('access').find(({ who }) => who?.id === id)
  assert.deepEqual([access('ann').detail.may, access('rae').detail.may], ['write', 'read'])
  assert.deepEqual([access('ann').document, access('ann').who.name, access('ann').who.address], ['cantine/menus', 'Ann', '127.0.0.1'])
  const refused = of('access').filter(({ verdict }) => verdict === 'refused')
  assert.deepEqual(refused.map(({ detail }) => detail.because).sort(), ['permission-denied', 'unauthorized'])
  assert.equal(of('version.restored')[0].who.id, 'root')
  assert.equal(of('changes.reverted')[0].about.id, 'ann')
  const [minted] = of('token.minted')
  assert.deepEqual([minted.who.id, minted.about.id, minted.detail.for, minted.detail.role], ['root', 'zoe', 'cantine/*', 'reader'])
  // No token, no content.
  assert.doesNotMatch(JSON.stringify(log), /made-up|eyJ|the-operator|lundi/)
  for (const client of [ann, reader, stranger, forger]) client.destroy()
}))

test('an hour of one reader is one line, and each person has their own', options, () => withServer(settings, async (server) => {
  for (let n = 0; n < 8; n++) (await visit(server, 'a', { sub: 'ann' }, 'y-websocket 3')).destroy()
  for (const sub of ['bob', 'cid']) (await visit(server, 'a', { sub })).destroy()
  ;(await visit(server, 'b', { sub: 'ann' })).destroy()
  const seen = (await entries(server, '&action=access')).map(({ who, document }) => `${who.id} ${document}`)
  assert.deepEqual(seen.sort(), ['ann a', 'ann b', 'bob a', 'cid a'])
}))

test('the log is read by page and by what is looked for, by operators alone', options, () => withServer(settings, async (server) => {
  const people = Array.from({ length: 12 }, (_, n) => `p${n}`)
  for (const sub of people) (await visit(server, `doc-${sub}`, { sub }, 'y-websocket 3')).destroy()
  // Whoever asks gets what was written down before, so that is durable now.
  await entries(server)
  await server.restart()
  for (const sub of people) (await visit(server, `late-${sub}`, { sub }, 'y-websocket 3')).destroy()
  const all = await entries(server)
  const paged = []
  for (let cursor = ''; cursor !== null;) {
    const { body } = await api(server, `/audit?limit=5${cursor && `&cursor=${cursor}`}`)
    paged.push(...body.entries)
    cursor = body.next
  }
  assert.deepEqual(paged.map(({ chain, seq }) => [chain, seq]), all.map(({ chain, seq }) => [chain, seq]))
  assert.ok(all.every(({ at_ms: at }, n) => n === 0 || at <= all[n - 1].at_ms))
  assert.deepEqual((await entries(server, '&person=p3')).map(({ document }) => document), ['late-p3', 'doc-p3'])
  assert.equal((await entries(server, '&document=doc-p7')).length, 1)
  const code = async (path, headers) => { const { status, body } = await api(server, path, { headers }); return [status, body.code] }
  assert.deepEqual(await code('/audit', { authorization: `Bearer ${token({})}` }), [401, 'unauthorized'])
  assert.deepEqual(await code('/audit?cursor=%2e'), [400, 'query'])
  assert.deepEqual(await code('/audit?wrong=1'), [400, 'query'])
}))

test('the chain holds through kill -9 and orderly stops, each start continuing the last', options, () => withServer(settings, async (server) => {
  for (let start = 0; start < 4; start++) {
    ;(await visit(server, `doc-${start}`, { sub: 'ann' })).destroy()
    await entries(server)
    if (start % 2) await server.terminate()
    else await server.kill()
    await server.spawn()
  }
  const report = await verify(server)
  assert.deepEqual([report.code, report.findings, report.chains], [0, [], 5])
  const accesses = await entries(server, '&action=access')
  assert.equal(accesses.length, 4)
  const opened = (await entries(server, '&action=log.opened')).reverse()
  assert.deepEqual(opened.slice(1).map(({ detail }) => detail.continues), opened.slice(0, -1).map(({ chain }) => chain))
}))

test('each kind of tampering is found, with its place', options, () => withServer(settings, async (server) => {
  for (const sub of ['ann', 'bob', 'cid', 'dan']) {
    ;(await visit(server, 'a', { sub })).destroy()
    await entries(server)
  }
  const metrics = await (await server.get('/metrics')).text()
  const [, chain, hash, seq] = /unisson_audit_lines\{chain="([^"]+)",head="([^"]+)"\} (\d+)/.exec(metrics)
  const head = `${chain}:${seq}:${hash}`
  await server.terminate()
  const whole = await verify(server, '--head', head)
  assert.deepEqual([whole.code, whole.findings], [0, []])

  const files = objects(server)
  const named = (sub) => files.find((file) => readFileSync(file, 'utf8').includes(`"id":"${sub}"`))
  const tamper = async (file, change, word, where = verify(server)) => {
    const before = readFileSync(file)
    change(file)
    const { code, findings } = await (typeof where === 'function' ? where() : verify(server, '--head', head))
    writeFileSync(file, before)
    assert.equal(code, 3, word)
    assert.match(findings.map(({ problem }) => problem).join('\n'), word)
    return findings[0]
  }
  const rewrite = (from, to) => (file) => writeFileSync(file, readFileSync(file, 'utf8').replace(from, to))
  await tamper(named('bob'), rewrite('"document":"a"', '"document":"b"'), /changed, or one is missing/)
  const first = await tamper(named('bob'), rewrite('"id":"bob"', '"id":"eve"'), /whom it names was changed/)
  assert.match(first.object, new RegExp(named('bob').split('/').pop()))
  await tamper(named('cid'), rmSync, /number/)
  await tamper(named('ann'), rewrite('{"seq"', '{ "seq"'), /not written as this log writes it/)
  await tamper(files.at(-1), rmSync, /was published, and is not there/)
  assert.equal((await verify(server, '--head', head)).code, 0)

  // A whole chain that is gone is missed by the one that continues it.
  await server.spawn()
  await entries(server)
  await server.terminate()
  for (const file of files) rmSync(file)
  const gone = await verify(server)
  assert.match(gone.findings[0].problem, /continues .*not there as it was/)
}))

test('a person is forgotten and the chain still holds', options, () => withServer(settings, async (server) => {
  for (const sub of ['agent-4711', 'bob']) (await visit(server, 'a', { sub, name: `${sub} Martin` })).destroy()
  await entries(server)
  assert.match((await command(server, 'forget', '--person', 'agent-4711')).err, /must be stopped/)
  await server.terminate()
  const head = Object.entries((await verify(server)).heads).map(([chain, { seq, hash }]) => `${chain}:${seq}:${hash}`)[0]
  assert.match((await command(server, 'forget', '--person', 'agent-4711')).out, /forgotten in 1 lines/)
  const report = await verify(server, '--head', head)
  assert.deepEqual([report.code, report.findings, report.forgotten], [0, [], 1])
  const text = objects(server).map((file) => readFileSync(file, 'utf8')).join('')
  assert.doesNotMatch(text, /agent-4711/)
  const exported = (await command(server, 'export', '--action', 'access')).out.trim().split('\n').map((line) => JSON.parse(line))
  assert.deepEqual(exported.map(({ who }) => who?.id), [undefined, 'bob'])
}))

const forget = (server, person, headers) => api(server, '/audit/forget', { method: 'POST', body: JSON.stringify({ person }), headers })

test('a person is forgotten while the server runs, also in what it would write again', options, () => withServer(settings, async (server) => {
  for (const sub of ['agent-4711', 'bob']) (await visit(server, 'a', { sub, name: `${sub} Martin` })).destroy()
  await entries(server)
  const metrics = await (await server.get('/metrics')).text()
  const [, chain, hash, seq] = /unisson_audit_lines\{chain="([^"]+)",head="([^"]+)"\} (\d+)/.exec(metrics)
  const { status, body } = await forget(server, 'agent-4711')
  assert.deepEqual([status, body], [200, { lines: 1, objects: 1 }])
  const text = () => objects(server).map((file) => readFileSync(file, 'utf8')).join('')
  assert.doesNotMatch(text(), /agent-4711/)
  // Small objects are merged from memory: nobody comes back by that.
  for (let n = 0; n < 70; n++) {
    await api(server, '/tokens', { method: 'POST', body: JSON.stringify({ sub: `p${n}`, prefix: 'a/', role: 'reader', expires_in_s: 60 }) })
    await entries(server, '&action=none')
  }
  await until(() => objects(server).length < 40, 'objects are merged')
  assert.doesNotMatch(text(), /agent-4711/)
  const [told] = await entries(server, '&action=person.forgotten')
  assert.deepEqual([told.who.id, told.detail], ['root', { lines: '1' }])
  // What they do from now on is written down, and forgetting again takes that too.
  ;(await visit(server, 'b', { sub: 'agent-4711' })).destroy()
  assert.equal((await entries(server, '&person=agent-4711')).length, 1)
  assert.equal((await forget(server, 'agent-4711')).body.lines, 1)
  assert.deepEqual((await entries(server, '&person=agent-4711')), [])
  assert.equal((await entries(server, '&person=bob')).length, 1)
  const report = await verify(server, '--head', `${chain}:${seq}:${hash}`)
  assert.deepEqual([report.code, report.findings, report.forgotten], [0, [], 2])

  const refused = async (...asked) => { const { status, body } = await forget(server, ...asked); return [status, body.code] }
  assert.deepEqual(await refused('bob', { authorization: `Bearer ${token({ sub: 'bob' })}` }), [401, 'unauthorized'])
  assert.deepEqual(await refused(' '), [400, 'person'])
  assert.equal((await entries(server, '&person=bob')).length, 1)
}))

test('many lines become few objects, which say the same', options, () => withServer(settings, async (server) => {
  // Each answer waits for what was written down before it, so each makes an object.
  for (let n = 0; n < 70; n++) {
    await api(server, '/tokens', { method: 'POST', body: JSON.stringify({ sub: `p${n}`, prefix: 'a/', role: 'reader', expires_in_s: 60 }) })
    await entries(server, '&action=none')
  }
  await until(() => objects(server).length < 40, 'objects are merged')
  assert.equal((await entries(server, '&action=token.minted')).length, 70)
  const report = await verify(server)
  assert.deepEqual([report.code, report.findings], [0, []])
  assert.ok(objects(server).every((file) => statSync(file).size > 0))
}))

test('nothing is written where it is switched off', options, () => withServer({ ...settings, settings: '[audit]\nenabled = false\n' }, async (server) => {
  ;(await visit(server, 'a', { sub: 'ann' })).destroy()
  const { status, body } = await api(server, '/audit')
  assert.deepEqual([status, body.code], [404, 'no-audit-log'])
  assert.throws(() => objects(server), /ENOENT/)
}))

test('in an object store each node has its chain', { ...options, skip: skipWithoutMoto }, () => withBucket((bucket) => {
  const node = (name) => ({ ...settings, environment: { ...environment, ...bucket, UNISSON_NODE: name } })
  return withServer(node('one'), (one) => withServer(node('two'), async (two) => {
    ;(await visit(one, 'a', { sub: 'ann' })).destroy()
    ;(await visit(two, 'a', { sub: 'bob' })).destroy()
    await entries(two)
    const seen = (await entries(one, '&action=access')).map(({ who, chain }) => [who.id, chain.split('/')[0]])
    assert.deepEqual(seen.sort(), [['ann', 'one'], ['bob', 'two']])
    const report = await verify(one)
    assert.deepEqual([report.code, report.findings, report.chains], [0, [], 2])
  }))
}))

test('servers of one store all forget whom one of them was told to, also what they have in memory', { ...options, skip: skipWithoutMoto }, () => withBucket((bucket) => {
  const node = (name) => ({ ...settings, environment: { ...environment, ...bucket, UNISSON_NODE: name } })
  return withServer(node('one'), (one) => withServer(node('two'), async (two) => {
    for (const server of [one, two]) {
      for (const sub of ['ann', 'bob']) (await visit(server, 'a', { sub })).destroy()
      await entries(server)
    }
    assert.equal((await forget(one, 'ann')).status, 200)
    await until(async () => (await entries(two, '&person=ann')).length === 0, 'both have forgotten', 15_000)
    // What the other one merges from its memory would name her again, had it not heard.
    for (let n = 0; n < 66; n++) {
      await api(two, '/tokens', { method: 'POST', body: JSON.stringify({ sub: `p${n}`, prefix: 'a/', role: 'reader', expires_in_s: 60 }) })
      await entries(two, '&action=none')
    }
    assert.deepEqual(await entries(one, '&person=ann'), [])
    assert.equal((await entries(one, '&person=bob')).length, 2)
    const report = await verify(one)
    assert.deepEqual([report.code, report.findings, report.chains, report.forgotten], [0, [], 2, 2])
  }))
}))
