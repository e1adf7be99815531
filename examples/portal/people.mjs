//! The portal's own people, pages and sessions. A real one has a directory and a database.

import { randomBytes, randomUUID } from 'node:crypto'

export const people = [
  { id: 'amartin', name: 'Anne Martin', role: 'editor' },
  { id: 'broy', name: 'Bilal Roy', role: 'editor' },
  { id: 'cdupont', name: 'Chloé Dupont', role: 'reader' }
]

/** Pages by name: a title, and the text as it was last published. */
export const pages = new Map([
  ['menus', { title: 'Menus de la semaine', markdown: '', published: null }],
  ['hygiene', { title: 'Règles d’hygiène', markdown: '', published: null }]
])

/** Older sessions end when there are more. */
const SESSIONS_MAX = 1_000
const sessions = new Map()

/** Opens a session, and says what its cookie is. */
export const signIn = (id) => {
  const person = people.find((person) => person.id === id)
  if (person === undefined) return null
  if (sessions.size >= SESSIONS_MAX) sessions.delete(sessions.keys().next().value)
  const key = randomUUID()
  sessions.set(key, { key, person, csrf: randomBytes(16).toString('hex') })
  return `portal=${key}; Path=/; HttpOnly; SameSite=Lax`
}

export const signOut = (session) => {
  sessions.delete(session.key)
  return 'portal=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0'
}

export const sessionOf = (request) => sessions.get(/(?:^|;\s*)portal=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1]) ?? null
