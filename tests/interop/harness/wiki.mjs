//! People in the wiki's own pages: who they are, and what they see of the tree.

import { SECRET } from './portal.mjs'
import { as, done, tokens } from './spaces.mjs'
import { until } from './wait.mjs'

/** A server whose people are named by the suites' tokens. */
export const wiki = { settings: `[auth]\nsecret = ${JSON.stringify(SECRET)}\n`, tokens }

/** A browser in which somebody is signed in: the token is in the server's cookie. */
export const signedIn = (who, options = {}) => ({
  storageState: {
    cookies: [{ name: 'unisson_token', value: as(who, { life: 600 }), domain: '127.0.0.1', path: '/', expires: -1, httpOnly: true, secure: false, sameSite: 'Lax' }],
    origins: []
  },
  ...options
})

/** A space with pages, as `[id, title, parent]`. */
export const makeWiki = async (server, id, pages, members = {}, more = {}) => {
  await done(server, 'POST', '/spaces', { id, title: id, owner: 'owner', ...more })
  for (const [page, title, parent] of pages) await done(server, 'POST', `/spaces/${id}/pages`, { id: page, title, ...(parent && { parent }) })
  for (const [user, role] of Object.entries(members)) await done(server, 'PUT', `/spaces/${id}/members/${user}`, { role, name: `${user[0].toUpperCase()}${user.slice(1)}` })
}

/** The tree that the server has, as nested titles. */
export const stored = async (server, space) => {
  const { pages } = await done(server, 'GET', `/spaces/${space}/pages`)
  const there = pages.filter(({ deleted_ms: deleted }) => deleted === undefined)
  const below = (parent) => there.filter((page) => page.parent === parent).map((page) => [page.title, below(page.id)])
  return { tree: below(null), count: there.length }
}

/** The tree that somebody sees, all of it opened, as nested titles. */
export const shown = (page) => page.evaluate(() => {
  const root = document.querySelector('unisson-pages')?.shadowRoot
  const list = (within) => [...(within?.querySelectorAll(':scope > ul > li') ?? [])].map((item) => [item.querySelector(':scope > .row a').textContent.trim(), list(item)])
  return list(root?.querySelector('section'))
})

/** Opens every branch of the tree. */
export const openAll = async (page) => {
  await page.locator('unisson-pages [data-page]').first().waitFor()
  const closed = page.locator('unisson-pages .twist[aria-expanded="false"]')
  await until(async () => {
    if (await closed.count() === 0) return true
    await closed.first().click()
    return false
  }, 'all branches are open')
}

/** Waits until somebody sees what the server has. */
export const follows = async (server, space, page, what = 'the tree follows') => {
  let both = []
  await until(async () => {
    await openAll(page)
    both = [(await stored(server, space)).tree, await shown(page)]
    return JSON.stringify(both[0]) === JSON.stringify(both[1])
  }, () => `${what}: ${JSON.stringify(both)}`, 15_000, 50)
}

/** The link of a page in the tree. */
export const entry = (page, title) => page.locator('unisson-pages').getByRole('link', { name: title, exact: true })

/** Opens the menu of a page in the tree, and chooses. */
export const choose = async (page, title, item) => {
  await page.locator('unisson-pages').getByRole('button', { name: `Actions sur « ${title} »`, exact: true }).click()
  await page.locator('unisson-pages dialog').getByRole('button', { name: item, exact: true }).click()
}
