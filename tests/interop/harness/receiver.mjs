//! A receiver of webhooks as its developers would write it: it verifies with the published library,
//! and can fail, hang, die and come back on the same port.

import { createServer } from 'node:http'
import { Webhook } from 'standardwebhooks'

export const SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDAAAA'

/** An HTTP server that keeps what verified. */
export class Receiver {
  static async start (secret = SECRET) {
    const receiver = new Receiver()
    receiver.webhook = new Webhook(secret)
    receiver.messages = []
    receiver.forged = 0
    receiver.requests = 0
    /** Answers a verified message: a status, or null to leave it without an answer. */
    receiver.answer = () => 204
    await receiver.listen(0)
    return receiver
  }

  async listen (port) {
    this.server = createServer((request, response) => this.serve(request, response))
    await new Promise((resolve, reject) => this.server.once('error', reject).listen(port, '127.0.0.1', resolve))
    this.port = this.server.address().port
    this.url = `http://127.0.0.1:${this.port}/hook?key=receivers-own`
  }

  async serve (request, response) {
    const parts = []
    for await (const part of request) parts.push(part)
    this.requests += 1
    const body = Buffer.concat(parts).toString()
    let event
    try {
      event = this.webhook.verify(body, request.headers)
    } catch {
      this.forged += 1
      return response.writeHead(400).end()
    }
    const message = { id: request.headers['webhook-id'], at: Date.now(), ...event }
    const answer = this.answer(message, this.requests)
    this.messages.push({ ...message, answer })
    if (answer === null) return
    const [status, headers] = Array.isArray(answer) ? answer : [answer, {}]
    response.writeHead(status, headers).end('thank you')
  }

  /** Verified messages that were answered with success. */
  get taken () { return this.messages.filter(({ answer }) => answer === 204) }
  kinds () { return this.taken.map(({ type }) => type) }

  /** Nobody listens any more. */
  async die () {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }

  async comeBack () { await this.listen(this.port) }

  async stop () { if (this.server.listening) await this.die() }
}

/** Runs `body` with a receiver. */
export const withReceiver = async (body) => {
  const receiver = await Receiver.start()
  try {
    return await body(receiver)
  } finally {
    await receiver.stop()
  }
}

/** Settings of a server that tells this receiver. Waits are short, so that tests are. */
export const webhookSettings = (receiver, more = {}) => {
  const values = {
    id: 'portal',
    url: receiver.url,
    secret: SECRET,
    allow_networks: ['127.0.0.0/8'],
    timeout_ms: 1000,
    retries_ms: [200, 400, 800, 1600, 3200, 3200],
    ...more
  }
  const lines = Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
  return `\n[[webhooks]]\n${lines.join('\n')}\n`
}

export const EVENTS = '\n[events]\nquiet_ms = 1000\nevery_ms = 4000\n'
