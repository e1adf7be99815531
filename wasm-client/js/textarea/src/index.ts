export { bind, type TextareaBinding } from './binding.js'
export type { BindingOptions, SessionLike } from '@unisson/text'
