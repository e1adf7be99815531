//! When a socket is opened, and when it is believed to be dead.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { Backoff, Line } from '../dist/index.js'

const line = (random = () => 0.5) => new Line(new Backoff(random))

/** A line that is open since `at`. */
const open = (at, random) => {
  const opened = line(random)
  assert.deepEqual(opened.start(at), ['open'])
  opened.opened(at)
  return opened
}

test('delays grow with failures, and only a stable connection makes them short again', () => {
  const failing = line()
  const delays = []
  for (let now = 0, tries = 0; tries < 10; tries += 1) {
    failing.start(now)
    failing.opened(now)
    failing.inSync(now)
    failing.closed(now + 9_999, 'soon', true)
    delays.push(failing.nextWakeup - now - 9_999)
    now = failing.nextWakeup
  }
  assert.deepEqual(delays.slice(0, 4), [300, 550, 1_050, 2_050])
  assert.equal(delays.at(-1), 15_050, 'never more than the cap')
  failing.start(1e6)
  failing.opened(1e6)
  failing.inSync(1e6)
  failing.closed(1e6 + 10_000, 'soon', true)
  assert.equal(failing.nextWakeup - 1e6 - 10_000, 300)
})

test('a server that asks for patience gets it', () => {
  const restarted = open(0, () => 0)
  restarted.closed(0, 'later', true)
  assert.equal(restarted.nextWakeup, 2_000)
})

test('nobody comes back by itself after a final code, or where nobody wants to', () => {
  for (const [comeback, wanted] of [['never', true], ['credentials', true], ['soon', false]]) {
    const ended = open(0)
    ended.closed(0, comeback, wanted)
    assert.equal(ended.nextWakeup, null)
    assert.deepEqual(ended.doubted(1), [])
  }
})

test('silence is asked about, and then taken for death', () => {
  const quiet = open(0)
  assert.equal(quiet.nextWakeup, 20_000)
  assert.deepEqual(quiet.tick(20_000), ['probe'])
  assert.deepEqual(quiet.tick(29_999), [])
  assert.deepEqual(quiet.tick(30_000), ['close'])
  const answered = open(0)
  answered.tick(20_000)
  answered.received(21_000)
  assert.deepEqual(answered.tick(30_000), [])
  assert.equal(answered.nextWakeup, 41_000)
})

test('after a sleep the socket has a moment to prove that it lives', () => {
  const asleep = open(0)
  assert.deepEqual(asleep.tick(3_600_000), ['probe'], 'what came in may wait behind the timer')
  assert.equal(asleep.nextWakeup, 3_605_000)
  assert.deepEqual(asleep.tick(3_605_000), ['close'])
  const woken = open(0)
  assert.deepEqual(woken.doubted(10_000), ['probe'])
  woken.received(10_050)
  assert.deepEqual(woken.tick(15_000), [])
})

test('a network that comes back is tried at once', () => {
  const away = open(0)
  away.closed(0, 'soon', true)
  assert.deepEqual(away.doubted(1), ['open'])
  assert.equal(away.state, 'opening')
  assert.deepEqual(away.tick(15_001), ['close'], 'and not for ever')
})
