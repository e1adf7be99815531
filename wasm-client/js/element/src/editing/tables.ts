import { Plugin } from 'prosemirror-state'
import { tableEditing } from 'prosemirror-tables'
import { shownKey } from '@unisson/prosemirror'

/**
 * Editing of tables. What others wrote is shown as it is: if each editor mended it, all would mend the
 * same place at once, and then what the others have mended, for ever.
 */
export const tables = (): Plugin => {
  const plugin = tableEditing()
  const { appendTransaction } = plugin.spec
  return new Plugin({
    ...plugin.spec,
    appendTransaction: (transactions, before, state) => {
      const tr = appendTransaction?.call(plugin, transactions, before, state)
      const isOfOthers = transactions.every((transaction) => !transaction.docChanged || transaction.getMeta(shownKey) !== undefined)
      return tr?.docChanged === true && isOfOthers ? null : tr
    }
  })
}
