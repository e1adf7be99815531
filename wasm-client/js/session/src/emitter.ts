/** Listeners by the name of what happens. One that throws is reported and harms nobody else. */
export class Emitter<Events extends Record<string, unknown>> {
  readonly #listeners = new Map<keyof Events, Set<(detail: never) => void>>()

  on<Name extends keyof Events> (name: Name, listener: (detail: Events[Name]) => void): void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(listener))
  }

  off<Name extends keyof Events> (name: Name, listener: (detail: Events[Name]) => void): void {
    this.#listeners.get(name)?.delete(listener)
  }

  emit<Name extends keyof Events> (name: Name, detail: Events[Name]): void {
    for (const listener of [...this.#listeners.get(name) ?? []]) {
      try {
        (listener as (detail: Events[Name]) => void)(detail)
      } catch (error) {
        reportLater(error)
      }
    }
  }

  clear (): void { this.#listeners.clear() }
}

/** Makes an error of the application's own code visible without letting it through ours. */
export const reportLater = (error: unknown): void => {
  queueMicrotask(() => {
    if (typeof globalThis.reportError === 'function') globalThis.reportError(error)
    else console.error(error)
  })
}
