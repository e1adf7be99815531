/** What the server says of comments, and the calls that change them. */
import { path, type Api } from '../../api.js'

export interface By { user: string | null, name: string | null }

export interface Comment {
  id: string
  text: string
  mentions: string[]
  created_ms: number
  edited_ms: number | null
  by: By
  may_edit: boolean
  may_delete: boolean
}

export interface Thread {
  id: string
  anchor: { start: unknown, end: unknown } | null
  quote: string
  place: 'document' | 'anchored' | 'moved' | 'orphaned' | 'unknown'
  position: number | null
  created_ms: number
  by: By
  resolved: { at_ms: number, by: By } | null
  comments: Comment[]
}

interface Listing { threads: Thread[], next: string | null, open: number, resolved: number, may_comment: boolean }

/** All that is said about a document. */
export interface Said { threads: Thread[], open: number, resolved: number, mayComment: boolean }

/** A place in the text, as `<unisson-editor>` gives it. */
export interface Place { anchor: { start: unknown, end: unknown }, quote: string, before: string, after: string }

const NAME = 'unisson-name'

/** What somebody without a sign-in calls themselves in the editor. */
const ownName = (): { name?: string } => {
  try {
    const name = localStorage.getItem(NAME)?.trim().slice(0, 40) ?? ''
    return name === '' ? {} : { name }
  } catch {
    return {}
  }
}

const base = (document: string): string => path`documents/${document}/comments`

export const read = async (api: Api, document: string): Promise<Said> => {
  const threads: Thread[] = []
  let cursor: string | null = null
  for (;;) {
    const more: string = cursor === null ? '' : `&cursor=${cursor}`
    const { value }: { value: Listing } = await api.get<Listing>(`${base(document)}?locate=true&limit=500${more}`)
    threads.push(...value.threads)
    cursor = value.next
    if (cursor === null) return { threads, open: value.open, resolved: value.resolved, mayComment: value.may_comment }
  }
}

export const start = async (api: Api, document: string, text: string, mentions: string[], place: Place | null): Promise<Thread> =>
  (await api.post<Thread>(base(document), { text, mentions, ...place, ...ownName() })).value

export const reply = async (api: Api, document: string, thread: string, text: string, mentions: string[]): Promise<void> => {
  await api.post(`${base(document)}/${thread}`, { text, mentions, ...ownName() })
}

export const settle = async (api: Api, document: string, thread: string, resolved: boolean): Promise<void> => {
  await api.patch(`${base(document)}/${thread}`, { resolved, ...ownName() })
}

export const edit = async (api: Api, document: string, thread: string, comment: string, text: string): Promise<void> => {
  await api.patch(`${base(document)}/${thread}/${comment}`, { text })
}

export const remove = async (api: Api, document: string, thread: string, comment: string): Promise<void> => {
  await api.delete(`${base(document)}/${thread}/${comment}`)
}

/** Open ones first where they stand in the text, then those about the page and those without a place. */
export const inOrder = (threads: Thread[]): Thread[] =>
  [...threads].sort((one, other) => (one.position ?? Infinity) - (other.position ?? Infinity) || one.created_ms - other.created_ms)
