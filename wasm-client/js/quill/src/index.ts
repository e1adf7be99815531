export { bind } from './binding.js'
export { UNSUPPORTED } from './embeds.js'
export type { BindingOptions, EditorBinding as QuillBinding, SessionLike } from '@unisson/text'
