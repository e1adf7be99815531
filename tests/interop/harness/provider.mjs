//! A real OpenID provider (npm `oidc-provider`) on a free loopback port, with two people, and ways
//! to make it fail or lie as no honest provider does.

import { createServer } from 'node:http'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import Provider from 'oidc-provider'

const PEOPLE = {
  ann: { sub: 'ann', name: 'Anne Martin', given_name: 'Anne', usual_name: 'Martin', email: 'anne@ville.example', groups: ['agents', 'cantine'] },
  bob: { sub: 'bob', given_name: 'Bilal', usual_name: 'Roy', email: 'bilal@ville.example', groups: ['agents'] }
}
const CLIENT = 'wiki'
export const CLIENT_SECRET = 'the client secret of the suites, long enough'

const key = () => ({ ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), kid: 'es', alg: 'ES256', use: 'sig' })
const rsa = () => ({ ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), kid: 'rs', alg: 'RS256', use: 'sig' })

const pairOf = (alg) => alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 })
/** A key of the client's own: its private half in a file, its public half for the provider. */
const clientKeyOf = (alg) => {
  const pair = pairOf(alg)
  const file = join(mkdtempSync(join(tmpdir(), 'unisson-client-key-')), 'key.pem')
  writeFileSync(file, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  return { file, jwk: { ...pair.publicKey.export({ format: 'jwk' }), kid: 'wiki-2026', alg, use: 'sig' } }
}

/** The provider, in front of which requests may be failed or changed. */
export class OpenIdProvider {
  /** @param {{ publicUrl: string, signed?: boolean, alg?: string, ttl?: number, clientKey?: string }} options */
  static async start ({ publicUrl, signed = false, alg = 'RS256', ttl = 3600, clientKey }) {
    const provider = new OpenIdProvider()
    provider.failing = null
    provider.requests = []
    /** Changes the answer of the token endpoint. */
    provider.forge = null
    provider.server = createServer((request, response) => provider.serve(request, response))
    await new Promise((resolve) => provider.server.listen(0, '127.0.0.1', resolve))
    provider.issuer = `http://127.0.0.1:${provider.server.address().port}`
    provider.jwks = { keys: [rsa(), key()] }
    provider.clientKey = clientKey === undefined ? null : clientKeyOf(clientKey)
    provider.oidc = new Provider(provider.issuer, {
      clients: [{
        client_id: CLIENT,
        ...(provider.clientKey === null
          ? { client_secret: CLIENT_SECRET }
          : { token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: clientKey, jwks: { keys: [provider.clientKey.jwk] } }),
        redirect_uris: [`${publicUrl}/signin/callback`],
        post_logout_redirect_uris: [`${publicUrl}/signed-out`],
        backchannel_logout_uri: `${publicUrl}/signin/backchannel-logout`,
        backchannel_logout_session_required: true,
        id_token_signed_response_alg: alg,
        ...(signed ? { userinfo_signed_response_alg: alg } : {})
      }],
      jwks: provider.jwks,
      clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
      claims: { openid: ['sub'], profile: ['name', 'given_name', 'usual_name', 'groups'], email: ['email'] },
      acrValues: ['eidas1', 'eidas2'],
      ttl: { IdToken: ttl, Session: 3600, Grant: 3600, AccessToken: 600, Interaction: 600 },
      cookies: { keys: ['for the suites only'] },
      features: {
        devInteractions: { enabled: true },
        jwtUserinfo: { enabled: true },
        backchannelLogout: { enabled: true },
        rpInitiatedLogout: { enabled: true }
      },
      // It would not call loopback addresses, which are all that a test has.
      fetch: (url, options) => globalThis.fetch(url, { ...options, dispatcher: undefined }),
      findAccount: (_, id) => ({ accountId: id, claims: () => PEOPLE[id] ?? { sub: id } })
    })
    for (const name of ['server_error', 'backchannel.error']) provider.oidc.on(name, (_, error) => console.error('provider:', name, error))
    provider.handle = provider.oidc.callback()
    return provider
  }

  serve (request, response) {
    const path = new URL(request.url, this.issuer).pathname
    this.requests.push(path)
    if (this.failing?.test(path)) return response.writeHead(503).end('down')
    if (path === '/token' && this.forge) return this.forged(request, response)
    this.handle(request, response)
  }

  /** Lets the provider answer, and a liar change it. */
  forged (request, response) {
    const parts = []
    const end = response.end.bind(response)
    response.write = (part) => parts.push(Buffer.from(part))
    response.end = (part) => {
      if (part) parts.push(Buffer.from(part))
      const answer = JSON.parse(Buffer.concat(parts).toString())
      const body = JSON.stringify(this.forge(answer))
      response.removeHeader('content-length')
      end(body)
    }
    this.handle(request, response)
  }

  /** The server has another private key from its next start on, of which the provider has no other half. */
  changeClientKey () {
    writeFileSync(this.clientKey.file, pairOf(this.clientKey.jwk.alg).privateKey.export({ type: 'pkcs8', format: 'pem' }))
  }

  settings (publicUrl, more = '') {
    const shows = this.clientKey === null
      ? `client_secret = "${CLIENT_SECRET}"`
      : `client_key_file = "${this.clientKey.file}"\nclient_key_algorithm = "${this.clientKey.jwk.alg}"\nclient_key_id = "${this.clientKey.jwk.kid}"`
    return `
[auth.oidc]
issuer = "${this.issuer}"
client_id = "${CLIENT}"
${shows}
public_url = "${publicUrl}"
${more}
`
  }

  async stop () {
    if (this.clientKey !== null) rmSync(dirname(this.clientKey.file), { recursive: true, force: true })
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}
