import { request, type Answer } from './request.js'

/** As much goes in one piece; what is larger goes in pieces of this size, which go on where a line broke. */
const PIECE_BYTES = 1 << 20
/** How often a piece is tried again, with pauses that grow to half a minute: some minutes in all. */
const TRIES_MAX = 12
const PAUSE_MS_MAX = 30_000
/** A ticket is drawn anew so long before it ends. */
const TICKET_SPARE_MS = 60_000
const OWN = /^attachments\/[0-9a-f]{32}\//
const SHOWN = /^image\/(png|jpeg|gif|webp|avif)$/

/** A file that is in the document. */
export interface Added {
  name: string
  /** As it stands in the text: relative to the document. */
  address: string
  isImage: boolean
}

/** Why a file is not added: a code of the server, or `offline`. */
export class FileError extends Error {
  constructor (readonly code: string) { super(code) }
}

export interface FilesOptions {
  /** Where the server is; ends with a slash. */
  server: URL
  document: string
  /** The token that the session has shown last; empty where a cookie says who it is, or nothing. */
  token: () => string
}

/** Whether an address of the text is one of the document's own files. */
export const isOwn = (address: unknown): address is string => typeof address === 'string' && OWN.test(address)

/** The files of a document: where they are, and adding more. See docs/guide/attachments.md. */
export class Files {
  readonly #options: FilesOptions
  readonly #base: URL
  /** Those of other documents that are shown in this one: each has tickets of its own. */
  readonly #others = new Map<string, Files>()
  #ticket: { text: string, endsMs: number } | null = null
  #drawing: Promise<void> | null = null

  constructor (options: FilesOptions) {
    this.#options = options
    this.#base = new URL(`api/v1/documents/${encodeURIComponent(options.document)}/attachments`, options.server)
  }

  /** Whether an address is a file of this document, or of another one of this server. */
  isFile (address: unknown): address is string { return isOwn(address) || this.#elsewhere(address) !== null }

  /** An own file as other documents name it. */
  absolute (address: string): string { return isOwn(address) ? new URL(address, this.#base).href : address }

  /** A file as this document names it. */
  relative (address: string): string {
    const other = this.#elsewhere(address)
    return other?.document === this.#options.document ? other.address : address
  }

  /** Where a browser finds a file: with a ticket where it has no cookie to show. */
  async shown (address: string): Promise<string> {
    const other = this.#elsewhere(address)
    if (other !== null) return await this.#of(other.document).shown(other.address)
    if (this.#needsTicket && !this.#hasTicket) await (this.#drawing ??= this.#draw().finally(() => { this.#drawing = null }))
    const url = new URL(address, this.#base)
    if (this.#ticket !== null && this.#needsTicket) url.searchParams.set('ticket', this.#ticket.text)
    return url.href
  }

  /** The next address has a new ticket. */
  renew (): void {
    this.#ticket = null
    for (const other of this.#others.values()) other.renew()
  }

  /** Adds a file; `progress` hears how much of it has arrived, from 0 to 1. */
  async add (file: File, progress: (part: number) => void): Promise<Added> {
    const name = nameOf(file)
    if (file.size === 0) throw new FileError('empty')
    const address = file.size <= PIECE_BYTES ? await this.#whole(file, name, progress) : await this.#pieces(file, name, progress)
    return { name, address, isImage: SHOWN.test(file.type) }
  }

  #of (document: string): Files {
    const known = this.#others.get(document) ?? new Files({ ...this.#options, document })
    this.#others.set(document, known)
    return known
  }

  /** A file of a document of this server, by its whole address. */
  #elsewhere (address: unknown): { document: string, address: string } | null {
    const documents = new URL('api/v1/documents/', this.#options.server).href
    if (typeof address !== 'string' || !address.startsWith(documents)) return null
    const [, document, file] = /^([^/]+)\/(attachments\/[0-9a-f]{32}\/[^?#]+)/.exec(address.slice(documents.length)) ?? []
    if (document === undefined || file === undefined) return null
    try {
      return { document: decodeURIComponent(document), address: file }
    } catch {
      return null
    }
  }

  get #needsTicket (): boolean { return this.#options.token() !== '' || this.#base.origin !== location.origin }
  get #hasTicket (): boolean { return this.#ticket !== null && this.#ticket.endsMs - TICKET_SPARE_MS > Date.now() }

  async #draw (): Promise<void> {
    const answer = await this.#send('POST', new URL(`${this.#base.href}/ticket`), {})
    const { ticket, ends_ms: endsMs } = await JSON.parse(answer.body) as { ticket: string, ends_ms: number }
    this.#ticket = { text: ticket, endsMs }
  }

  async #whole (file: File, name: string, progress: (part: number) => void): Promise<string> {
    const url = new URL(this.#base)
    url.searchParams.set('name', name)
    const type = file.type === '' ? 'application/octet-stream' : file.type
    const answer = await this.#trying(() => this.#send('POST', url, { 'Content-Type': type }, file, (sent) => progress(sent / file.size)))
    return (JSON.parse(answer.body) as { address: string }).address
  }

  /** As tus 1.0 has it. */
  async #pieces (file: File, name: string, progress: (part: number) => void): Promise<string> {
    const uploads = new URL(`${this.#base.href}/uploads`)
    const metadata = [['filename', name], ['filetype', file.type]].map(([key, value]) => `${key} ${base64(value!)}`)
    const begun = await this.#trying(() => this.#send('POST', uploads, { 'Upload-Length': String(file.size), 'Upload-Metadata': metadata.join(',') }))
    const at = new URL(begun.header('Location') ?? '', uploads)
    let offset = 0
    let isLost = false
    for (;;) {
      const answer = await this.#trying(async () => {
        // Nobody knows how much of the piece before has come.
        if (isLost) offset = Number((await this.#send('HEAD', at, {})).header('Upload-Offset'))
        isLost = true
        const piece = file.slice(offset, offset + PIECE_BYTES)
        const headers = { 'Upload-Offset': String(offset), 'Content-Type': 'application/offset+octet-stream' }
        return await this.#send('PATCH', at, headers, piece, (sent) => progress((offset + sent) / file.size))
      })
      isLost = false
      offset = Number(answer.header('Upload-Offset'))
      progress(offset / file.size)
      const place = /attachments\/[0-9a-f]{32}\/.*$/.exec(answer.header('Content-Location') ?? '')
      if (place !== null) return place[0]
      if (offset >= file.size) throw new FileError('lost')
    }
  }

  async #send (method: string, url: URL, headers: Record<string, string>, body?: Blob, progress?: (sent: number) => void): Promise<Answer> {
    const token = this.#options.token()
    const answer = await request(method, url, {
      'Tus-Resumable': '1.0.0', ...headers, ...(token === '' ? {} : { Authorization: `Bearer ${token}` })
    }, body, progress)
    if (answer.status >= 200 && answer.status < 300) return answer
    throw new FileError(answer.status >= 500 || [0, 408, 409, 429].includes(answer.status) ? 'offline' : codeOf(answer.body))
  }

  /** Again and again while the line or the server is away; what the server refuses stays refused. */
  async #trying (send: () => Promise<Answer>): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      try {
        return await send()
      } catch (error) {
        if (!(error instanceof FileError) || error.code !== 'offline' || tries >= TRIES_MAX) throw error
        await new Promise((resolve) => setTimeout(resolve, Math.min(PAUSE_MS_MAX, 500 * 2 ** tries)))
      }
    }
  }
}

const codeOf = (body: string): string => {
  try {
    return (JSON.parse(body) as { code?: string }).code ?? 'other'
  } catch {
    return 'other'
  }
}

/** Pictures from the clipboard have no name of their own. */
const nameOf = (file: File): string => {
  const name = file.name.trim()
  if (/\.[a-z0-9]+$/i.test(name)) return name
  const extension = /^image\/(png|jpeg|gif|webp|avif)$/.exec(file.type)?.[1]
  return extension === undefined ? name : `${name === '' ? 'image' : name}.${extension.replace('jpeg', 'jpg')}`
}

const base64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)))
