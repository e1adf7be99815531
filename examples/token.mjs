//! How a portal signs what it knows of somebody: a JWT (HS256), without a library.

import { createHmac } from 'node:crypto'

/** How long a token counts. The editor fetches the next one in time. */
const LIFE_S = 600

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** `person` may do what `role` says (`reader`, `editor` …) with this document, for ten minutes. */
export const signToken = (secret, { person, document, role }) => {
  const exp = Math.floor(Date.now() / 1000) + LIFE_S
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: person.id, name: person.name, document, role, exp })}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}
