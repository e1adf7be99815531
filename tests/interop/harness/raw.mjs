//! Bytes on a wire, as no client library would send them.

import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

/**
 * Sends `bytes` and resolves with everything that comes back until the other side ends the connection, `until` matches,
 * or time is up.
 * @param {{ port: number, host?: string, localAddress?: string, tls?: object, timeoutMs?: number, until?: RegExp }} where
 */
export const exchange = (where, bytes) => new Promise((resolve) => {
  const options = { host: '127.0.0.1', ...where }
  const socket = where.tls ? connectTls({ ...options, ...where.tls }) : connect(options)
  let answer = ''
  const done = (how) => {
    clearTimeout(timer)
    socket.destroy()
    resolve({ answer, how, status: Number(/^HTTP\/1\.[01] (\d+)/.exec(answer)?.[1]) })
  }
  const timer = setTimeout(() => done('time is up'), where.timeoutMs ?? 2_000)
  socket.setEncoding('latin1')
  socket.on('data', (text) => {
    answer += text
    if (where.until?.test(answer)) done('matched')
  })
  socket.on('end', () => done('ended'))
  socket.on('error', (error) => done(error.code))
  socket.on(where.tls ? 'secureConnect' : 'connect', () => {
    for (const part of [bytes].flat()) socket.write(Buffer.from(part, 'latin1'))
  })
})

/** A plain request, its connection closed afterwards. */
export const request = (where, target, { method = 'GET', headers = {}, body = '' } = {}) => {
  const lines = Object.entries({ host: '127.0.0.1', connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return exchange(where, `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}

/** The bytes of a WebSocket handshake. */
export const handshake = (path, headers = {}) => [
  `GET ${path} HTTP/1.1`, 'Host: 127.0.0.1', 'Upgrade: websocket', 'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13',
  ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), '', ''
].join('\r\n')

/** The value of a metric; 0 where it has never been counted. */
export const metric = async (server, name) => {
  const text = await (await server.get('/metrics')).text()
  const line = text.split('\n').find((line) => line.startsWith(`${name} `))
  return line === undefined ? 0 : Number(line.slice(name.length + 1))
}

/** How often a limit has stopped or slowed somebody. */
export const limited = (server, limit) => metric(server, `unisson_limited_total{limit="${limit}"}`)
