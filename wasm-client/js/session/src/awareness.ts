import { forgetSilent, RENEW_MS, type AwarenessLike, type PresenceChange, type PresenceFields } from './presence.js'

type Listener = (change: PresenceChange, origin: unknown) => void

/** How often it is looked who has fallen silent. */
const CHECK_MS = 3_000

/** The awareness of y-protocols for engines that have no `Y.Doc`: same fields, same events. */
export class Presence implements AwarenessLike {
  readonly states = new Map<number, PresenceFields>()
  readonly meta = new Map<number, { clock: number, lastUpdated: number }>()
  readonly #listeners = { change: new Set<Listener>(), update: new Set<Listener>() }
  readonly #timer: ReturnType<typeof setInterval>

  constructor (readonly clientID: number) {
    this.setLocalState({})
    this.#timer = setInterval(() => this.#check(), CHECK_MS)
  }

  getStates (): Map<number, PresenceFields> { return this.states }
  getLocalState (): PresenceFields | null { return this.states.get(this.clientID) ?? null }

  setLocalState (state: PresenceFields | null): void {
    const before = this.getLocalState()
    const clock = (this.meta.get(this.clientID)?.clock ?? -1) + 1
    this.meta.set(this.clientID, { clock, lastUpdated: Date.now() })
    if (state === null) this.states.delete(this.clientID)
    else this.states.set(this.clientID, state)
    const own = [this.clientID]
    const change = {
      added: state !== null && before === null ? own : [],
      updated: state !== null && before !== null ? own : [],
      removed: state === null ? own : []
    }
    if (JSON.stringify(before) !== JSON.stringify(state)) this.emit('change', [change, 'local'])
    this.emit('update', [change, 'local'])
  }

  setLocalStateField (field: string, value: unknown): void {
    const state = this.getLocalState()
    if (state !== null) this.setLocalState({ ...state, [field]: value })
  }

  on (name: 'change' | 'update', listener: Listener): void { this.#listeners[name].add(listener) }
  off (name: 'change' | 'update', listener: Listener): void { this.#listeners[name].delete(listener) }

  emit (name: 'change' | 'update', [change, origin]: [PresenceChange, unknown]): void {
    for (const listener of [...this.#listeners[name]]) listener(change, origin)
  }

  destroy (): void {
    clearInterval(this.#timer)
    this.setLocalState(null)
    this.#listeners.change.clear()
    this.#listeners.update.clear()
  }

  #check (): void {
    const state = this.getLocalState()
    const said = this.meta.get(this.clientID)?.lastUpdated ?? 0
    if (state !== null && Date.now() - said >= RENEW_MS) this.setLocalState(state)
    forgetSilent(this, 'timeout')
  }
}
