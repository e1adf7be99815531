import { EditorState, Prec, StateField, type Extension } from '@codemirror/state'
import { EditorView, keymap } from '@codemirror/view'
import type { BindingOptions } from '@unisson/text'
import { bindingPlugin, optionsOf, shown, writableIs } from './binding.js'
import { carets } from './carets.js'
import { undoInput, undoKeymap } from './undo.js'

export interface CollaborationOptions extends BindingOptions {
  /** Whether the keys of undo are taken; otherwise bind `undo` and `redo` yourself. */
  undoKeys?: boolean
}

/**
 * Keeps an editor and a shared text equal, shows who else is there, and undoes only what was done in
 * this editor. The editor shows the text: what it held before is not kept.
 */
export const collaboration = ({ undoKeys = true, ...options }: CollaborationOptions): Extension => {
  const awareness = options.awareness ?? options.session?.awareness
  return [
    optionsOf.of(options),
    bindingPlugin,
    writable,
    refused(options),
    ...(undoKeys ? [Prec.high(keymap.of(undoKeymap))] : []),
    Prec.high(EditorView.domEventHandlers({ beforeinput: undoInput })),
    ...(awareness === undefined ? [] : [carets(awareness)])
  ]
}

/** Read-only until the binding says otherwise. */
const writable = StateField.define<boolean>({
  create: () => false,
  update: (is, { effects }) => effects.reduce((now, effect) => effect.is(writableIs) ? effect.value : now, is),
  provide: (field) => EditorState.readOnly.from(field, (is) => !is)
})

/** Programs may edit what is read-only for people: not what cannot be written. */
const refused = ({ writable: may = () => true }: BindingOptions): Extension =>
  EditorState.changeFilter.of((transaction) =>
    transaction.annotation(shown) === true || (transaction.startState.field(writable) && may()))
