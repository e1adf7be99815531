import { wordLists } from './paste-lists.js'

/** What other programs put beside the text. */
const NOISE = 'style, script, meta, link, title, xml, head, colgroup, col, template, noscript, iframe, object, embed, svg, button, input:not([type="checkbox"]), select, textarea'
/** These attributes say something; all others are looks of the place that the text comes from. */
const KEPT = new Set(['href', 'src', 'alt', 'title', 'colspan', 'rowspan', 'start', 'type', 'width', 'height',
  'data-type', 'data-checked', 'data-callout', 'data-pm-slice', 'data-colwidth', 'class', 'checked'])

/**
 * Cleans HTML of Word, LibreOffice, Google Docs and web pages: structure and emphasis stay; fonts,
 * colours, empty paragraphs and hidden notes go.
 */
export const cleanHtml = (html: string): string => {
  // What this editor copied is clean, and says how deep its content is open.
  if (/data-pm-slice/.test(html)) return html
  // A document of its own: nothing in it runs or loads.
  const page = new DOMParser().parseFromString(html, 'text/html')
  const { body } = page
  dropComments(body)
  for (const element of body.querySelectorAll(NOISE)) element.remove()
  for (const element of [...body.querySelectorAll('*')]) {
    // Word's own elements (`o:p`) hold spaces only.
    if (element.tagName.includes(':')) element.replaceWith(...(element.textContent?.trim() ? element.childNodes : []))
  }
  dropHidden(body)
  wordLists(body)
  checkLists(body)
  headCells(body)
  emphasize(body)
  plainSpaces(body)
  for (const element of body.querySelectorAll('font, center, span, tbody > p')) unwrap(element)
  liftBlocks(body)
  dropEmpty(body)
  for (const element of body.querySelectorAll('*')) {
    for (const { name } of [...element.attributes]) if (!KEPT.has(name)) element.removeAttribute(name)
    if (element.tagName !== 'CODE') element.removeAttribute('class')
  }
  return body.innerHTML
}

const dropComments = (root: Node): void => {
  const walker = root.ownerDocument!.createTreeWalker(root, NodeFilter.SHOW_COMMENT)
  const found: Node[] = []
  while (walker.nextNode() !== null) found.push(walker.currentNode)
  for (const comment of found) (comment as ChildNode).remove()
}

const dropHidden = (body: HTMLElement): void => {
  for (const element of body.querySelectorAll<HTMLElement>('[style]')) {
    const style = element.getAttribute('style') ?? ''
    if (/mso-element:\s*(comment|footnote|header|footer)/.test(style) || /(^|[;\s])display:\s*none/.test(style)) element.remove()
  }
}

/** Looks that mean emphasis become the elements that say so; looks that deny it take it away. */
const emphasize = (body: HTMLElement): void => {
  for (const element of [...body.querySelectorAll<HTMLElement>('[style]')]) {
    const looks = looksOf(element)
    const tag = element.tagName
    const weight = looks.get('font-weight') ?? ''
    if (tag === 'B' && /^(normal|400)$/.test(weight)) { unwrap(element); continue }
    if (/^(TD|TH|TABLE|TR|H[1-6]|A)$/.test(tag)) continue
    const decoration = `${looks.get('text-decoration') ?? ''} ${looks.get('text-decoration-line') ?? ''}`
    if (/^(bold|bolder|[6-9]00)$/.test(weight) && tag !== 'B' && tag !== 'STRONG') wrapContent(element, 'strong')
    if (/^(italic|oblique)/.test(looks.get('font-style') ?? '') && tag !== 'I' && tag !== 'EM') wrapContent(element, 'em')
    if (decoration.includes('underline') && tag !== 'U') wrapContent(element, 'u')
    if (decoration.includes('line-through') && tag !== 'S') wrapContent(element, 's')
    element.removeAttribute('style')
  }
}

/** Read from the text: a strict content security policy leaves `style` empty. */
const looksOf = (element: Element): Map<string, string> => new Map((element.getAttribute('style') ?? '')
  .split(';')
  .map((declaration) => declaration.split(':'))
  .map(([name = '', ...value]) => [name.trim().toLowerCase(), value.join(':').trim().toLowerCase()]))

const wrapContent = (element: Element, tag: string): void => {
  if (element.querySelector('p, div, ul, ol, table, h1, h2, h3, h4, h5, h6') !== null || !element.textContent?.trim()) return
  const wrapper = element.ownerDocument.createElement(tag)
  wrapper.append(...element.childNodes)
  element.append(wrapper)
}

/** Browsers that copy put an ordinary space beside a format into an element of its own, unbreakable. */
const plainSpaces = (body: HTMLElement): void => {
  for (const element of body.querySelectorAll('span')) if (element.textContent === '\u00a0') element.replaceWith(' ')
}

const unwrap = (element: Element): void => element.replaceWith(...element.childNodes)

/** Lists of tick boxes, as GitHub and others write them. */
const checkLists = (body: HTMLElement): void => {
  for (const box of body.querySelectorAll<HTMLInputElement>('li > input[type="checkbox"], li > p > input[type="checkbox"], li > label > input[type="checkbox"]')) {
    const item = box.closest('li')!
    item.dataset.type = 'taskItem'
    item.dataset.checked = String(box.hasAttribute('checked'))
    if (item.parentElement?.tagName === 'UL') item.parentElement.dataset.type = 'taskList'
  }
  for (const box of body.querySelectorAll('input')) box.remove()
}

/** LibreOffice puts plain cells into a table's head. */
const headCells = (body: HTMLElement): void => {
  for (const cell of body.querySelectorAll('thead td')) {
    const header = cell.ownerDocument.createElement('th')
    for (const { name, value } of cell.attributes) header.setAttribute(name, value)
    header.append(...cell.childNodes)
    cell.replaceWith(header)
  }
}

/** `<b>` around paragraphs, which Google Docs makes, would make all of them bold. */
const liftBlocks = (body: HTMLElement): void => {
  for (const element of [...body.querySelectorAll('b, strong, i, em, u, s')]) {
    if (element.querySelector('p, div, ul, ol, table, h1, h2, h3') !== null) unwrap(element)
  }
}

const dropEmpty = (body: HTMLElement): void => {
  for (const element of [...body.querySelectorAll('p, div, h1, h2, h3, h4, h5, h6')].reverse()) {
    const text = element.textContent?.replace(/[\s\u00a0]/g, '') ?? ''
    if (text === '' && element.querySelector('img, table, hr, li') === null && element.closest('td, th, li') === null) element.remove()
  }
}
