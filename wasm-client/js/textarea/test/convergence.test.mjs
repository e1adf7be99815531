//! Many random histories of people at fields, on both engines.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchange, rounds } from '../../text/test/harness.mjs'
import { splitsLetter } from '@unisson/text'
import { Person } from './harness.mjs'

const EDITS = 60
const WORDS = ['a', 'aa', 'aaa', 'été ', '\n', '🙂', '👩‍👩‍👧', '日本語', '']

const randomEdit = (random, person) => {
  const whole = (at) => splitsLetter(person.shown, at) ? at - 1 : at
  const start = whole(random.below(person.shown.length + 1))
  const end = whole(Math.min(person.shown.length, start + random.pick([0, 0, 1, 4])))
  person.select(start, Math.max(start, end))
  if (random.below(4) === 0 && start > 0) person.backspace()
  else person.type(random.pick(WORDS))
}

const converge = async (people, random, also = () => {}) => {
  for (let edit = 0; edit < EDITS; edit += 1) {
    const person = random.pick(people)
    also(person)
    randomEdit(random, person)
    if (random.below(4) === 0) exchange(people, random)
  }
  for (const person of people) person.compose('compositionend')
  await Promise.resolve()
  exchange(people, random)
  for (const { text, shown } of people) {
    assert.equal(text, people[0].text)
    assert.equal(shown, text)
  }
  people.forEach((person) => person.destroy())
}

const three = () => [new Person('yjs', 1), new Person('wasm', 2), new Person('wasm', 3)]

test('fields converge on both engines, whatever the order of delivery', () => rounds((random) => converge(three(), random)))

test('undo and redo amid edits of others converge', () => rounds((random) => converge(three(), random, ({ binding }) => {
  if (random.below(4) === 0) binding[random.below(3) === 0 ? 'redo' : 'undo']()
})))

test('edits that wait for a composition lose nothing', () => rounds((random) => converge(three(), random, (person) => {
  if (random.below(3) === 0) person.compose(random.below(2) === 0 ? 'compositionstart' : 'compositionend')
})))
