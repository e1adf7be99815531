import type { Doc } from './doc.js'
import type { Shared } from './types.js'

export interface UndoOptions {
  /** Whose edits are undone; edits without an origin unless given. */
  origins?: unknown[]
  /** Edits that come within this time are one step. */
  captureMs?: number
  /** There is one more step that can be undone, or after an undo, redone. */
  added?: (step: UndoStep) => void
  /** A step was undone or redone; observers have been told. */
  taken?: (step: UndoStep) => void
}

/** One step of undo, and what the application keeps with it, such as a selection. */
export interface UndoStep { readonly memory: Map<string, unknown> }

/** What older steps remember is forgotten; they can still be undone. */
const MEMORIES_MAX = 1_000
const ADDED = 1

/** Undo of this client's own edits in some types. After a trap of the engine, it starts empty. */
export class UndoManager {
  readonly #doc: Doc
  readonly #scope: Shared[]
  readonly #options: UndoOptions
  readonly #end: () => void
  #number: number
  /** By the engine's number of a step. */
  readonly #steps = new Map<number, UndoStep>()

  constructor (scope: Shared | Shared[], options: UndoOptions = {}) {
    this.#scope = Array.isArray(scope) ? scope : [scope]
    const [first] = this.#scope
    if (first === undefined) throw new TypeError('an undo manager needs a type')
    this.#doc = first.doc
    this.#options = options
    this.#number = this.#create()
    const ends = [
      this.#doc.onRebuild(() => {
        this.#steps.clear()
        this.#number = this.#create()
      }),
      this.#doc.onSettled(() => this.#announce())
    ]
    this.#end = () => ends.forEach((end) => end())
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
    if (!this.#doc.destroyed) this.#doc.read((engine) => engine.undo_drop(this.#number))
  }

  #create (): number {
    const origins = (this.#options.origins ?? []).flatMap((origin) => this.#doc.originName(origin) ?? [])
    return this.#doc.read((engine) =>
      engine.undo_manager(this.#scope.map(({ id }) => id).join('\n'), origins.join('\n'), this.#options.captureMs ?? 500))
  }

  /** After each transaction, now that the engine is free: tells what became of the steps. */
  #announce (): void {
    const happened = this.#doc.read((engine) => engine.undo_steps(this.#number))
    for (let index = 0; index + 1 < happened.length; index += 2) {
      const [what, number] = happened.subarray(index, index + 2) as unknown as [number, number]
      if (what === ADDED) this.#add(number)
      else this.#take(number)
    }
  }

  #add (number: number): void {
    const step: UndoStep = { memory: new Map() }
    this.#steps.set(number, step)
    const [oldest] = this.#steps.keys()
    if (this.#steps.size > MEMORIES_MAX && oldest !== undefined) this.#steps.delete(oldest)
    this.#options.added?.(step)
  }

  #take (number: number): void {
    const step = this.#steps.get(number)
    this.#steps.delete(number)
    if (step !== undefined) this.#options.taken?.(step)
  }

  #sizes (): Uint32Array { return this.#doc.read((engine) => engine.undo_sizes(this.#number)) }
}
