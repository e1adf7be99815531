//! Spaces over HTTP, as a portal would use them.

import { token } from './portal.mjs'

export const OPERATOR = 'the operator of the suites'
export const tokens = [{ value: OPERATOR, access: 'admin' }]

/** A token that says who it is and nothing of places. */
export const as = (sub, { life = 60, ...claims } = {}) => token({ sub, name: sub, prefix: undefined, role: undefined, ...claims }, life)

/** One call: its status, its body, and its tag. */
export const call = async (server, method, path, body, { shown = OPERATOR, headers = {} } = {}) => {
  const response = await fetch(`${server.httpUrl}/api/v1${path}`, {
    method,
    headers: {
      ...(shown === null ? {} : { authorization: `Bearer ${shown}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers
    },
    body: body === undefined ? undefined : JSON.stringify(body)
  })
  const text = await response.text()
  return { status: response.status, etag: response.headers.get('etag'), headers: response.headers, body: text === '' ? null : JSON.parse(text) }
}

/** A call that must go well. */
export const done = async (server, method, path, body, options) => {
  const answer = await call(server, method, path, body, options)
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body
}

/** A space with one page, `spaces/{id}/page`, and these members. */
export const makeSpace = async (server, id, members = {}, more = {}) => {
  await done(server, 'POST', '/spaces', { id, title: id, owner: 'owner', ...more })
  await done(server, 'POST', `/spaces/${id}/pages`, { id: 'page', title: 'Page' })
  for (const [user, role] of Object.entries(members)) await done(server, 'PUT', `/spaces/${id}/members/${user}`, { role })
}
