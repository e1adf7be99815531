//! All six clients on one document end with the same content, whatever its shape.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { converged, hocuspocusKinds, kinds, open, sharedTransport, withClients } from '../harness/clients.mjs'
import { withServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

const onOneDocument = (name, body) => withServer({}, (server) => withClients(server, name, kinds, body))

test('all clients type into one text and see the same', () => onOneDocument('typing', async (clients) => {
  for (let turn = 0; turn < 20; turn++) {
    clients.forEach((client, index) => client.text.insert(Math.floor(client.text.length / 2), `${index}`))
  }
  await converged(clients)
  assert.equal(clients[0].text.length, 20 * clients.length)
  await Promise.all(clients.map((client) => client.whenSaved()))
}))

test('formatting of one client shows at the others', () => onOneDocument('formatting', async (clients) => {
  clients[0].text.insert(0, 'plain bold italic')
  await converged(clients)
  clients[3].text.format(6, 4, { bold: true })
  clients[5].text.format(11, 6, { italic: true })
  clients[1].text.insertEmbed(0, { image: 'x.png' })
  await converged(clients)
  const expected = [
    { insert: { image: 'x.png' } }, { insert: 'plain ' }, { insert: 'bold', attributes: { bold: true } },
    { insert: ' ' }, { insert: 'italic', attributes: { italic: true } }
  ]
  for (const client of clients) assert.deepEqual(client.text.toDelta(), expected, client.kind)
}))

test('maps and arrays converge with nested values of all types', () => onOneDocument('maps', async (clients) => {
  clients.forEach(({ doc }, index) => {
    doc.getMap('map').set(`own ${index}`, { number: index + 0.5, list: [null, true, 'é😀'] })
    doc.getMap('map').set('contested', index)
    doc.getArray('array').push([index, new Uint8Array([index, 255])])
  })
  await converged(clients)
  const nested = new Y.Array()
  clients[4].doc.getMap('map').set('nested', nested)
  nested.push(['a', 'b', 'c'])
  await converged(clients)
  clients[2].doc.getMap('map').get('nested').delete(1, 1)
  clients[0].doc.getMap('map').delete('own 3')
  await converged(clients)
  for (const { doc, kind } of clients) {
    assert.deepEqual(doc.getMap('map').get('nested').toArray(), ['a', 'c'], kind)
    assert.equal(doc.getMap('map').has('own 3'), false, kind)
    assert.equal(doc.getArray('array').length, 2 * clients.length, kind)
  }
}))

test('an XML tree as rich-text editors keep it converges', () => onOneDocument('xml', async (clients) => {
  clients.forEach(({ doc, kind }) => {
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.setAttribute('author', kind)
    paragraph.insert(0, [new Y.XmlText(`from ${kind}`)])
    doc.getXmlFragment('prosemirror').push([paragraph])
  })
  await converged(clients)
  const fragment = ({ doc }) => doc.getXmlFragment('prosemirror')
  fragment(clients[1]).get(2).get(0).format(0, 4, { strong: {} })
  fragment(clients[4]).delete(0, 1)
  await converged(clients)
  assert.equal(fragment(clients[0]).length, clients.length - 1)
  const shown = new Set(clients.map((client) => fragment(client).toString()))
  assert.equal(shown.size, 1)
}))

test('a subdocument arrives as the same guid everywhere', () => onOneDocument('subdocs', async (clients) => {
  const child = new Y.Doc()
  clients[5].doc.getMap('pages').set('first', child)
  await until(() => clients.every(({ doc }) => doc.getMap('pages').get('first')?.guid === child.guid), 'all see the subdocument')
}))

test('someone who joins late sees everything, deletions too', () => withServer({}, (server) =>
  withClients(server, 'late', kinds.slice(0, 4), async (early) => {
    early[0].text.insert(0, 'hello world')
    await converged(early)
    early[3].text.delete(0, 6)
    await converged(early)
    await withClients(server, 'late', kinds, async (late) => {
      for (const client of late) assert.equal(client.text.toString(), 'world', client.kind)
    })
  })))

for (const name of ['été/à la plage', 'a b/c d/e', 'percent%20literal?'.replaceAll(/[%?]/g, ''), '文書😀', 'dots.and-dashes_~!']) {
  test(`the name ${JSON.stringify(name)} is one document for both dialects`, () => withServer({}, (server) =>
    withClients(server, name, ['y-websocket 1', 'y-websocket 3', 'hocuspocus 2', 'hocuspocus 4'], async (clients) => {
      clients.forEach((client, index) => client.text.insert(0, `${index}`))
      await converged(clients)
      assert.equal(clients[0].text.length, clients.length)
    })))
}

for (const kind of hocuspocusKinds) {
  test(`${kind} keeps several documents on one socket apart`, () => withServer({}, async (server) => {
    const transport = sharedTransport(kind, server)
    const pages = ['one', 'two', 'three'].map((name) => open(kind, server, name, { transport }))
    try {
      await Promise.all(pages.map((page) => page.whenSynced()))
      pages.forEach((page, index) => page.text.insert(0, `page ${index}`))
      await Promise.all(pages.map((page) => page.whenSaved()))
      for (const [index, name] of ['one', 'two', 'three'].entries()) {
        await withClients(server, name, ['y-websocket 2'], ([reader]) =>
          assert.equal(reader.text.toString(), `page ${index}`))
      }
      // One page leaves; the others on its socket go on.
      pages[0].destroy()
      pages[1].text.insert(0, '>')
      await pages[1].whenSaved()
    } finally {
      pages.slice(1).forEach((page) => page.destroy())
      transport.destroy()
    }
  }))
}

test('hocuspocus 4 opens one document twice on one socket with session awareness', () => withServer({}, async (server) => {
  const transport = sharedTransport('hocuspocus 4', server)
  const twice = [1, 2].map(() => open('hocuspocus 4', server, 'twice', { transport, sessionAwareness: true }))
  try {
    await Promise.all(twice.map((client) => client.whenSynced()))
    twice[0].text.insert(0, 'from one')
    await converged(twice)
    await Promise.all(twice.map((client) => client.whenSaved()))
    assert.equal(twice[1].text.toString(), 'from one')
  } finally {
    twice.forEach((client) => client.destroy())
    transport.destroy()
  }
}))

test('stateless messages reach the other Hocuspocus clients of the document', () => withServer({}, (server) =>
  withClients(server, 'stateless', kinds, async (clients) => {
    const speaking = clients.filter(({ kind }) => hocuspocusKinds.includes(kind))
    for (const client of speaking) client.provider.sendStateless(`from ${client.kind}`)
    const heardAll = (client) => speaking
      .filter((other) => other !== client)
      .every((other) => client.stateless.includes(`from ${other.kind}`))
    await until(() => speaking.every(heardAll), () => `all hear all: ${JSON.stringify(speaking.map((client) => client.stateless))}`)
    // The others are not disturbed by a message that they do not know.
    clients.forEach((client) => client.text.insert(0, '.'))
    await converged(clients)
  })))
