import type { Mark, Node } from 'prosemirror-model'
import { calloutOf } from '@unisson/prosemirror/schema'

/** The document as GitHub's Markdown. What Markdown cannot say is left out: merged cells, underlines. */
export const markdownOf = (doc: Node): string => blocksOf(doc).join('\n\n').replace(/[ \t]+$/gm, '') + '\n'

const blocksOf = (parent: Node): string[] => {
  const blocks: string[] = []
  parent.forEach((node) => blocks.push(blockOf(node)))
  return blocks
}

const indented = (text: string, indent: string): string => text.replace(/\n(?=[^\n])/g, `\n${indent}`)

const blockOf = (node: Node): string => {
  switch (node.type.name) {
    case 'heading': return `${'#'.repeat(Math.min(6, Math.max(1, Number(node.attrs.level) || 1)))} ${inlineOf(node)}`
    case 'blockquote': return [...calloutLine(node), blocksOf(node).join('\n\n')].join('\n').replace(/^/gm, '> ').replace(/^> $/gm, '>')
    case 'codeBlock': return fenced(node)
    case 'horizontalRule': return '---'
    case 'image': return `![${escaped(String(node.attrs.alt ?? ''))}](${node.attrs.src ?? ''})`
    case 'bulletList': return itemsOf(node, () => '- ')
    case 'orderedList': return itemsOf(node, (index) => `${Number(node.attrs.start ?? 1) + index}. `)
    case 'taskList': return itemsOf(node, (_index, item) => item.attrs.checked === true ? '- [x] ' : '- [ ] ')
    case 'table': return tableOf(node)
    case 'unsupportedBlock': return escaped(String(node.attrs.text))
    default: return startEscaped(inlineOf(node))
  }
}

/** GitHub's words for callouts. */
const ALERTS: Record<string, string> = { info: 'NOTE', tip: 'TIP', warning: 'WARNING', danger: 'CAUTION' }

const calloutLine = ({ attrs }: Node): string[] => {
  const callout = calloutOf(attrs.callout)
  return callout === null ? [] : [`[!${ALERTS[callout]}]`]
}

const fenced = (node: Node): string => {
  const longest = Math.max(2, ...[...node.textContent.matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${node.attrs.language ?? ''}\n${node.textContent}\n${fence}`
}

const itemsOf = (list: Node, marker: (index: number, item: Node) => string): string => {
  const items: string[] = []
  list.forEach((item, _offset, index) => {
    const start = marker(index, item)
    const indent = ' '.repeat(start.startsWith('- [') ? 2 : start.length)
    const tight = item.childCount === 1 || item.child(1).type.spec.group?.includes('list') === true
    items.push(start + indented(blocksOf(item).join(tight ? '\n' : '\n\n'), indent))
  })
  return items.join('\n')
}

const tableOf = (table: Node): string => {
  const rows: string[][] = []
  table.forEach((row) => {
    const cells: string[] = []
    row.forEach((cell) => cells.push(blocksOf(cell).join('<br>').replace(/\n/g, '<br>').replace(/\|/g, '\\|')))
    rows.push(cells)
  })
  const width = Math.max(1, ...rows.map((row) => row.length))
  const line = (cells: string[]): string => `| ${Array.from({ length: width }, (_, index) => cells[index] ?? '').join(' | ')} |`
  const [head = [], ...body] = rows
  return [line(head), line(Array.from({ length: width }, () => '---')), ...body.map(line)].join('\n')
}

const SIGNS: Array<[string, string]> = [['bold', '**'], ['italic', '*'], ['strike', '~~']]

const inlineOf = (parent: Node): string => {
  let text = ''
  parent.forEach((node) => {
    if (node.type.name === 'hardBreak') text += '\\\n'
    else if (node.isText) text += textOf(node)
    else text += escaped(String(node.attrs.text ?? node.textContent))
  })
  return text
}

const textOf = (node: Node): string => {
  const has = (name: string): Mark | undefined => node.marks.find((mark) => mark.type.name === name)
  // Markdown takes no emphasis that begins or ends with a space.
  const [, before = '', inner = '', after = ''] = /^(\s*)([\s\S]*?)(\s*)$/.exec(node.text!) ?? []
  if (inner === '') return node.text!
  let text = has('code') ? codeOf(inner) : escaped(inner)
  for (const [name, sign] of SIGNS) if (has(name)) text = sign + text + sign
  const link = has('link')
  if (link) text = `[${text}](${String(link.attrs.href ?? '').replace(/[()\s]/g, encodeURIComponent)}${titled(link)})`
  return before + text + after
}

/** A link to a page keeps what the page was called, as which it follows the page's title. */
const titled = ({ attrs: { title } }: Mark): string =>
  typeof title === 'string' && title !== '' ? ` "${escaped(title).replace(/["\n]/g, "'")}"` : ''

const codeOf = (text: string): string => text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``

const escaped = (text: string): string => text.replace(/[\\`*_[\]<>]/g, '\\$&').replace(/~~/g, '\\~\\~')

/** Signs that mean something at the start of a line only. */
const startEscaped = (text: string): string =>
  text.replace(/^(\s*)([#>+-]|=+$)/, '$1\\$2').replace(/^(\s*\d+)([.)])(?=\s)/, '$1\\$2')
