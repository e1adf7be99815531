//! The project's own client in a Web Worker: all that it does in a page, but the page may be busy.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { withProxy } from '../harness/proxy.mjs'
import { withServer } from '../harness/server.mjs'
import { engineNames, textAt } from '../harness/sessions.mjs'
import { pause, until } from '../harness/wait.mjs'
import { skip, withWorkers } from '../harness/workers.mjs'

const options = { skip, timeout: 120_000 }

const withAll = (body) => withWorkers(({ open, origin }) => withServer({ environment: { UNISSON_ORIGINS: origin } }, (server) =>
  withProxy(server, (proxy) => body({
    server,
    proxy,
    open: (kind, document, options) => open(kind, `${proxy.webSocketUrl}/hocuspocus`, document, options)
  }))))

const agree = async (places, text) => {
  for (const place of places) await until(async () => await place.read() === text, `all read ${text}`)
}
const kept = (place) => until(async () => (await place.state()).copy === 'kept', 'everything is on the device')

for (const engine of engineNames) {
  test(`${engine}: a worker and a page write one document and see each other`, options, () => withAll(async ({ server, open }) => {
    const worker = await open('worker', 'together', { engine })
    const page = await open('page', 'together', { engine })
    await Promise.all([worker.saved(), page.saved()])
    await Promise.all([worker.call('name', 'Worker'), page.call('name', 'Page')])
    for (const place of [worker, page]) await until(async () => (await place.call('people')).join() === 'Page,Worker', 'both are seen')
    for (let turn = 0; turn < 20; turn += 1) await Promise.all([worker.insert('w', 0), page.insert('p')])
    await Promise.all([worker.saved(), page.saved()])
    const text = await worker.read()
    await agree([worker, page], text)
    assert.deepEqual(['w', 'p'].map((letter) => text.split(letter).length - 1), [20, 20])
    assert.equal(await textAt(server, 'together'), text)
    assert.deepEqual(await worker.state(), { status: 'saved', unsaved: false, copy: 'kept', transport: 'websocket' })
  }))

  test(`${engine}: what a worker wrote offline survives it, and the next one sends it`, options, () => withAll(async ({ server, open }) => {
    const first = await open('worker', 'offline', { engine })
    await first.insert('online ')
    await first.saved()
    await first.call('disconnect')
    await first.insert('offline')
    await kept(first)
    assert.equal((await first.state()).unsaved, true)
    await first.terminate()
    assert.equal(await textAt(server, 'offline'), 'online ')
    const second = await open('worker', 'offline', { engine, connect: false })
    assert.equal(await second.read(), 'online offline')
    assert.equal((await second.state()).unsaved, true, 'it knows what was never acknowledged')
    await second.call('connect')
    await second.saved()
    assert.equal(await textAt(server, 'offline'), 'online offline')
  }))

  test(`${engine}: a worker comes back when its socket or its server dies, while its page is busy`, options, () => withAll(async ({ server, proxy, open }) => {
    const worker = await open('worker', 'back', { engine })
    await worker.insert('one ')
    await worker.saved()
    proxy.cut()
    await worker.insert('two ')
    await worker.saved()
    await server.kill()
    await worker.insert('three')
    await until(async () => (await worker.state()).status === 'offline', 'the worker says so')
    await server.spawn()
    // A page that computes for a while holds nothing up.
    const busy = worker.page.evaluate(() => { const end = performance.now() + 4_000; while (performance.now() < end); })
    await until(async () => await textAt(server, 'back') === 'one two three', 'it was sent meanwhile')
    await busy
    await worker.saved()
  }))
}

test('a worker writes where no WebSocket gets through', options, () => withAll(async ({ server, open }) => {
  const worker = await open('worker', 'requests', { transports: ['http'] })
  const page = await open('page', 'requests', { persistence: 'none' })
  await worker.insert('by requests')
  await worker.saved()
  assert.equal((await worker.state()).transport, 'http')
  await agree([page], 'by requests')
  await page.insert(', and back')
  await agree([worker], 'by requests, and back')
  assert.equal(await textAt(server, 'requests'), 'by requests, and back')
}))

test('a worker, a shared worker and a page of either engine have one copy on the device', options, () => withAll(async ({ open }) => {
  const worker = await open('worker', 'copies', { engine: 'wasm', connect: false })
  const shared = await open('shared', 'copies', { engine: 'yjs', connect: false })
  const page = await open('page', 'copies', { engine: 'yjs', connect: false })
  await worker.insert('without a network')
  await agree([shared, page], 'without a network')
  await page.insert(', three places')
  await agree([worker, shared], 'without a network, three places')
  for (const place of [worker, shared, page]) await kept(place)
}))

test('signing out in a worker wipes the copy, for its pages too', options, () => withAll(async ({ server, open }) => {
  const worker = await open('worker', 'leaving')
  const page = await open('page', 'leaving')
  await worker.insert('private')
  await Promise.all([worker.saved(), page.saved()])
  await agree([page], 'private')
  await worker.call('signOut')
  await until(async () => (await page.state()).status === 'offline', 'the page has left as well')
  await Promise.all([worker.call('destroy'), page.call('destroy')])
  await pause(100)
  const again = await open('worker', 'leaving', { connect: false })
  assert.equal(await again.read(), '')
  assert.equal(await textAt(server, 'leaving'), 'private')
}))
