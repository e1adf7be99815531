export { bind, type QuillBinding, type QuillBindingOptions } from './binding.js'
export { UNSUPPORTED } from './embeds.js'
export type { BindingOptions, SessionLike } from '@unisson/text'
