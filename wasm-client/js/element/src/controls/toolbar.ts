import type { Command, EditorState } from 'prosemirror-state'
import {
  addColumnAfter, addColumnBefore, addRowAfter, addRowBefore, deleteColumn, deleteRow, deleteTable, isInTable, toggleHeaderRow
} from 'prosemirror-tables'
import type { EditorView } from 'prosemirror-view'
import { canRedo, canUndo, closeUndoGroup, redo, undo } from '@unisson/prosemirror'
import { CALLOUTS } from '@unisson/prosemirror/schema'
import { insertContents } from '../wiki/contents.js'
import { around, calloutAt, hasMark, insertRule, insertTable, linkAt, mark, setCallout, setStyle, styleAt, toggleCallout, toggleList, toggleQuote } from '../editing/commands.js'
import type { StyleName, TableAction, Words } from '../words.js'
import { make } from './dom.js'
import { icon, type IconName } from './icons.js'

/** What stands in the bar, and what tells whether it is on. */
interface Tool {
  name: IconName & keyof Words
  keys?: string
  command: Command
  isOn?: (state: EditorState) => boolean
}

const inside = (name: string) => (state: EditorState): boolean => around(state, state.schema.nodes[name]!) !== null
const marked = (name: string) => (state: EditorState): boolean => hasMark(state, state.schema.marks[name]!)

const GROUPS: Tool[][] = [
  [
    { name: 'bold', keys: 'Mod+B', command: mark('bold'), isOn: marked('bold') },
    { name: 'italic', keys: 'Mod+I', command: mark('italic'), isOn: marked('italic') },
    { name: 'underline', keys: 'Mod+U', command: mark('underline'), isOn: marked('underline') },
    { name: 'strike', keys: 'Mod+Shift+S', command: mark('strike'), isOn: marked('strike') },
    { name: 'code', keys: 'Mod+E', command: mark('code'), isOn: marked('code') }
  ],
  [
    { name: 'bulletList', keys: 'Mod+Shift+8', command: toggleList('bulletList'), isOn: inside('bulletList') },
    { name: 'orderedList', keys: 'Mod+Shift+7', command: toggleList('orderedList'), isOn: inside('orderedList') },
    { name: 'taskList', keys: 'Mod+Shift+9', command: toggleList('taskList'), isOn: inside('taskList') },
    { name: 'blockquote', keys: 'Mod+Shift+B', command: toggleQuote, isOn: (state) => inside('blockquote')(state) && calloutAt(state) === null },
    { name: 'callout', command: toggleCallout, isOn: (state) => calloutAt(state) !== null }
  ]
]

const TABLE_TOOLS: Array<[TableAction, Command]> = [
  ['rowAbove', addRowBefore], ['rowBelow', addRowAfter], ['columnLeft', addColumnBefore], ['columnRight', addColumnAfter],
  ['headerRow', toggleHeaderRow], ['deleteRow', deleteRow], ['deleteColumn', deleteColumn], ['deleteTable', deleteTable]
]

const STYLES: StyleName[] = ['paragraph', 'heading1', 'heading2', 'heading3', 'heading4', 'codeBlock']
const isMac = /Mac|iPhone|iPad/.test(navigator.platform)
const keysShown = (keys: string): string => keys.replace('Mod', isMac ? '⌘' : 'Ctrl')

export interface ToolbarEvents {
  link: () => void
  image: () => void
  file: () => void
}

/** The bar above the text: one stop for the tab key, arrows within. */
export class Toolbar {
  readonly dom: HTMLElement
  readonly #view: EditorView
  readonly #words: Words
  readonly #style: HTMLSelectElement
  readonly #tables: HTMLElement
  readonly #callouts: HTMLElement
  readonly #shown: Array<(state: EditorState) => void> = []

  constructor (view: EditorView, words: Words, events: ToolbarEvents) {
    this.#view = view
    this.#words = words
    this.#style = this.#styles()
    this.#tables = make('div', { class: 'tools tables', role: 'group', 'aria-label': words.table, hidden: '' })
    for (const [action, command] of TABLE_TOOLS) this.#tables.append(this.#textButton(words.tables[action], command))
    this.#callouts = make('div', { class: 'tools callouts', role: 'group', 'aria-label': words.callout, hidden: '' })
    for (const kind of [...CALLOUTS, null]) {
      const button = this.#textButton(kind === null ? words.wiki.plainQuote : words.callouts[kind], setCallout(kind))
      if (kind !== null) this.#pressed(button, (state) => calloutAt(state) === kind)
      this.#callouts.append(button)
    }
    const link = this.#button('link', words.link, 'Mod+K', () => events.link())
    this.#pressed(link, (state) => linkAt(state) !== null)
    this.dom = make('div', { class: 'toolbar', part: 'toolbar', role: 'toolbar', 'aria-label': words.toolbar, 'aria-keyshortcuts': 'Alt+F10' },
      make('div', { class: 'tools' },
        this.#undoButton('undo', undo, canUndo, 'Mod+Z'), this.#undoButton('redo', redo, canRedo, 'Mod+Y'), line(),
        this.#style, line(),
        ...this.#group(GROUPS[0]!), link, line(),
        ...this.#group(GROUPS[1]!), line(),
        this.#tool({ name: 'table', command: insertTable, isOn: isInTable }),
        this.#button('image', words.image, undefined, () => events.image()),
        this.#button('file', words.files.attach, undefined, () => events.file()),
        this.#tool({ name: 'horizontalRule', command: insertRule }),
        this.#tool({ name: 'contents', command: insertContents(words) })),
      this.#tables, this.#callouts)
    this.dom.addEventListener('keydown', this.#move)
    this.dom.addEventListener('focusin', (event) => this.#rove(event.target as HTMLElement))
    this.update()
  }

  /** Goes to where the keyboard was last in the bar. */
  focus (): void { this.#stops().find((stop) => stop.tabIndex === 0)?.focus() }

  /** Follows the selection, and whether edits are taken. */
  update (): void {
    const { state, editable } = this.#view
    this.dom.toggleAttribute('hidden', !editable)
    for (const show of this.#shown) show(state)
    const style = styleAt(state)
    this.#style.value = style !== null && STYLES.includes(style) ? style : ''
    this.#tables.toggleAttribute('hidden', !isInTable(state))
    this.#callouts.toggleAttribute('hidden', calloutAt(state) === null)
    // One stop, also where the last one has just gone with the table's tools.
    const stops = this.#stops()
    if (stops.filter((stop) => stop.tabIndex === 0).length !== 1) this.#rove(stops[0])
  }

  #group (tools: Tool[]): HTMLElement[] { return tools.map((tool) => this.#tool(tool)) }

  #tool ({ name, keys, command, isOn }: Tool): HTMLButtonElement {
    const button = this.#button(name, this.#words[name] as string, keys, () => this.#run(command))
    if (isOn !== undefined) this.#pressed(button, isOn)
    return button
  }

  #undoButton (name: 'undo' | 'redo', command: Command, may: (view: EditorView) => boolean, keys: string): HTMLButtonElement {
    const button = this.#button(name, this.#words[name], keys, () => this.#run(command))
    this.#shown.push(() => button.setAttribute('aria-disabled', String(!may(this.#view))))
    return button
  }

  #textButton (label: string, command: Command): HTMLButtonElement {
    const button = make('button', { type: 'button', class: 'text' }, label)
    this.#acts(button, () => this.#run(command))
    return button
  }

  #button (name: IconName, label: string, keys: string | undefined, act: () => void): HTMLButtonElement {
    const shortcut = keys === undefined ? undefined : keysShown(keys)
    const button = make('button', {
      type: 'button',
      'aria-label': label,
      'aria-keyshortcuts': keys?.replace('Mod', isMac ? 'Meta' : 'Control'),
      title: shortcut === undefined ? label : `${label} (${shortcut})`
    }, icon(name))
    this.#acts(button, act)
    return button
  }

  #acts (button: HTMLButtonElement, act: () => void): void {
    // The selection stays in the text.
    button.addEventListener('mousedown', (event) => event.preventDefault())
    button.addEventListener('click', act)
  }

  #pressed (button: HTMLButtonElement, isOn: (state: EditorState) => boolean): void {
    this.#shown.push((state) => button.setAttribute('aria-pressed', String(isOn(state))))
  }

  #run (command: Command): void {
    closeUndoGroup(this.#view)
    command(this.#view.state, this.#view.dispatch, this.#view)
    this.#view.focus()
    this.update()
  }

  #styles (): HTMLSelectElement {
    const several = make('option', { value: '', hidden: '' }, '—')
    const select = make('select', { 'aria-label': this.#words.style },
      several, ...STYLES.map((style) => make('option', { value: style }, this.#words.styles[style])))
    select.addEventListener('change', () => this.#run(setStyle(select.value as StyleName)))
    return select
  }

  #stops (): HTMLElement[] {
    return [...this.dom.querySelectorAll<HTMLElement>('button, select')].filter((stop) => stop.closest('[hidden]') === null)
  }

  #rove (to: HTMLElement | undefined): void {
    if (to === undefined) return
    for (const stop of this.dom.querySelectorAll<HTMLElement>('button, select')) stop.tabIndex = stop === to ? 0 : -1
  }

  readonly #move = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') return this.#view.focus()
    const stops = this.#stops()
    const at = stops.indexOf(event.target as HTMLElement)
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: stops.length - 1 }[event.key]
    if (at < 0 || to === undefined) return
    event.preventDefault()
    stops[(to + stops.length) % stops.length]?.focus()
  }
}

const line = (): HTMLElement => make('span', { class: 'line', 'aria-hidden': 'true' })
