import { Content } from './engine.js'
import type { Dialect } from './frames.js'

/** Frames sent and not yet answered, at most; further edits wait and then travel together. */
const IN_FLIGHT_MAX = 1_024

/**
 * Local edits from the moment they are made to their acknowledgement.
 *
 * Hocuspocus answers each frame once and in order; a y-websocket server sends the edit back. An edit
 * stays unsaved over a lost connection, whatever the server's state vector says: being in the
 * server's memory is not being saved.
 */
export class Ledger {
  readonly unsaved = new Content()
  readonly #dialect: Dialect
  #inFlight: Content[] = []

  constructor (dialect: Dialect) { this.#dialect = dialect }

  /** Nothing waits for the server: no edit, and no answer either. */
  get isClear (): boolean { return this.unsaved.isEmpty && this.#inFlight.length === 0 }

  get hasRoom (): boolean { return this.#inFlight.length < IN_FLIGHT_MAX }

  /** Whether some unsaved edit is in no frame on its way. */
  get hasUnsent (): boolean {
    const sent = new Content()
    for (const content of this.#inFlight) sent.add(content)
    return !(sent.inserts.contains(this.unsaved.inserts) && sent.deletes.contains(this.unsaved.deletes))
  }

  edited (content: Content): void { this.unsaved.add(content) }

  /** A frame that will be answered went out. */
  sent (content: Content): void {
    if (this.#dialect === 'hocuspocus') this.#inFlight.push(content)
  }

  /** The oldest frame is durable. */
  accepted (): void {
    const content = this.#inFlight.shift()
    if (content !== undefined) this.unsaved.remove(content)
  }

  /** The oldest frame was refused: its edits stay unsaved. Says whether there were any. */
  refused (): boolean {
    const content = this.#inFlight.shift()
    return content !== undefined && !content.isEmpty
  }

  /** These edits came back from a server that returns what it has saved. Says if any was awaited. */
  returned (content: Content): boolean {
    if (this.#dialect !== 'y-websocket' || this.unsaved.isEmpty) return false
    const awaited = this.unsaved.inserts.intersects(content.inserts) || this.unsaved.deletes.intersects(content.deletes)
    if (awaited) this.unsaved.remove(content)
    return awaited
  }

  /** The connection is gone, and with it the answers. */
  disconnected (): void { this.#inFlight = [] }
}
