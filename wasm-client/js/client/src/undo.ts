import type { Doc } from './doc.js'
import type { Shared } from './types.js'

export interface UndoOptions {
  /** Whose edits are undone; edits without an origin unless given. */
  origins?: unknown[]
  /** Edits that come within this time are one step. */
  captureMs?: number
}

/** Undo of this client's own edits in some types. After a trap of the engine, it starts empty. */
export class UndoManager {
  readonly #doc: Doc
  readonly #scope: Shared[]
  readonly #options: UndoOptions
  readonly #end: () => void
  #number: number

  constructor (scope: Shared | Shared[], options: UndoOptions = {}) {
    this.#scope = Array.isArray(scope) ? scope : [scope]
    const [first] = this.#scope
    if (first === undefined) throw new TypeError('an undo manager needs a type')
    this.#doc = first.doc
    this.#options = options
    this.#number = this.#create()
    this.#end = this.#doc.onRebuild(() => { this.#number = this.#create() })
  }

  get undoSize (): number { return this.#sizes()[0] ?? 0 }
  get redoSize (): number { return this.#sizes()[1] ?? 0 }
  get canUndo (): boolean { return this.undoSize > 0 }
  get canRedo (): boolean { return this.redoSize > 0 }

  /** Says whether there was anything to undo. */
  undo (): boolean { return this.#doc.write((engine) => engine.undo(this.#number, false)) }
  redo (): boolean { return this.#doc.write((engine) => engine.undo(this.#number, true)) }

  /** The next edit begins a step of its own. */
  stopCapturing (): void { this.#doc.read((engine) => engine.undo_stop(this.#number)) }
  clear (): void { this.#doc.read((engine) => engine.undo_clear(this.#number)) }

  destroy (): void {
    this.#end()
    this.#doc.read((engine) => engine.undo_drop(this.#number))
  }

  #create (): number {
    const origins = (this.#options.origins ?? []).flatMap((origin) => this.#doc.originName(origin) ?? [])
    return this.#doc.read((engine) =>
      engine.undo_manager(this.#scope.map(({ id }) => id).join('\n'), origins.join('\n'), this.#options.captureMs ?? 500))
  }

  #sizes (): Uint32Array { return this.#doc.read((engine) => engine.undo_sizes(this.#number)) }
}
