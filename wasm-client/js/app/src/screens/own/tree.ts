/** Marks in the list of pages that the server rendered: a list that is live draws its own. */
const CLASS = 'unread'

/** Puts a mark behind each page that is unread, and takes the others away. */
export const markUnread = (space: string, unread: ReadonlyMap<string, number>, says: string): void => {
  for (const list of document.querySelectorAll(`unisson-pages[space="${CSS.escape(space)}"]:not([live])`)) {
    for (const link of list.querySelectorAll<HTMLAnchorElement>('a[href]')) {
      const page = link.pathname.split('/').at(-1) ?? ''
      const mark = link.querySelector(`.${CLASS}`)
      if (!unread.has(page)) mark?.remove()
      else if (mark === null) link.append(made(says))
    }
  }
}

const made = (says: string): HTMLElement => {
  const mark = document.createElement('span')
  mark.className = CLASS
  const words = document.createElement('span')
  words.className = 'unseen'
  words.textContent = ` (${says})`
  mark.append(words)
  return mark
}
