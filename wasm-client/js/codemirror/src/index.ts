export { collaboration, type CollaborationOptions } from './collaboration.js'
export { canRedo, canUndo, closeUndoGroup, redo, undo, undoKeymap } from './undo.js'
export { shown } from './binding.js'
export type { BindingOptions, SessionLike } from '@unisson/text'
