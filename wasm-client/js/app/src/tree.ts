/** The pages of a space as a tree, and the places to which one may go. Nothing here asks a server. */

export type Role = 'guest' | 'reader' | 'commenter' | 'editor' | 'facilitator' | 'owner'

const RANKS: Role[] = ['guest', 'reader', 'commenter', 'editor', 'facilitator', 'owner']

/** Whether a role may do what this one may. */
export const isAtLeast = (role: Role | null | undefined, least: Role): boolean =>
  role !== null && role !== undefined && RANKS.indexOf(role) >= RANKS.indexOf(least)

/** A page, as the API says it. */
export interface Page {
  id: string
  title: string
  parent: string | null
  document: string
  readers?: Role
  writers?: Role
  locked: boolean
  /** Its tasks are ticked by each reader for themselves. */
  guide: boolean
  deleted_ms?: number
  created_ms: number
  role: Role | null
}

/** Where a page goes. */
export interface Place {
  parent: string | null
  position: 'first' | 'last' | `after:${string}`
}

/** Where somebody lets go of a page: on another one, or at its edges. */
export type Zone = 'before' | 'inside' | 'after'

export class Tree {
  readonly #pages = new Map<string, Page>()
  readonly #children = new Map<string | null, Page[]>()

  /** Of pages as the API lists them: each before those below it, siblings in order. Deleted ones are left out. */
  constructor (pages: Page[]) {
    const gone = new Set<string>()
    for (const page of pages) {
      // What is below a deleted page is gone with it.
      if (page.deleted_ms !== undefined || (page.parent !== null && gone.has(page.parent))) gone.add(page.id)
      else this.#pages.set(page.id, page)
    }
    for (const page of this.#pages.values()) {
      // One whose parent cannot be seen stands at the top.
      const parent = page.parent !== null && this.#pages.has(page.parent) ? page.parent : null
      this.#children.set(parent, [...this.children(parent), page])
    }
  }

  get size (): number { return this.#pages.size }
  get ids (): string[] { return [...this.#pages.keys()] }
  get (id: string): Page | undefined { return this.#pages.get(id) }
  children (parent: string | null): Page[] { return this.#children.get(parent) ?? [] }

  /** The page above, where it can be seen. */
  parentOf (id: string): string | null {
    const parent = this.#pages.get(id)?.parent ?? null
    return parent !== null && this.#pages.has(parent) ? parent : null
  }

  /** A page and those beside it. */
  siblings (id: string): Page[] { return this.children(this.parentOf(id)) }

  /** From the top to this page. */
  chain (id: string): Page[] {
    const chain: Page[] = []
    for (let next = this.#pages.get(id); next !== undefined && !chain.includes(next);) {
      chain.unshift(next)
      const parent = this.parentOf(next.id)
      next = parent === null ? undefined : this.#pages.get(parent)
    }
    return chain
  }

  /** Whether a page is another one or lies below it. */
  isWithin (id: string, above: string): boolean { return this.chain(id).some((page) => page.id === above) }

  /** Where a page is now. */
  place (id: string): Place {
    const siblings = this.siblings(id)
    const before = siblings[siblings.findIndex((page) => page.id === id) - 1]
    return { parent: this.parentOf(id), position: before === undefined ? 'first' : `after:${before.id}` }
  }

  /** One step up among its siblings; null where it is the first. */
  up (id: string): Place | null {
    const siblings = this.siblings(id)
    const at = siblings.findIndex((page) => page.id === id)
    if (at < 1) return null
    const before = siblings[at - 2]
    return { parent: this.parentOf(id), position: before === undefined ? 'first' : `after:${before.id}` }
  }

  /** One step down. */
  down (id: string): Place | null {
    const siblings = this.siblings(id)
    const next = siblings[siblings.findIndex((page) => page.id === id) + 1]
    return next === undefined ? null : { parent: this.parentOf(id), position: `after:${next.id}` }
  }

  /** Below the page before it. */
  deeper (id: string): Place | null {
    const siblings = this.siblings(id)
    const before = siblings[siblings.findIndex((page) => page.id === id) - 1]
    return before === undefined ? null : { parent: before.id, position: 'last' }
  }

  /** Beside the page above it. */
  out (id: string): Place | null {
    const parent = this.parentOf(id)
    return parent === null ? null : { parent: this.parentOf(parent), position: `after:${parent}` }
  }

  /** Where a page goes that is dropped there; null where it would lie below itself or stay where it is. */
  dropped (id: string, target: string, zone: Zone): Place | null {
    if (this.isWithin(target, id)) return null
    if (zone === 'inside') return { parent: target, position: 'last' }
    const parent = this.parentOf(target)
    if (zone === 'after') return { parent, position: `after:${target}` }
    const others = this.children(parent).filter((page) => page.id !== id)
    const before = others[others.findIndex((page) => page.id === target) - 1]
    return { parent, position: before === undefined ? 'first' : `after:${before.id}` }
  }

  /** A place as near as there is to one that was meant for an earlier tree. */
  nearest (place: Place): Place {
    const [, after] = place.position.split(':')
    if (after === undefined || this.children(place.parent).some((page) => page.id === after)) return place
    return { parent: place.parent, position: 'last' }
  }
}
