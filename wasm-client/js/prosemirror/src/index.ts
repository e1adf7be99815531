export { collaboration, undo, redo, canUndo, canRedo, closeUndoGroup, bindingOf, type CollaborationOptions } from './collaboration.js'
export { carets, personOf, type CaretsOptions, type Person } from './carets.js'
export { Binding, shownKey, type AnchoredSelection } from './binding.js'
export { comments, commentsIn, placeOf, showComments, type CommentMark, type CommentPlace } from './comments.js'
export { Renderer } from './render.js'
export {
  unsupportedBlock, unsupportedInline, unsupportedMark, isUnsupported,
  UNSUPPORTED_BLOCK, UNSUPPORTED_INLINE, UNSUPPORTED_MARK, type Label
} from './unsupported.js'
export { safeImage, safeLink } from './addresses.js'
