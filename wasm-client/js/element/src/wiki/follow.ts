import type { EditorView } from 'prosemirror-view'
import type { Words } from '../words.js'
import { linkWritten, type Chip } from './chips.js'
import type { Wiki } from './host.js'
import type { Titles } from './titles.js'
import { folded } from './days.js'
import { addressOf } from './reference.js'

export interface FollowOptions {
  wiki: Wiki
  titles: Titles
  words: Words
  announce: (said: string) => void
  /** Whether the portal sees to it that the page is opened. */
  pageOpened: (address: string) => boolean
}

/** What a click on a link does: it opens a page, or makes the one that was only linked to. */
export const follower = ({ wiki, titles, words, announce, pageOpened }: FollowOptions) => {
  /** Titles of which the page is being made. */
  const underWay = new Set<string>()

  const open = (view: EditorView, { reference }: Chip): void => {
    if (reference.kind === 'new-page' && view.editable && reference.space === wiki.space) return create(view, reference.title)
    if (reference.kind !== 'page' && reference.kind !== 'new-page') return
    const address = wiki.addressOf(addressOf(reference))
    if (!pageOpened(address)) window.open(address, '_blank', 'noopener')
  }

  const create = (view: EditorView, title: string): void => {
    const { space } = wiki
    if (space === null || underWay.has(title)) return
    underWay.add(title)
    written(title).then((page) => {
      titles.tell({ space, page: page.id }, page.title)
      if (view.isDestroyed) return
      const tr = linkWritten(view.state, space, title, page.id)
      if (tr.docChanged) view.dispatch(tr)
      announce(words.wiki.created(title))
    }, () => announce(words.wiki.notCreated(title))).finally(() => underWay.delete(title))
  }

  /** Somebody else may have written it meanwhile. */
  const written = async (title: string) => {
    const there = (await wiki.pages()).find((page) => folded(page.title) === folded(title))
    return there ?? wiki.createPage(title)
  }

  return { open, create }
}
