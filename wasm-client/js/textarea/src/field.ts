/** Where plain text is edited. */
export type Field = HTMLTextAreaElement | HTMLInputElement

/** The types of `<input>` that have a selection. */
const TYPES = ['text', 'search', 'url', 'tel', 'password']

export const requireText = (field: Field): void => {
  if (field instanceof field.ownerDocument.defaultView!.HTMLTextAreaElement || TYPES.includes(field.type)) return
  throw new TypeError(`an input of type ${field.type} has no selection: use one of ${TYPES.join(', ')}`)
}

/**
 * A text as a field can hold it, letter for letter at the same place: a field throws line ends of other
 * systems away, and an `<input>` all of them.
 */
export const asShown = (field: Field, text: string): string =>
  text.replace(field instanceof field.ownerDocument.defaultView!.HTMLTextAreaElement ? /\r/g : /[\r\n]/g, ' ')

export interface Selected { start: number, end: number, direction: 'forward' | 'backward' | 'none' }

export const selectedIn = (field: Field): Selected =>
  ({ start: field.selectionStart ?? 0, end: field.selectionEnd ?? 0, direction: field.selectionDirection ?? 'none' })

/** Whether people type into it now. */
export const hasFocus = (field: Field): boolean => {
  const root = field.getRootNode() as Document | ShadowRoot
  return root.activeElement === field && field.ownerDocument.hasFocus()
}
