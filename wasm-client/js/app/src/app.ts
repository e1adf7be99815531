/** The entry: brings each component that the page names, and nothing else. */
import { followBanner } from './banner.js'
import { followNews } from './bell.js'
import { knock } from './door.js'
import { setRoot } from './root.js'

setRoot(new URL('../', import.meta.url))
knock()

/**
 * Where each component is, by what stands for it on a page. A screen of the server's table is the component of
 * the same name. A tree that is not live is the server's list: its readers need no script.
 */
const COMPONENTS: Record<string, () => Promise<unknown>> = {
  'unisson-access': () => import('./screens/access.js'),
  'unisson-admin': () => import('./screens/admin.js'),
  'unisson-comments': () => import('./screens/comments.js'),
  'unisson-history': () => import('./screens/history.js'),
  'unisson-import': () => import('./screens/import.js'),
  'unisson-backlinks': () => import('./screens/backlinks.js'),
  'unisson-links': () => import('./screens/links.js'),
  'unisson-members': () => import('./screens/members.js'),
  'unisson-news': () => import('./screens/news.js'),
  'unisson-pages[live]': () => import('./screens/pages.js'),
  'unisson-search': () => import('./screens/search.js'),
  'unisson-settings': () => import('./screens/settings.js'),
  'unisson-spaces': () => import('./screens/spaces.js'),
  'unisson-tasks': () => import('./screens/tasks.js'),
  'unisson-templates': () => import('./screens/templates.js'),
  'unisson-trash': () => import('./screens/trash.js')
}

const NAMES = Object.keys(COMPONENTS)
const asked = new Set<string>()

const bring = (within: ParentNode): void => {
  for (const name of NAMES) {
    if (asked.has(name) || within.querySelector(name) === null) continue
    asked.add(name)
    // What the server rendered stays where the script does not come; the next look asks again.
    void COMPONENTS[name]?.().catch(() => asked.delete(name))
  }
}

bring(document)
followBanner()
followNews()
// Portals and other components may add one later.
new MutationObserver(() => { if (asked.size < NAMES.length) bring(document) }).observe(document.documentElement, { childList: true, subtree: true })
