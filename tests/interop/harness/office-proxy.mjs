//! The proxy of an office network: it reads HTTP, and lets through what it likes.

import { Agent, createServer, request as ask } from 'node:http'
import { connect } from 'node:net'

/** An HTTP proxy on a free loopback port. `upgrades`: `refused`, `ignored` (no answer ever) or `passed`. */
export class OfficeProxy {
  static async start (server, { upgrades = 'refused', holdsStreams = false } = {}) {
    const proxy = new OfficeProxy()
    Object.assign(proxy, { server, upgrades, holdsStreams, sockets: new Set(), counts: { upgrades: 0, streams: 0, polls: 0, up: 0 } })
    proxy.agent = new Agent({ keepAlive: true })
    proxy.listener = createServer((request, response) => { void proxy.forward(request, response) })
    proxy.listener.on('connection', (socket) => {
      proxy.sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => proxy.sockets.delete(socket))
    })
    proxy.listener.on('upgrade', (request, socket) => proxy.upgrade(request, socket))
    await new Promise((resolve) => proxy.listener.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port () { return this.listener.address().port }
  get httpUrl () { return `http://127.0.0.1:${this.port}` }
  get webSocketUrl () { return `ws://127.0.0.1:${this.port}` }

  upgrade (request, socket) {
    this.counts.upgrades += 1
    if (this.upgrades === 'ignored') return
    if (this.upgrades === 'refused') return socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
    const onward = connect(this.server.port, '127.0.0.1')
    const head = [`${request.method} ${request.url} HTTP/1.1`]
    for (let at = 0; at < request.rawHeaders.length; at += 2) head.push(`${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}`)
    onward.write(`${head.join('\r\n')}\r\n\r\n`)
    const end = () => { socket.destroy(); onward.destroy() }
    onward.on('error', end).on('close', end)
    socket.on('error', end).on('close', end)
    socket.pipe(onward).pipe(socket)
  }

  async forward (request, response) {
    const parts = []
    try {
      for await (const part of request) parts.push(part)
    } catch {
      return
    }
    const body = Buffer.concat(parts)
    if (request.url.endsWith('/up')) this.counts.up += 1
    if (request.url.endsWith('/down')) this.counts[body.toString().trim().endsWith('stream') ? 'streams' : 'polls'] += 1
    const onward = ask({
      host: '127.0.0.1', port: this.server.port, path: request.url, method: request.method, headers: request.headers, agent: this.agent
    })
    response.on('close', () => onward.destroy())
    onward.on('error', () => { if (response.headersSent) response.destroy(); else response.writeHead(502).end() })
    onward.on('response', (answer) => this.answer(answer, response))
    onward.end(body)
  }

  answer (answer, response) {
    answer.on('error', () => response.destroy())
    if (!this.holdsStreams) {
      response.writeHead(answer.statusCode, answer.headers)
      return answer.pipe(response)
    }
    // It hands an answer on when it has all of it.
    const held = []
    answer.on('data', (bytes) => held.push(bytes))
    answer.on('end', () => response.writeHead(answer.statusCode, answer.headers).end(Buffer.concat(held)))
  }

  /** Cuts every connection that there is. */
  cut () { this.sockets.forEach((socket) => socket.destroy()) }

  dispose () {
    this.cut()
    this.agent.destroy()
    this.listener.close()
  }
}

/** Runs `body` with such a proxy before a server. */
export const withOfficeProxy = async (server, options, body) => {
  const proxy = await OfficeProxy.start(server, options)
  try {
    return await body(proxy)
  } finally {
    proxy.dispose()
  }
}
