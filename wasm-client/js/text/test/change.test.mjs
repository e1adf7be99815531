import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Change, plainText, splitsLetter } from '../dist/index.js'
import { rounds } from './harness.mjs'

const randomText = (random) => Array.from({ length: random.below(12) }, () => random.pick(['a', 'b', 'é', '\n'])).join('')

const randomChange = (random, text) => {
  let change = Change.none
  for (let left = 1 + random.below(3); left > 0; left -= 1) {
    const now = change.apply(text)
    const from = random.below(now.length + 1)
    change = change.then(Change.replace(from, random.below(now.length - from + 1), random.pick(['', 'x', 'yz', ''])))
  }
  return change
}

test('two changes at once lead to one text, whichever comes first', () => rounds((random) => {
  const text = randomText(random)
  const [one, other] = [randomChange(random, text), randomChange(random, text)]
  const oneFirst = one.then(other.after(one, false)).apply(text)
  const otherFirst = other.then(one.after(other, true)).apply(text)
  assert.equal(otherFirst, oneFirst)
}, 2_000))

test('changes one after the other are one change', () => rounds((random) => {
  const text = randomText(random)
  const one = randomChange(random, text)
  const next = randomChange(random, one.apply(text))
  assert.equal(one.then(next).apply(text), next.apply(one.apply(text)))
}, 2_000))

test('a position is mapped there and back, past what others wrote', () => {
  const change = Change.replace(2, 3, 'new!')
  assert.deepEqual([0, 2, 6, 9].map((at) => change.map(at)), [0, 2, 7, 10])
  assert.deepEqual([0, 2, 7, 10].map((at) => change.unmap(at)), [0, 2, 6, 9])
  assert.equal(Change.replace(3, 0, 'xx').map(3), 3, 'a caret stays before what is inserted at it')
  assert.equal(Change.replace(3, 0, 'xx').map(4), 6)
  assert.equal(Change.replace(3, 0, 'xx').unmap(6), 4)
  assert.equal(Change.replace(3, 2, '').map(4), 3)
})

test('an embedded value counts one, and a letter of two halves is not parted', () => {
  assert.equal(plainText([{ insert: 'a' }, { insert: { image: 'x' } }, { insert: null }]), 'a\uFFFC\uFFFC')
  assert.deepEqual([0, 1, 2, 3].map((at) => splitsLetter('🙂b', at)), [false, true, false, false])
})
