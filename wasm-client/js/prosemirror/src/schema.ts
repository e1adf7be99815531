import { Schema, type DOMOutputSpec, type MarkSpec, type Node, type NodeSpec } from 'prosemirror-model'
import { safeImage, safeLink } from './addresses.js'
import { UNSUPPORTED_BLOCK, UNSUPPORTED_INLINE, UNSUPPORTED_MARK, unsupportedBlock, unsupportedInline, unsupportedMark, type Label } from './unsupported.js'
import { tableNodes } from './schema-tables.js'

const HEADING_LEVELS = [1, 2, 3, 4, 5, 6]

/** How a callout may be meant. */
export const CALLOUTS = ['info', 'tip', 'warning', 'danger'] as const
export type Callout = typeof CALLOUTS[number]

/** How a callout is meant; null where it is none, or of a kind that nobody here knows. */
export const calloutOf = (value: unknown): Callout | null => CALLOUTS.find((kind) => kind === value) ?? null

const levelOf = (node: Node): number => HEADING_LEVELS.includes(node.attrs.level) ? node.attrs.level : HEADING_LEVELS.at(-1)!

const element = (dom: HTMLElement | string): HTMLElement => dom as HTMLElement

const blocks: Record<string, NodeSpec> = {
  doc: { content: 'block+' },
  paragraph: { group: 'block', content: 'inline*', parseDOM: [{ tag: 'p' }], toDOM: () => ['p', 0] },
  heading: {
    group: 'block',
    content: 'inline*',
    defining: true,
    attrs: { level: { default: 1 } },
    parseDOM: HEADING_LEVELS.map((level) => ({ tag: `h${level}`, attrs: { level } })),
    toDOM: (node) => [`h${levelOf(node)}`, 0]
  },
  blockquote: {
    group: 'block',
    content: 'block+',
    defining: true,
    // A callout is a quote that says how it is meant: an editor that has never heard of it shows the quote.
    attrs: { callout: { default: null } },
    parseDOM: [
      { tag: 'blockquote', getAttrs: (dom) => ({ callout: calloutOf(element(dom).getAttribute('data-callout')) }) },
      { tag: 'div[data-callout]', getAttrs: (dom) => ({ callout: calloutOf(element(dom).getAttribute('data-callout')) }) }
    ],
    toDOM: ({ attrs }) => ['blockquote', calloutOf(attrs.callout) === null ? {} : { 'data-callout': attrs.callout }, 0]
  },
  codeBlock: {
    group: 'block',
    content: 'text*',
    marks: '',
    code: true,
    defining: true,
    attrs: { language: { default: null } },
    parseDOM: [{
      tag: 'pre',
      preserveWhitespace: 'full',
      getAttrs: (dom) => ({ language: /language-([\w+#-]+)/.exec(element(dom).querySelector('code')?.className ?? '')?.[1] ?? null })
    }],
    toDOM: ({ attrs: { language } }) => ['pre', ['code', typeof language === 'string' ? { class: `language-${language}` } : {}, 0]]
  },
  horizontalRule: { group: 'block', parseDOM: [{ tag: 'hr' }], toDOM: () => ['hr'] },
  image: {
    group: 'block',
    draggable: true,
    attrs: { src: { default: null }, alt: { default: null }, title: { default: null }, width: { default: null }, height: { default: null } },
    parseDOM: [{
      tag: 'img[src]',
      getAttrs: (dom) => {
        const src = safeImage(element(dom).getAttribute('src'))
        if (src === null) return false
        const read = (name: string): string | null => element(dom).getAttribute(name)
        const length = (name: string): number | null => /^\d+$/.test(read(name) ?? '') ? Number(read(name)) : null
        return { src, alt: read('alt'), title: read('title'), width: length('width'), height: length('height') }
      }
    }],
    toDOM: ({ attrs }) => ['img', { ...present(attrs, ['title', 'width', 'height']), src: safeImage(attrs.src) ?? '', alt: String(attrs.alt ?? '') }]
  }
}

const lists: Record<string, NodeSpec> = {
  // A list shows its unknown items too, and stays a list.
  bulletList: { group: 'block list', content: `(listItem | ${UNSUPPORTED_BLOCK})+`, parseDOM: [{ tag: 'ul' }], toDOM: () => ['ul', 0] },
  orderedList: {
    group: 'block list',
    content: `(listItem | ${UNSUPPORTED_BLOCK})+`,
    attrs: { start: { default: 1 }, type: { default: null } },
    parseDOM: [{ tag: 'ol', getAttrs: (dom) => ({ start: Number(element(dom).getAttribute('start') ?? 1) || 1, type: element(dom).getAttribute('type') }) }],
    toDOM: ({ attrs }) => ['ol', { ...present(attrs, ['type']), ...(attrs.start === 1 ? {} : { start: String(attrs.start) }) }, 0]
  },
  listItem: { content: 'paragraph block*', defining: true, parseDOM: [{ tag: 'li' }], toDOM: () => ['li', 0] },
  taskList: {
    group: 'block list',
    content: `(taskItem | ${UNSUPPORTED_BLOCK})+`,
    parseDOM: [{ tag: 'ul[data-type="taskList"]', priority: 60 }],
    toDOM: () => ['ul', { 'data-type': 'taskList' }, 0]
  },
  taskItem: {
    content: 'paragraph block*',
    defining: true,
    attrs: { checked: { default: false } },
    parseDOM: [{
      tag: 'li[data-type="taskItem"]',
      priority: 60,
      getAttrs: (dom) => ({ checked: element(dom).getAttribute('data-checked') === 'true' }),
      contentElement: (dom) => element(dom as HTMLElement).querySelector('div') ?? element(dom as HTMLElement)
    }],
    toDOM: ({ attrs: { checked } }): DOMOutputSpec => [
      'li', { 'data-type': 'taskItem', 'data-checked': String(checked === true) },
      ['input', { type: 'checkbox', disabled: '', ...(checked === true ? { checked: '' } : {}) }],
      ['div', 0]
    ]
  }
}

const inline: Record<string, NodeSpec> = {
  text: { group: 'inline' },
  hardBreak: {
    group: 'inline',
    inline: true,
    selectable: false,
    linebreakReplacement: true,
    // A break that no rule takes would come in as the end of a line.
    parseDOM: [{ tag: 'br', ignore: true, getAttrs: (element) => isOnlyDrawn(element) ? null : false }, { tag: 'br' }],
    toDOM: () => ['br']
  }
}

/**
 * Browsers keep a line open by a break behind its last letter. ProseMirror leaves such a one out, but
 * not where somebody else's caret is drawn behind it.
 */
const isOnlyDrawn = (element: HTMLElement): boolean => {
  let next = element.nextSibling
  const hasDrawing = next !== null
  while (next instanceof HTMLElement && (next.classList.contains('ProseMirror-widget') || next.classList.contains('ProseMirror-separator') || next.classList.contains('ProseMirror-trailingBreak'))) {
    next = next.nextSibling
  }
  return hasDrawing && next === null
}

const marks: Record<string, MarkSpec> = {
  link: {
    inclusive: false,
    attrs: { href: { default: null }, target: { default: '_blank' }, rel: { default: 'noopener noreferrer nofollow' }, class: { default: null }, title: { default: null } },
    parseDOM: [{
      tag: 'a[href]',
      getAttrs: (dom) => {
        const href = safeLink(element(dom).getAttribute('href'))
        return href === null ? false : { href, title: element(dom).getAttribute('title') }
      }
    }],
    // Whatever others stored: a link opens apart, and tells the other site nothing.
    toDOM: ({ attrs }) => ['a', { ...present(attrs, ['title']), href: safeLink(attrs.href) ?? '#', target: '_blank', rel: 'noopener noreferrer nofollow' }, 0]
  },
  bold: {
    parseDOM: [
      { tag: 'strong' },
      { tag: 'b', getAttrs: (dom) => element(dom).style.fontWeight === 'normal' ? false : null },
      { style: 'font-weight', getAttrs: (value) => /^(bold(er)?|[6-9]\d{2})$/.test(value) ? null : false }
    ],
    toDOM: () => ['strong', 0]
  },
  italic: { parseDOM: [{ tag: 'em' }, { tag: 'i', getAttrs: (dom) => element(dom).style.fontStyle === 'normal' ? false : null }, { style: 'font-style=italic' }], toDOM: () => ['em', 0] },
  underline: { parseDOM: [{ tag: 'u' }, { style: 'text-decoration', consuming: false, getAttrs: (value) => value.includes('underline') ? null : false }], toDOM: () => ['u', 0] },
  strike: { parseDOM: [{ tag: 's' }, { tag: 'del' }, { tag: 'strike' }, { style: 'text-decoration', consuming: false, getAttrs: (value) => value.includes('line-through') ? null : false }], toDOM: () => ['s', 0] },
  code: { excludes: '_', code: true, parseDOM: [{ tag: 'code' }], toDOM: () => ['code', 0] }
}

const present = (attrs: Record<string, unknown>, names: string[]): Record<string, string> => Object.fromEntries(
  names.filter((name) => attrs[name] !== null && attrs[name] !== undefined).map((name) => [name, String(attrs[name])]))

/** Rich text with the node and mark names of TipTap's StarterKit, lists, tables and images. */
export const richTextSchema = (label?: Label): Schema => new Schema({
  nodes: {
    ...blocks,
    ...lists,
    ...tableNodes,
    ...inline,
    [UNSUPPORTED_BLOCK]: unsupportedBlock(label),
    [UNSUPPORTED_INLINE]: unsupportedInline(label)
  },
  marks: { ...marks, [UNSUPPORTED_MARK]: unsupportedMark() }
})
