//! What people paste to add many members.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { load } from './load.mjs'

const { readList } = await load('screens/members/list.ts')

test('ids alone, columns of a spreadsheet, and heads of mails are read', () => {
  assert.deepEqual(readList([
    'agent-1', '', '  ', 'agent-2\tAnn Martin', 'agent-3;"Zoé Roy";', 'agent-4, Léo Petit',
    'Bilal Roy <bilal@example.org>,', '"Noé, le chef" <noe@example.org>', 'agent-1;Ann encore'
  ].join('\r\n')), [
    { user: 'agent-1', name: 'Ann encore' },
    { user: 'agent-2', name: 'Ann Martin' },
    { user: 'agent-3', name: 'Zoé Roy' },
    { user: 'agent-4', name: 'Léo Petit' },
    { user: 'bilal@example.org', name: 'Bilal Roy' },
    { user: 'noe@example.org', name: 'Noé, le chef' }
  ])
  assert.deepEqual(readList(''), [])
})
