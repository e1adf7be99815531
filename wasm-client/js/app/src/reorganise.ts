/** Changes of a tree that others change at the same time. */
import { Refused, path, type Api } from './api.js'
import { Tree, type Page, type Place } from './tree.js'

/** A tree and the tag of the space that it is of. */
export interface Seen { tree: Tree, etag: string }

/** The tree as it is now. */
export const read = async (api: Api, space: string): Promise<Seen & { pages: Page[] }> => {
  const { value, etag } = await api.all<Page, 'pages'>(path`spaces/${space}/pages`, 'pages')
  return { tree: new Tree(value), etag, pages: value }
}

/** Why a change was not made, though nothing failed: somebody else was there before. */
export class Overtaken extends Error {
  constructor (readonly why: 'gone' | 'moved' | 'renamed' | 'cycle', readonly title: string) { super(why) }
}

const TRIES_MAX = 8

/** Makes a change to the state that was seen; where that has gone by, to the present one if it still makes sense. */
const onFresh = async (api: Api, space: string, seen: Seen, change: (now: Seen) => Promise<void>): Promise<void> => {
  let now = seen
  for (let tries = 1; ; tries++) {
    try {
      return await change(now)
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== 'precondition' || tries === TRIES_MAX) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 40 * tries))
    now = await read(api, space)
  }
}

const present = (now: Seen, id: string, seen: Seen): Page => {
  const page = now.tree.get(id)
  if (page === undefined) throw new Overtaken('gone', seen.tree.get(id)?.title ?? id)
  return page
}

/** Moves a page, unless somebody else has moved it meanwhile or it would lie below itself by now. */
export const move = (api: Api, space: string, id: string, place: Place, seen: Seen): Promise<void> => {
  const from = seen.tree.parentOf(id)
  return onFresh(api, space, seen, async (now) => {
    const page = present(now, id, seen)
    if (now.tree.parentOf(id) !== from) throw new Overtaken('moved', page.title)
    if (place.parent !== null) {
      const parent = present(now, place.parent, seen)
      if (now.tree.isWithin(parent.id, id)) throw new Overtaken('cycle', page.title)
    }
    const { parent, position } = now.tree.nearest(place)
    await api.patch(path`spaces/${space}/pages/${id}`, { parent, position }, { ifMatch: now.etag })
  })
}

/** Renames a page, unless somebody else has renamed it meanwhile. */
export const rename = (api: Api, space: string, id: string, title: string, seen: Seen): Promise<void> => {
  const before = seen.tree.get(id)?.title
  return onFresh(api, space, seen, async (now) => {
    const page = present(now, id, seen)
    if (page.title !== before) throw new Overtaken('renamed', page.title)
    await api.patch(path`spaces/${space}/pages/${id}`, { title }, { ifMatch: now.etag })
  })
}
