/** The banner of a page that stays open: what operators have to say comes without a reload. */
import { Api } from './api.js'
import { ownRoot } from './root.js'
import { localeOf } from './words.js'

interface Banner { level: string, text: { fr: string, en: string } }

const EVERY_MS = 120_000

/** Looks now and then, while somebody looks at the page. */
export const followBanner = (): void => {
  const place = document.querySelector<HTMLElement>('.banner[data-level]')
  if (place === null) return
  setInterval(() => { if (document.visibilityState === 'visible') void look(place) }, EVERY_MS)
}

const look = async (place: HTMLElement): Promise<void> => {
  // A server that does not answer has no news; the next look asks again.
  const answer = await new Api(ownRoot()).get<{ banner: Banner | null }>('banner').catch(() => null)
  if (answer === null) return
  const { banner } = answer.value
  place.hidden = banner === null
  if (banner === null) return
  const text = banner.text[localeOf(document.documentElement.lang)]
  // The same text again would be read out again.
  if (place.textContent !== text) place.textContent = text
  place.dataset['level'] = banner.level
}
