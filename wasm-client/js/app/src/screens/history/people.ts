/** Who wrote what, as the server's HTML says it: names, colours, shares, and what a selection holds. */

import { colorOf } from '../../faces.js'

export { colorOf, initials } from '../../faces.js'

export interface Author { user: string | null, name: string | null }

/** One author's part of a text. */
export interface Share { user: string, name: string, characters: number, firstMs: number, lastMs: number }

const KNOWN = '[data-author]'

/** The name to show; `nobody` for those who have none. */
export const nameOf = ({ user, name }: Author, nobody: string): string => name ?? user ?? nobody

/** Gives each passage its author's colour, and a title that says when. */
export const dress = (article: Element, when: (ms: number) => string, nobody: string): void => {
  for (const passage of article.querySelectorAll<HTMLElement>(KNOWN)) {
    const { user, name, lastMs } = shareOf(passage, nobody)
    passage.style.setProperty('--person', colorOf(user))
    passage.title = `${name}, ${when(lastMs)}`
  }
}

const shareOf = (passage: HTMLElement, nobody: string): Share => {
  const { author: user = '', firstMs, lastMs } = passage.dataset
  // The server's title is the name; once dressed it says more.
  passage.dataset['name'] ??= passage.title
  return { user, name: passage.dataset['name'] === '' ? nobody : passage.dataset['name'], characters: 0, firstMs: Number(firstMs), lastMs: Number(lastMs) }
}

/** Whose passages these are, whoever wrote most first. A passage in another one counts for itself. */
export const shares = (article: Element, nobody: string, within: (passage: Node) => number = (node) => node.textContent?.length ?? 0): Share[] => {
  const found = new Map<string, Share>()
  const texts = document.createTreeWalker(article, NodeFilter.SHOW_TEXT)
  while (texts.nextNode() !== null) {
    const text = texts.currentNode
    const passage = text.parentElement?.closest<HTMLElement>(KNOWN)
    const characters = passage === null || passage === undefined ? 0 : within(text)
    if (passage === null || passage === undefined || characters === 0) continue
    const one = shareOf(passage, nobody)
    const known = found.get(one.user) ?? one
    known.characters += characters
    known.firstMs = Math.min(known.firstMs, one.firstMs)
    known.lastMs = Math.max(known.lastMs, one.lastMs)
    found.set(one.user, known)
  }
  return [...found.values()].sort((one, other) => other.characters - one.characters)
}

/** What somebody has selected in a shadow tree; each browser has its own way. */
export const selected = (root: ShadowRoot): AbstractRange | null => {
  const own = (root as { getSelection?: () => Selection | null }).getSelection?.()
  const selection = own ?? document.getSelection()
  if (selection === null || selection.rangeCount === 0) return null
  const composed = (selection as { getComposedRanges?: (options: { shadowRoots: ShadowRoot[] }) => AbstractRange[] }).getComposedRanges
  const range = own === undefined && composed !== undefined ? composed.call(selection, { shadowRoots: [root] })[0] : selection.getRangeAt(0)
  return range === undefined || range.collapsed || !root.contains(range.startContainer) ? null : range
}

/** How many characters of a text a range holds. */
export const heldBy = (range: AbstractRange) => (text: Node): number => {
  const live = document.createRange()
  live.setStart(range.startContainer, range.startOffset)
  live.setEnd(range.endContainer, range.endOffset)
  if (!live.intersectsNode(text)) return 0
  const from = text === range.startContainer ? range.startOffset : 0
  const until = text === range.endContainer ? range.endOffset : text.textContent?.length ?? 0
  return Math.max(0, until - from)
}
