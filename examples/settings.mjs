//! What the examples need to know of the Unisson server, from the environment.

/** What stands for the server's address in the pages; see {@link withServer}. */
const PLACEHOLDER = 'https://notes.example.fr'

const { UNISSON_URL = 'http://127.0.0.1:4444', UNISSON_AUTH_SECRET, PORT = '8080' } = process.env

if ((UNISSON_AUTH_SECRET ?? '').length < 32) {
  console.error('UNISSON_AUTH_SECRET must be the secret of the Unisson server: see examples/README.md')
  process.exit(1)
}

export const settings = { unisson: UNISSON_URL.replace(/\/+$/, ''), secret: UNISSON_AUTH_SECRET, port: Number(PORT) }

/** A page's text with the real address of the server in it. */
export const withServer = (text) => text.replaceAll(PLACEHOLDER, settings.unisson)

/** As strict as a content security policy can be, and the editor still works. */
export const policy = [
  "default-src 'none'",
  `script-src 'self' ${settings.unisson}`,
  "style-src 'self'",
  `connect-src 'self' ${settings.unisson} ${settings.unisson.replace(/^http/, 'ws')}`,
  `frame-src ${settings.unisson}`,
  "img-src 'self' https: data:",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'"
].join('; ')
