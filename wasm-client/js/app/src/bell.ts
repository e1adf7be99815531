/** The way to what concerns me, at the top of every page: how much of it is new. */
import { Api } from './api.js'
import { ownRoot } from './root.js'
import { localeOf } from './words.js'
import { COUNT_MAX, newsWords } from './words/news.js'

/** Whoever comes back to the page sees what is new; whoever stays hears of it now and then. */
const EVERY_MS = 120_000
/** Going from window to window asks no more often. */
const AGAIN_MS = 10_000
/** Said by the screen once everything on it has been seen. */
export const SEEN = 'unisson-news-seen'

/** Looks now and then, while somebody looks at the page. */
export const followNews = (): void => {
  const link = document.querySelector<HTMLAnchorElement>('a.news')
  if (link === null) return
  let looked = 0
  let round = 0
  const look = (): void => {
    if (document.visibilityState !== 'visible' || Date.now() - looked < AGAIN_MS) return
    looked = Date.now()
    const own = ++round
    // A server that does not answer has no news; the next look asks again.
    new Api(ownRoot()).get<{ unseen: number }>('news/count').then(({ value }) => { if (own === round) show(link, value.unseen) }, () => {})
  }
  document.addEventListener(SEEN, () => {
    // What was asked before is not so any more.
    round++
    show(link, 0)
  })
  document.addEventListener('visibilitychange', look)
  window.addEventListener('focus', look)
  setInterval(look, EVERY_MS)
  look()
}

const show = (link: HTMLAnchorElement, count: number): void => {
  const badge = link.querySelector<HTMLElement>('.count')
  if (badge === null) return
  badge.hidden = count === 0
  const said = newsWords[localeOf(document.documentElement.lang)].count(count)
  const number = document.createElement('span')
  number.setAttribute('aria-hidden', 'true')
  number.textContent = count >= COUNT_MAX ? `${COUNT_MAX}+` : String(count)
  const words = document.createElement('span')
  words.className = 'unseen'
  words.textContent = ` (${said})`
  badge.replaceChildren(...count === 0 ? [] : [number, words])
}
