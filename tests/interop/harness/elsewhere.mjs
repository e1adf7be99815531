//! The servers that others run, unmodified, in this process.

import { createServer } from 'node:http'
import { Server as HocuspocusServer } from '@hocuspocus/server'
import { setupWSConnection } from '@y/websocket-server/utils'
import { WebSocketServer } from 'ws'

const TOKENS = { write: false, read: true }

/** A stock Hocuspocus: `write` and `read` are its tokens, and its documents live in memory. */
const hocuspocus = async (port = 0) => {
  const server = new HocuspocusServer({
    port,
    address: '127.0.0.1',
    quiet: true,
    stopOnSignals: false,
    async onAuthenticate ({ token, connectionConfig }) {
      if (!(token in TOKENS)) throw new Error('permission-denied')
      connectionConfig.readOnly = TOKENS[token]
    },
    // Only what is sent on as well shows that messages of the application arrive.
    async onStateless ({ document, payload }) { document.broadcastStateless(payload) }
  })
  await server.listen()
  return { port: server.address.port, stop: () => server.destroy() }
}

/** A stock y-websocket server: it knows no tokens. */
const yWebsocket = async (port = 0) => {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', setupWSConnection)
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    port: server.address().port,
    stop: async () => {
      sockets.clients.forEach((socket) => socket.terminate())
      sockets.close()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

const START = { hocuspocus, 'y-websocket': yWebsocket }

/** Runs `body` with a server of a dialect; `restart` brings it back on the same port. */
export const withServerElsewhere = async (dialect, body) => {
  let running = await START[dialect]()
  const { port } = running
  const server = {
    webSocketUrl: `ws://127.0.0.1:${port}`,
    stop: async () => running.stop(),
    start: async () => { running = await START[dialect](port) }
  }
  try {
    return await body(server)
  } finally {
    await running.stop()
  }
}
