import type { Node, NodeType } from 'prosemirror-model'
import type { Branch, Filler, Item } from './render.js'

/** Wider than anybody's table: what is said to be wider is not made so. */
const COLUMNS_MAX = 1_000

/**
 * Rows of a table, each shown as wide as the widest. One person adds a row while another adds a column:
 * merged, the row has a cell less. If every editor wrote what it misses, each would add the cell, see the
 * cells of the others, and find all other rows too short: the table would grow for ever. So what is
 * missing is only shown; it becomes real where somebody writes in it.
 */
export const evenRows = (items: readonly Item[], show: (row: Branch, children: Item[]) => Branch): Item[] => {
  const rows = items.filter(isRow)
  if (rows.length !== items.length) return [...items]
  const filled = columnsOf(rows.map(({ node }) => node))
  const width = Math.max(0, ...filled)
  if (width > COLUMNS_MAX) return [...items]
  return rows.map((row, index) => {
    const missing = width - filled[index]!
    const type = cellType(row.node)
    if (missing === 0 || type === null) return row
    const cells = Array.from({ length: missing }, (): Filler => ({ kind: 'filler', node: type.createAndFill()! }))
    return show(row, [...row.children, ...cells])
  })
}

const isRow = (item: Item): item is Branch => item.kind === 'branch' && item.node.type.spec.tableRole === 'row'

/** How many columns the cells of each row fill, with those that reach into it from above. */
const columnsOf = (rows: readonly Node[]): number[] => {
  const filled = rows.map(() => 0)
  rows.forEach((row, index) => row.forEach((cell) => {
    const [columns, down] = [span(cell.attrs.colspan), span(cell.attrs.rowspan)]
    for (let at = index; at < Math.min(index + down, rows.length); at += 1) filled[at]! += columns
  }))
  return filled
}

const span = (value: unknown): number => typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : 1

/** A row goes on as it begins. */
const cellType = (row: Node): NodeType | null => row.firstChild?.type ??
  Object.values(row.type.schema.nodes).find(({ spec }) => spec.tableRole === 'cell') ?? null
