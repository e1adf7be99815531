/** A screen of a space: what it shows is read at first, and again whenever the space has changed. */
import { Component } from './component.js'
import { follow } from './follow.js'

export abstract class Following extends Component {
  /** The space's tag when what is shown was read. */
  protected etag = ''
  #ended: AbortController | null = null

  /** Reads what is shown, and its tag. */
  protected abstract read (): Promise<void>

  override connectedCallback (): void {
    super.connectedCallback()
    const ended = this.#ended = new AbortController()
    void this.read().then(() => follow(this.api, this.space, ended.signal, (etag) => { if (etag !== this.etag) void this.read() }))
  }

  override disconnectedCallback (): void {
    super.disconnectedCallback()
    this.#ended?.abort()
  }
}
