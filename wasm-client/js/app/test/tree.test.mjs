//! Places in a tree, against a model of what the server does with them. `SEED=…` replays one history.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { load } from './load.mjs'

const { Tree, isAtLeast } = await load('tree.ts')

const ROUNDS = Number(process.env.ROUNDS ?? 300)
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
console.log(`SEED=${SEED}`)

/** Small, and the same everywhere. */
const random = (seed) => () => {
  seed = (seed + 0x6D2B79F5) | 0
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

const page = (id, parent = null, more = {}) => ({ id, title: id.toUpperCase(), parent, document: `spaces/s/${id}`, locked: false, created_ms: 0, role: 'editor', ...more })

/** The order in which the API lists pages: each before those below it. */
const walk = (pages, parent = null) => pages.filter((one) => one.parent === parent).flatMap((one) => [one, ...walk(pages, one.id)])

/** What the server makes of a place. */
const put = (pages, id, { parent, position }) => {
  const moved = { ...pages.find((one) => one.id === id), parent }
  const others = pages.filter((one) => one.id !== id)
  const siblings = others.filter((one) => one.parent === parent)
  const at = position === 'first' ? 0 : position === 'last' ? siblings.length : siblings.findIndex((one) => `after:${one.id}` === position) + 1
  assert.ok(position === 'first' || position === 'last' || at > 0, `${position} is a sibling`)
  siblings.splice(at, 0, moved)
  return walk([...others.filter((one) => one.parent !== parent), ...siblings])
}

const idsOf = (tree, parent) => tree.children(parent).map(({ id }) => id)

test('each step puts a page where it says, and none makes a cycle', () => {
  const draw = random(SEED)
  const pick = (list) => list[Math.floor(draw() * list.length)]
  let pages = walk('abcdefghij'.split('').map((id, at) => page(id, at > 3 ? 'abcd'[at % 4] : null)))
  for (let round = 0; round < ROUNDS; round++) {
    const tree = new Tree(pages)
    const id = pick(tree.ids)
    const [before, siblings, parent] = [idsOf(tree, tree.parentOf(id)), idsOf(tree, tree.parentOf(id)), tree.parentOf(id)]
    const at = siblings.indexOf(id)
    const step = pick(['up', 'down', 'deeper', 'out', 'dropped'])
    const target = pick(tree.ids)
    const zone = pick(['before', 'inside', 'after'])
    const place = step === 'dropped' ? tree.dropped(id, target, zone) : tree[step](id)
    if (place === null) {
      if (step === 'up' || step === 'deeper') assert.equal(at, 0)
      if (step === 'down') assert.equal(at, siblings.length - 1)
      if (step === 'out') assert.equal(parent, null)
      if (step === 'dropped') assert.ok(tree.isWithin(target, id))
      continue
    }
    assert.ok(place.parent === null || !tree.isWithin(place.parent, id), `${step} makes a cycle`)
    pages = put(pages, id, place)
    const now = new Tree(pages)
    assert.equal(now.size, 10, 'no page is lost')
    const around = idsOf(now, now.parentOf(id))
    switch (step) {
      case 'up': assert.equal(around.indexOf(id), at - 1); break
      case 'down': assert.equal(around.indexOf(id), at + 1); break
      case 'deeper': assert.deepEqual([now.parentOf(id), around.at(-1)], [before[at - 1], id]); break
      case 'out': assert.equal(around[around.indexOf(id) - 1], parent); break
      case 'dropped':
        if (zone === 'inside') assert.deepEqual([now.parentOf(id), around.at(-1)], [target, id])
        else assert.equal(around.indexOf(target) - around.indexOf(id), zone === 'before' ? 1 : -1)
    }
    assert.deepEqual(new Tree(put(pages, id, now.place(id))), now, 'where a page is, it stays')
  }
})

test('what is below a deleted page is gone with it, and one whose parent is hidden stands at the top', () => {
  const tree = new Tree([page('a', null, { deleted_ms: 1 }), page('b', 'a'), page('c', 'b'), page('d', 'hidden'), page('e')])
  assert.deepEqual(tree.ids, ['d', 'e'])
  assert.deepEqual(idsOf(tree, null), ['d', 'e'])
})

test('a place that was meant for an earlier tree becomes the nearest that there is', () => {
  const tree = new Tree([page('a'), page('b', 'a')])
  assert.deepEqual(tree.nearest({ parent: 'a', position: 'after:b' }), { parent: 'a', position: 'after:b' })
  assert.deepEqual(tree.nearest({ parent: 'a', position: 'after:gone' }), { parent: 'a', position: 'last' })
})

test('roles are in order, and nobody is none of them', () => {
  assert.ok(isAtLeast('owner', 'facilitator') && isAtLeast('editor', 'editor'))
  assert.ok(!isAtLeast('reader', 'editor') && !isAtLeast(null, 'guest') && !isAtLeast(undefined, 'guest'))
})
