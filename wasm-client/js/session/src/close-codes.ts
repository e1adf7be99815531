import type { Dialect } from './frames.js'

/**
 * What a close code asks of a client: come back soon; later, as the server restarts or is
 * overloaded; with other credentials; or not at all.
 */
export type Comeback = 'soon' | 'later' | 'credentials' | 'never'

/** 4400-4499 are final, as in y-websocket 3.1, except 4408 of Hocuspocus: "timed out" there. */
export const afterClose = (dialect: Dialect, code: number): Comeback => {
  if (code === 4408 && dialect === 'hocuspocus') return 'soon'
  if (code === 4401 || code === 4403) return 'credentials'
  if (code >= 4400 && code <= 4499) return 'never'
  if (code === 1012 || code === 1013 || (code >= 4500 && code <= 4599)) return 'later'
  return 'soon'
}
