/** What the server rendered of a page's place follows when somebody moves or renames it. */
import { path } from './api.js'
import type { Page } from './tree.js'

/** Shows the way to a page anew: `chain` are the pages from the top to it, `link` makes an address of a path. */
export const refreshCrumbs = (space: string, chain: Page[], link: (path: string) => string): void => {
  const list = document.querySelector('.crumbs ol')
  const here = chain.at(-1)
  if (list === null || here === undefined) return
  const base = link(path`s/${space}`)
  const entries = [...list.children]
  const first = entries.findIndex((entry) => entry.querySelector('a')?.href === base) + 1
  if (first === 0) return
  // Behind the pages may come the screen of one of them.
  const isPage = (entry: Element): boolean => {
    const { href = '' } = entry.querySelector('a') ?? {}
    return href.startsWith(`${base}/`) && !href.includes('/-/')
  }
  const shown = entries.slice(first)
  const old = shown.filter(isPage)
  const behind = shown.find((entry) => !isPage(entry)) ?? null
  const before = old.at(-1)?.textContent ?? ''
  old.forEach((entry) => entry.remove())
  for (const page of chain) {
    const entry = document.createElement('li')
    const anchor = document.createElement('a')
    anchor.href = link(path`s/${space}/${page.id}`)
    anchor.textContent = page.title
    if (page === here && behind === null) anchor.setAttribute('aria-current', 'page')
    entry.append(anchor)
    list.insertBefore(entry, behind)
  }
  const title = document.querySelector('main > h1')
  if (title?.textContent?.trim() !== before.trim() || before.trim() === here.title) return
  title.textContent = here.title
  document.title = document.title.replace(before.trim(), here.title)
}
