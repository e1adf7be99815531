//! Random numbers that a seed repeats.

/** The seed of this run: `SEED=` replays one. */
export const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))

/** A small generator (mulberry32): good enough to choose moments and bytes. */
export const randomFrom = (start) => {
  let state = start >>> 0
  const next = () => {
    state = (state + 0x6D2B79F5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    below: (limit) => Math.floor(next() * limit),
    pick: (list) => list[Math.floor(next() * list.length)],
    bytes: (length) => Uint8Array.from({ length }, () => Math.floor(next() * 256))
  }
}
