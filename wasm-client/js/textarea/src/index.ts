export { bind } from './binding.js'
export type { BindingOptions, EditorBinding as TextareaBinding, SessionLike } from '@unisson/text'
