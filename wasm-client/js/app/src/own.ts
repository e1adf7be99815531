/**
 * What is one person's own: favourites, what they opened last, what they have ticked. The server keeps it for
 * whoever is somebody there, and it follows them from one device to the next; for all others this browser does.
 */
import { path, type Api } from './api.js'
import * as browser from './own-browser.js'

/** A page that somebody opened or marked, as it is called now. */
export interface Mark { space: string, page: string, title: string, at_ms: number }

/** What is one's own of a page. */
export interface MyPage {
  favourite: boolean
  /** Up to which moment it is read; null in a space where nothing was opened yet. */
  read_ms: number | null
  ticks: string[]
}

interface MeAnswer { user: string | null, favourites: Mark[], recent: Mark[] }

/** Somebody's own, as it was when it was read. */
export class Own {
  readonly #api: Api
  /** Null where the browser keeps it. */
  readonly user: string | null
  readonly #told: MeAnswer | null

  private constructor (api: Api, told: MeAnswer | null) {
    this.#api = api
    this.user = told?.user ?? null
    this.#told = told
  }

  static async read (api: Api): Promise<Own> {
    const { value } = await api.get<MeAnswer>('me')
    if (value.user === null) return new Own(api, null)
    const before = browser.takenOver(value.user)
    if (before === null) return new Own(api, value)
    await api.patch('me', before.order)
    before.done()
    return new Own(api, (await api.get<MeAnswer>('me')).value)
  }

  /** By title. */
  get favourites (): Mark[] { return this.#told?.favourites ?? browser.favourites() }

  /** The last first. */
  get recent (): Mark[] { return this.#told?.recent ?? browser.recent() }

  isFavourite (space: string, page: string): boolean {
    return this.favourites.some((mark) => mark.space === space && mark.page === page)
  }

  /** Marks a page, or takes the mark away; says what is so then. */
  async toggleFavourite (space: string, page: string, title: string): Promise<Own> {
    if (this.#told === null) {
      browser.toggleFavourite(space, page, title)
      return this
    }
    await favour(this.#api, space, page, !this.isFavourite(space, page))
    return Own.read(this.#api)
  }

  /** Where the browser keeps what was opened; elsewhere `<unisson-own>` of the page says so. */
  opened (space: string, page: string, title: string): void {
    if (this.#told === null) browser.opened(space, page, title)
  }

  /** Pages may be renamed: marks that the browser keeps follow, and those of pages that are gone go. */
  refresh (space: string, titleOf: (page: string) => string | null): void {
    if (this.#told === null) browser.refreshMarks(space, titleOf)
  }
}

/** Makes a page a favourite, or none. */
export const favour = async (api: Api, space: string, page: string, isOne: boolean): Promise<void> => {
  await api.patch('me', { [isOne ? 'favour' : 'disfavour']: [{ space, page }] })
}

export const myPage = async (api: Api, space: string, page: string): Promise<MyPage> =>
  (await api.get<MyPage>(path`me/pages/${space}/${page}`)).value

/** The pages of a space that others have changed since they were read, and when. */
export const unreadIn = async (api: Api, space: string): Promise<Map<string, number>> => {
  const { value } = await api.get<{ pages: Array<{ page: string, changed_ms: number }> }>(path`me/unread/${space}`)
  return new Map(value.pages.map(({ page, changed_ms }) => [page, changed_ms]))
}

const CHANGED = 'unisson-own'

/** Tells the other components of the window that something was read or marked. */
export const tellOthers = (): void => { document.dispatchEvent(new Event(CHANGED)) }

/** Calls back when another device or window may have changed something, until the signal ends. */
export const whenItMayDiffer = (signal: AbortSignal, look: () => void): void => {
  document.addEventListener(CHANGED, look, { signal })
  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'visible') look() }, { signal })
}
