/** A stretch of one client's clocks: from `start`, up to but without `end`. */
export type ClockRange = readonly [start: number, end: number]

/** Clock ranges in a form that structured clone and JSON carry. */
export type PlainIdSet = Array<[client: number, ranges: ClockRange[]]>

/** Which clocks of which clients: what an update inserts, or what it deletes. */
export class IdSet {
  /** Per client: sorted, disjoint, never touching, never empty. */
  readonly #clients = new Map<number, ClockRange[]>()

  static from (plain: PlainIdSet): IdSet {
    const set = new IdSet()
    for (const [client, ranges] of plain) for (const [start, end] of ranges) set.add(client, start, end)
    return set
  }

  get isEmpty (): boolean { return this.#clients.size === 0 }

  /** The first clock of a client that is in the set. */
  first (client: number): number | undefined { return this.#clients.get(client)?.[0]?.[0] }

  clients (): IterableIterator<number> { return this.#clients.keys() }

  ranges (client: number): readonly ClockRange[] { return this.#clients.get(client) ?? [] }

  add (client: number, start: number, end: number): void {
    if (end <= start) return
    const ranges = this.#clients.get(client)
    const last = ranges?.at(-1)
    if (ranges === undefined || last === undefined) {
      this.#clients.set(client, [[start, end]])
    } else if (start >= last[0]) {
      // Typing only ever goes on behind what is there.
      if (start <= last[1]) ranges[ranges.length - 1] = [last[0], Math.max(last[1], end)]
      else ranges.push([start, end])
    } else {
      this.#clients.set(client, joined(ranges, [start, end]))
    }
  }

  addAll (other: IdSet): void {
    for (const [client, ranges] of other.#clients) for (const [start, end] of ranges) this.add(client, start, end)
  }

  removeAll (other: IdSet): void {
    for (const [client, ranges] of other.#clients) {
      const own = this.#clients.get(client)
      if (own === undefined) continue
      const left = ranges.reduce<ClockRange[]>(without, own)
      if (left.length > 0) this.#clients.set(client, left)
      else this.#clients.delete(client)
    }
  }

  /** Whether every clock of `other` is here as well. */
  contains (other: IdSet): boolean {
    const rest = other.clone()
    rest.removeAll(this)
    return rest.isEmpty
  }

  /** Whether any clock of `other` is here. */
  intersects (other: IdSet): boolean {
    return [...other.#clients].some(([client, ranges]) => ranges.some(([start, end]) =>
      this.ranges(client).some((own) => own[0] < end && start < own[1])))
  }

  clone (): IdSet {
    const copy = new IdSet()
    for (const [client, ranges] of this.#clients) copy.#clients.set(client, [...ranges])
    return copy
  }

  toPlain (): PlainIdSet { return [...this.#clients].map(([client, ranges]) => [client, [...ranges]]) }
}

const joined = (ranges: readonly ClockRange[], added: ClockRange): ClockRange[] => {
  let [start, end] = added
  const before: ClockRange[] = []
  const after: ClockRange[] = []
  for (const range of ranges) {
    if (range[1] < start) before.push(range)
    else if (range[0] > end) after.push(range)
    else { start = Math.min(start, range[0]); end = Math.max(end, range[1]) }
  }
  return [...before, [start, end], ...after]
}

const without = (ranges: ClockRange[], [start, end]: ClockRange): ClockRange[] => ranges.flatMap((range) => {
  if (range[1] <= start || range[0] >= end) return [range]
  const left: ClockRange[] = []
  if (range[0] < start) left.push([range[0], start])
  if (range[1] > end) left.push([end, range[1]])
  return left
})
