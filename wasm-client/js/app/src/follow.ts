/** Hears when a space has changed, for as long as somebody looks at the page. */
import { Refused, path, type Api } from './api.js'

const WAIT_MS_MIN = 1_000
const WAIT_MS_MAX = 30_000
/** A stream says something at least every twenty seconds. */
const SILENCE_MS_MAX = 50_000

/**
 * Calls `changed` with the space's tag at once and after each change, until the signal ends. A page in the
 * background hears nothing: browsers have few connections for all pages of a server.
 */
export const follow = async (api: Api, space: string, signal: AbortSignal, changed: (etag: string) => void): Promise<void> => {
  let wait = WAIT_MS_MIN
  while (!signal.aborted) {
    await visible(signal)
    if (signal.aborted) return
    const ended = new AbortController()
    const end = (): void => ended.abort()
    const hidden = (): void => { if (document.visibilityState === 'hidden') end() }
    signal.addEventListener('abort', end)
    document.addEventListener('visibilitychange', hidden)
    try {
      await listen(api, space, ended, (etag) => { wait = WAIT_MS_MIN; changed(etag) })
    } catch (error) {
      // Whoever may not know of it any more need not ask again and again.
      if (error instanceof Refused && [401, 403, 404].includes(error.status)) return
    } finally {
      signal.removeEventListener('abort', end)
      document.removeEventListener('visibilitychange', hidden)
      end()
    }
    if (signal.aborted) return
    // All of them come back after a restart: not at the same moment.
    await pause(wait * (0.5 + Math.random()), signal)
    wait = Math.min(wait * 2, WAIT_MS_MAX)
  }
}

const listen = async (api: Api, space: string, ended: AbortController, changed: (etag: string) => void): Promise<void> => {
  const answer = await api.raw('GET', path`spaces/${space}/changes`, { signal: ended.signal, headers: { Accept: 'text/event-stream' } })
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
  if (reader === undefined) return
  let text = ''
  for (;;) {
    const silence = setTimeout(() => ended.abort(), SILENCE_MS_MAX)
    const { value, done } = await reader.read().finally(() => clearTimeout(silence))
    if (done) return
    const events = (text + value).split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1]
      if (data === undefined || !event.startsWith('event: changed')) continue
      changed((JSON.parse(data) as { etag: string }).etag)
    }
  }
}

const visible = (signal: AbortSignal): Promise<void> => new Promise((resolve) => {
  if (document.visibilityState !== 'hidden' || signal.aborted) return resolve()
  const look = (): void => {
    if (document.visibilityState === 'hidden' && !signal.aborted) return
    document.removeEventListener('visibilitychange', look)
    signal.removeEventListener('abort', look)
    resolve()
  }
  document.addEventListener('visibilitychange', look)
  signal.addEventListener('abort', look)
})

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> => new Promise((resolve) => {
  const timer = setTimeout(resolve, milliseconds)
  signal.addEventListener('abort', () => { clearTimeout(timer); resolve() }, { once: true })
})
