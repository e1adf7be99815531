/** What happens to the text, and is nobody else's business. */
const EDITS = ['beforeinput', 'input', 'paste', 'cut', 'copy', 'selectstart', 'dragstart', 'dragover', 'drop', 'contextmenu']
const KEYS = ['keydown', 'keypress', 'keyup']
/** Keys that write or move, beside those of a character. Keyboards on glass have names for none. */
const WRITES = /^(Backspace|Delete|Enter|Tab|Arrow\w+|Home|End|Page\w+|Process|Dead|Unidentified)$/

/** Whether a key is of use in a text; AltGr, which is Control and Alt on some keyboards, writes. */
const writes = ({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean =>
  WRITES.test(key) || ([...key].length === 1 && (altKey || !(ctrlKey || metaKey)))

/**
 * Keeps the page's own handlers off the text. To them an event in a shadow tree comes from an element
 * that is no field: pages that forbid Backspace, pasting or selecting outside of fields, or that have
 * keys of their own, would forbid it here. A shortcut that the editor has no use for is still the page's.
 */
export const keepFromPage = (root: ShadowRoot): void => {
  for (const name of EDITS) root.addEventListener(name, (event) => event.stopPropagation())
  for (const name of KEYS) {
    root.addEventListener(name, (event) => {
      if (event.defaultPrevented || writes(event as KeyboardEvent)) event.stopPropagation()
    })
  }
}
