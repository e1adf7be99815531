//! Whom a comment calls, by what somebody typed.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const { outputFiles } = await build({ entryPoints: [fileURLToPath(new URL('../src/screens/comments/people.ts', import.meta.url))], bundle: true, write: false, format: 'esm', platform: 'neutral' })
const { askedAt, calledIn, meant, named } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`)

const PEOPLE = [
  { id: 'u1', name: 'Ann Lee' },
  { id: 'u2', name: 'Ann Lee-Roy' },
  { id: 'u3', name: 'Élodie Roy' },
  { id: 'u4', name: 'Bob' },
  { id: 'u5', name: 'Bob' }
]

test('the list opens behind @, and neither in an address nor once the name is over', () => {
  assert.deepEqual(askedAt('ask @', 5), { from: 4, query: '' })
  assert.deepEqual(askedAt('ask @élo please', 8), { from: 4, query: 'élo' })
  assert.deepEqual(askedAt('@Ann Le', 7), { from: 0, query: 'Ann Le' })
  for (const [text, caret] of [['ann@exa', 7], ['no', 2], ['@Ann\nx', 6], ['@Ann Lee is here', 16], ['@ ', 2]]) assert.equal(askedAt(text, caret), null, text)
})

test('names are found by any of their words, without accents', () => {
  assert.deepEqual(meant(PEOPLE, 'elo').map(({ id }) => id), ['u3'])
  assert.deepEqual(meant(PEOPLE, 'roy').map(({ id }) => id), ['u2', 'u3'])
  assert.deepEqual(meant(PEOPLE, 'u4').map(({ id }) => id), ['u4'])
  assert.deepEqual(meant(PEOPLE, 'x'), [])
})

test('a name takes the place of what was typed', () => {
  const text = 'ask @élo please'
  assert.deepEqual(named(text, askedAt(text, 8), PEOPLE[2]), { text: 'ask @Élodie Roy please', caret: 16 })
})

test('who is named is called, by name or by id, and nobody whose name is only a part of it', () => {
  assert.deepEqual(calledIn('@Ann Lee, @Élodie Roy: ok?', PEOPLE), ['u3', 'u1'])
  assert.deepEqual(calledIn('@Ann Lee-Roy.', PEOPLE), ['u2'])
  assert.deepEqual(calledIn('mail ann@lee.fr, @Bobby, (@agent-7)', PEOPLE), ['Bobby', 'agent-7'])
  assert.deepEqual(calledIn('@Bob', PEOPLE, new Set(['u5'])), ['u5'])
  assert.deepEqual(calledIn('@Bob', PEOPLE), ['u4', 'u5'])
})
