//! A portal as its developers would write it: it signs tokens, publishes keys, and says who is who.

import { createHmac, createSign, generateKeyPairSync, sign as signWith } from 'node:crypto'
import { createServer } from 'node:http'

export const SECRET = 'the suites share this secret with their servers'
const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

const GENERATE = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519')
}
const SIGN = {
  RS256: (text, key) => createSign('sha256').update(text).sign(key),
  ES256: (text, key) => createSign('sha256').update(text).sign({ key, dsaEncoding: 'ieee-p1363' }),
  EdDSA: (text, key) => signWith(null, Buffer.from(text), key),
  HS256: (text, key) => createHmac('sha256', key).update(text).digest(),
  none: () => Buffer.alloc(0)
}

/** A token with any header and claims. */
export const forge = (header, claims, key) => {
  const text = `${encode(header)}.${encode(claims)}`
  return `${text}.${SIGN[header.alg](text, key).toString('base64url')}`
}

/** What the portal says of a person, good for `life` seconds. */
export const claimsOf = (claims, life = 60) => ({
  sub: 'ann', name: 'Ann', prefix: '', role: 'editor', exp: Math.floor(Date.now() / 1000) + life, ...claims
})

/** A token signed with the shared secret. */
export const token = (claims, life) => forge({ alg: 'HS256', typ: 'JWT' }, claimsOf(claims, life), SECRET)

/** A key pair of the portal. */
export const newKey = (alg, kid) => {
  const { publicKey, privateKey } = GENERATE[alg]()
  return {
    alg,
    kid,
    publicKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' },
    token: (claims, life) => forge({ alg, kid }, claimsOf(claims, life), privateKey)
  }
}

/** The portal's HTTP end: `/keys` publishes, `/who` answers the callback. */
export class Portal {
  static async start () {
    const portal = new Portal()
    portal.keys = []
    portal.asked = { keys: 0, who: [] }
    portal.failing = false
    /** Answers the callback: a status, and the body of a 200. */
    portal.who = () => [401]
    portal.server = createServer((request, response) => portal.serve(request, response))
    await new Promise((resolve) => portal.server.listen(0, '127.0.0.1', resolve))
    portal.url = `http://127.0.0.1:${portal.server.address().port}`
    return portal
  }

  async serve (request, response) {
    const parts = []
    for await (const part of request) parts.push(part)
    const answer = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (request.url === '/keys') {
      this.asked.keys += 1
      return this.failing ? answer(500, {}) : answer(200, { keys: this.keys.map(({ jwk }) => jwk) })
    }
    const { authorization, cookie } = request.headers
    const question = { token: authorization?.replace('Bearer ', ''), cookie, ...JSON.parse(Buffer.concat(parts).toString()) }
    this.asked.who.push(question)
    if (this.failing === 'silent') return
    if (this.failing) return answer(502, {})
    const [status, body] = await this.who(question)
    answer(status, body ?? {})
  }

  stop () {
    this.server.closeAllConnections()
    this.server.close()
  }
}

/** Runs `body` with a portal. */
export const withPortal = async (body) => {
  const portal = await Portal.start()
  try {
    return await body(portal)
  } finally {
    portal.stop()
  }
}
