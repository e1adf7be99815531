/**
 * Word writes list items as paragraphs that say which list and level they belong to, with the bullet
 * as text. Here they become lists again.
 */
export const wordLists = (body: HTMLElement): void => {
  const isItem = (element: Element | null): element is HTMLElement => element !== null && levelOf(element) !== null
  for (const first of [...body.querySelectorAll<HTMLElement>('p[style*="mso-list"], p[class*="MsoListParagraph"]')]) {
    if (!first.isConnected || !isItem(first) || isItem(first.previousElementSibling)) continue
    const items: HTMLElement[] = []
    for (let at: Element | null = first; isItem(at); at = at.nextElementSibling) items.push(at)
    const place = body.ownerDocument.createComment('list')
    first.before(place)
    place.replaceWith(...listsOf(items))
  }
}

/** 1 for the outermost list; null for a paragraph that is in none. */
const levelOf = (element: Element): number | null => {
  const style = element.getAttribute('style') ?? ''
  const level = /mso-list:\s*\S+\s+level(\d+)/.exec(style)?.[1]
  return level === undefined ? null : Math.min(9, Math.max(1, Number(level)))
}

const BULLETS = /^[\s\u00a0]*(?:[·•◦▪§oüØq\uf0b7\uf0a7\uf0d8-]|(?:\d+|[a-z]|[ivxlcdm]+)[.)])[\s\u00a0]*/i

/** Takes the bullet away; says whether it was a number. */
const takeMarker = (item: HTMLElement): 'ol' | 'ul' => {
  const ignored = item.querySelector('[style*="mso-list:Ignore"], [style*="mso-list: Ignore"]')
  const marker = ignored?.textContent ?? BULLETS.exec(item.textContent ?? '')?.[0] ?? ''
  if (ignored !== null) ignored.remove()
  else if (marker !== '') cutText(item, marker.length)
  return /^[\s\u00a0(]*(\d+|[a-z]|[ivxlcdm]+)[.)]/i.test(marker) ? 'ol' : 'ul'
}

const cutText = (element: HTMLElement, length: number): void => {
  const walker = element.ownerDocument.createTreeWalker(element, NodeFilter.SHOW_TEXT)
  for (let left = length; left > 0 && walker.nextNode() !== null;) {
    const text = walker.currentNode as Text
    const cut = Math.min(left, text.data.length)
    text.data = text.data.slice(cut)
    left -= cut
  }
}

const listsOf = (items: HTMLElement[]): HTMLElement[] => {
  const page = items[0]!.ownerDocument
  const outer: HTMLElement[] = []
  const open: Array<{ list: HTMLElement, level: number }> = []
  for (const item of items) {
    const level = levelOf(item)!
    const tag = takeMarker(item)
    while (open.length > 0 && open.at(-1)!.level > level) open.pop()
    if (open.at(-1)?.level !== level || open.at(-1)!.list.tagName.toLowerCase() !== tag) {
      if (open.at(-1)?.level === level) open.pop()
      const list = page.createElement(tag)
      const parent = open.at(-1)?.list.lastElementChild
      if (parent) parent.append(list)
      else outer.push(list)
      open.push({ list, level })
    }
    const entry = page.createElement('li')
    const paragraph = page.createElement('p')
    paragraph.append(...item.childNodes)
    entry.append(paragraph)
    open.at(-1)!.list.append(entry)
    item.remove()
  }
  return outer
}
