/** An editor or a field that is joined to a text. */
export interface EditorBinding {
  readonly canUndo: boolean
  readonly canRedo: boolean
  /** Takes back the last edit of this editor. */
  undo: () => boolean
  redo: () => boolean
  /** What follows is undone apart from what was before. */
  closeUndoGroup: () => void
  /** Asks `writable` again. */
  refresh: () => void
  destroy: () => void
}
