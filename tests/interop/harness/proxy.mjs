//! A wire between clients and a server that a test can slow, stop and cut.

import { createServer, connect } from 'node:net'

/** A TCP proxy on a free loopback port. */
export class Proxy {
  static async start (port) {
    const proxy = new Proxy()
    proxy.target = port
    proxy.pairs = new Set()
    proxy.accepted = 0
    proxy.answersHeld = false
    proxy.isClosed = false
    proxy.listener = createServer((client) => proxy.accept(client))
    await new Promise((resolve) => proxy.listener.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get webSocketUrl () { return `ws://127.0.0.1:${this.listener.address().port}` }
  get httpUrl () { return `http://127.0.0.1:${this.listener.address().port}` }

  accept (client) {
    this.accepted += 1
    if (this.isClosed) return client.on('error', () => {}).destroy()
    const server = connect(this.target, '127.0.0.1')
    const pair = { client, server }
    this.pairs.add(pair)
    const end = () => { client.destroy(); server.destroy(); this.pairs.delete(pair) }
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      socket.on('error', end)
      socket.on('close', end)
    }
    client.pipe(server)
    server.on('data', (bytes) => { if (!client.write(bytes)) server.pause() })
    client.on('drain', () => { if (!this.answersHeld) server.resume() })
    if (this.answersHeld) server.pause()
  }

  /** What the server says stays in the wire. */
  holdAnswers () {
    this.answersHeld = true
    this.pairs.forEach(({ server }) => server.pause())
  }

  releaseAnswers () {
    this.answersHeld = false
    this.pairs.forEach(({ server }) => server.resume())
  }

  /** Cuts every connection that there is. */
  cut () { this.pairs.forEach(({ client, server }) => { client.destroy(); server.destroy() }) }

  /** Cuts every connection, and lets nobody in until it is opened again. */
  close () {
    this.isClosed = true
    this.cut()
  }

  open () { this.isClosed = false }

  dispose () {
    this.cut()
    this.listener.close()
  }
}

/** Runs `body` with a proxy before a server. */
export const withProxy = async (server, body) => {
  const proxy = await Proxy.start(server.port)
  try {
    return await body(proxy)
  } finally {
    proxy.dispose()
  }
}
