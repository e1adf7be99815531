/** What a server said; status 0 where none did. */
export interface Answer {
  status: number
  body: string
  header: (name: string) => string | null
}

/** One request. `fetch` tells nobody how much of a body has gone, so this is the older way. */
export const request = (
  method: string, url: URL, headers: Record<string, string>, body?: Blob, progress?: (sent: number) => void
): Promise<Answer> => new Promise((resolve) => {
  const asking = new XMLHttpRequest()
  asking.open(method, url)
  for (const [name, value] of Object.entries(headers)) asking.setRequestHeader(name, value)
  if (progress !== undefined) asking.upload.addEventListener('progress', ({ loaded }) => progress(loaded))
  asking.addEventListener('loadend', () => resolve({
    status: asking.status, body: asking.responseText, header: (name) => asking.getResponseHeader(name)
  }))
  asking.send(body ?? null)
})
