//! The project's own client with the servers that others run: stock Hocuspocus and y-websocket.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { HocuspocusProvider, HocuspocusProviderWebsocket } from 'hocuspocus-provider-3'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket-3'
import * as Y from 'yjs'
import { withServerElsewhere } from '../harness/elsewhere.mjs'
import { agree, dialects, engineNames, openSession, withSessions } from '../harness/sessions.mjs'
import { until } from '../harness/wait.mjs'

/** The client that is made for the server. */
const openStock = (dialect, { webSocketUrl }, name) => {
  const doc = new Y.Doc()
  const text = doc.getText('text')
  if (dialect === 'y-websocket') {
    const provider = new WebsocketProvider(webSocketUrl + '/ws', name, doc, { WebSocketPolyfill: WebSocket, disableBc: true })
    return { text, awareness: provider.awareness, destroy: () => { provider.destroy(); doc.destroy() } }
  }
  const websocketProvider = new HocuspocusProviderWebsocket({ url: webSocketUrl, WebSocketPolyfill: WebSocket })
  const provider = new HocuspocusProvider({ websocketProvider, name, document: doc, token: 'write' })
  provider.attach()
  return { text, awareness: provider.awareness, destroy: () => { provider.destroy(); websocketProvider.destroy(); doc.destroy() } }
}

const withStock = async (dialect, server, name, body) => {
  const stock = openStock(dialect, server, name)
  try {
    await body(stock)
  } finally {
    stock.destroy()
  }
}

for (const dialect of dialects) {
  for (const engine of engineNames) {
    const join = (server, name, options) => openSession(engine, dialect, server, name, { token: 'write', ...options })

    test(`${engine} over a stock ${dialect} server: people edit together, see each other, and all is saved`, () => withServerElsewhere(dialect, (server) => {
      const name = `together ${engine}`
      return withSessions([() => join(server, name, { user: { name: 'Ann', color: '#112233' } }), () => join(server, name)], (ann, bob) => withStock(dialect, server, name, async (stock) => {
        await Promise.all([ann.session.whenSynced(), bob.session.whenSynced()])
        ann.text.insert(0, 'Wash ')
        await until(() => stock.text.toString() === 'Wash ', 'the stock client reads it')
        stock.text.insert(5, 'your ')
        await until(() => bob.value === 'Wash your ', 'ours read what the stock client writes')
        bob.text.insert(10, 'hands')
        await agree([ann, bob, stock])
        await Promise.all([ann.session.whenSaved(), bob.session.whenSaved()])
        assert.equal(ann.status, 'saved')
        await until(() => [...stock.awareness.getStates().values()].some(({ user }) => user?.name === 'Ann'), 'the stock client sees Ann')
        stock.awareness.setLocalStateField('user', { name: 'Eve' })
        await until(() => [...bob.awareness.getStates().values()].some(({ user }) => user?.name === 'Eve'), 'Bob sees the stock client')
      }))
    }))

    test(`${engine} over a stock ${dialect} server: what is written while it is away comes when it is back`, () => withServerElsewhere(dialect, (server) => {
      const name = `away ${engine}`
      return withSessions([() => join(server, name), () => join(server, name)], async (ann, bob) => {
        await Promise.all([ann.session.whenSynced(), bob.session.whenSynced()])
        ann.text.insert(0, 'before')
        await agree([ann, bob])
        await ann.session.whenSaved()
        await server.stop()
        await ann.whenStatus('offline')
        ann.text.insert(6, ' while')
        assert.equal(ann.session.unsaved, true)
        await server.start()
        await ann.session.whenSaved()
        await agree([ann, bob])
        assert.equal(bob.value, 'before while')
      })
    }))
  }
}

for (const engine of engineNames) {
  const join = (server, name, token) => openSession(engine, 'hocuspocus', server, name, { token })

  test(`${engine} over a stock Hocuspocus: a reader is told, and so is who is refused`, () => withServerElsewhere('hocuspocus', (server) =>
    withSessions([() => join(server, 'rights', 'write'), () => join(server, 'rights', 'read'), () => join(server, 'rights', 'none')], async (ann, bob, eve) => {
      await Promise.all([ann.session.whenSynced(), bob.session.whenSynced()])
      await bob.whenStatus('read-only')
      assert.equal(bob.session.readOnly, true)
      ann.text.insert(0, 'read this')
      await agree([ann, bob])
      await eve.whenStatus('refused')
      assert.equal(eve.value, '')
      assert.equal(eve.refusals.length, 1)
    })))

  test(`${engine} over a stock Hocuspocus: messages of the application arrive`, () => withServerElsewhere('hocuspocus', (server) =>
    withSessions([() => join(server, 'stateless', 'write'), () => join(server, 'stateless', 'write')], async (ann, bob) => {
      await Promise.all([ann.session.whenSynced(), bob.session.whenSynced()])
      assert.equal(ann.session.sendStateless('hello'), true)
      await until(() => bob.stateless.includes('hello'), 'Bob hears it')
    })))
}
