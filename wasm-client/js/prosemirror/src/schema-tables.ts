import type { Node, NodeSpec } from 'prosemirror-model'

const cellAttributes: NodeSpec['attrs'] = { colspan: { default: 1 }, rowspan: { default: 1 }, colwidth: { default: null } }

const span = (dom: HTMLElement, name: string): number => Math.max(1, Number(dom.getAttribute(name) ?? 1) || 1)

const widths = (dom: HTMLElement): number[] | null => {
  const list = dom.getAttribute('data-colwidth') ?? dom.getAttribute('colwidth')
  if (list === null || !/^\d+(,\d+)*$/.test(list)) return null
  const found = list.split(',').map(Number)
  return found.length === span(dom, 'colspan') ? found : null
}

const cellShown = ({ attrs }: Node): Record<string, string> => ({
  ...(attrs.colspan > 1 ? { colspan: String(attrs.colspan) } : {}),
  ...(attrs.rowspan > 1 ? { rowspan: String(attrs.rowspan) } : {}),
  ...(Array.isArray(attrs.colwidth) ? { 'data-colwidth': attrs.colwidth.join(',') } : {})
})

const cell = (tag: string, role: string): NodeSpec => ({
  content: 'block+',
  isolating: true,
  attrs: cellAttributes,
  tableRole: role,
  parseDOM: [{
    tag,
    getAttrs: (dom) => ({ colspan: span(dom, 'colspan'), rowspan: span(dom, 'rowspan'), colwidth: widths(dom) })
  }],
  toDOM: (node) => [tag, cellShown(node), 0]
})

/** Tables as prosemirror-tables and TipTap have them. */
export const tableNodes: Record<string, NodeSpec> = {
  table: {
    group: 'block',
    content: 'tableRow+',
    isolating: true,
    tableRole: 'table',
    parseDOM: [{ tag: 'table' }],
    toDOM: () => ['table', ['tbody', 0]]
  },
  // A row that two people emptied at once is an empty row, not an error.
  tableRow: { content: '(tableCell | tableHeader)*', tableRole: 'row', parseDOM: [{ tag: 'tr' }], toDOM: () => ['tr', 0] },
  tableCell: cell('td', 'cell'),
  tableHeader: cell('th', 'header_cell')
}
