/** What the tabs of one browser tell each other about one document. */
export type TabMessage =
  /** An edit, and whether the tab it was made in sends it to the server itself. */
  | { tell: 'update', update: Uint8Array, sends: boolean }
  | { tell: 'wanted', stateVector: Uint8Array }
  | { tell: 'signed-out' }

/** The other tabs that have the document open, whether or not there is a network. */
export class Tabs {
  readonly #channel: BroadcastChannel | null

  constructor (key: string, received: (message: TabMessage) => void) {
    this.#channel = typeof BroadcastChannel === 'function' ? new BroadcastChannel(`unisson ${key}`) : null
    this.#channel?.addEventListener('message', (event: Event) => received((event as MessageEvent<TabMessage>).data))
  }

  tell (message: TabMessage): void { this.#channel?.postMessage(message) }

  close (): void { this.#channel?.close() }
}
