import type { Anchor } from './anchor.js'

/**
 * One operation on a text, as in Quill and Yjs. What is inserted is text, a value that counts one, or
 * `null` for a shared type inside the text, which only its own kind of editor can make.
 */
export interface Operation {
  insert?: string | object | null
  delete?: number
  retain?: number
  attributes?: Record<string, unknown>
}

/** What a step of undo remembers for its editor. */
export type StepMemory = Map<string, unknown>

export interface UndoOptions {
  /** Whose edits are undone. */
  origin: object
  /** Edits that follow within this time are undone together. */
  groupMs: number
  /** There is one more step, of an edit, an undo or a redo. */
  added: (memory: StepMemory) => void
  /** A step was undone or redone; the text shows it. */
  taken: (memory: StepMemory) => void
}

/** Undo of the edits of one origin in one text. */
export interface SharedUndo {
  readonly canUndo: boolean
  readonly canRedo: boolean
  undo: () => void
  redo: () => void
  /** What follows is undone apart from what was before. */
  closeGroup: () => void
  destroy: () => void
}

/**
 * One text of a shared document. Positions count UTF-16 units, embedded values one.
 *
 * Both engines offer it: `session.text(name)` of `@unisson/yjs` and of `@unisson/client`.
 */
export interface SharedText {
  readonly length: number
  toDelta: () => Operation[]
  /** Writes all operations at once, or throws and writes none. They must not reach past the end. */
  applyDelta: (delta: Operation[], origin: object) => void
  /** Calls `listener` with each change of the text, in order, and with its origin; returns what ends it. */
  observe: (listener: (delta: Operation[], origin: unknown) => void) => () => void
  /** A position that stays with what follows it, or with `assoc` below zero with what is before it. */
  anchor: (index: number, assoc?: number) => Anchor
  /** Where an anchor is now; `null` where it is gone, unreadable, or in another text. */
  indexOf: (anchor: unknown) => number | null
  undo: (options: UndoOptions) => SharedUndo
}
