import { Plugin, PluginKey, type EditorState } from 'prosemirror-state'
import { Decoration, DecorationSet, type EditorView } from 'prosemirror-view'
import type { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { withSelection } from './browser-selection.js'
import { bindingOf } from './collaboration.js'
import type { Binding } from './binding.js'

/** A person as others see them. */
export interface Person { name: string, color: string }

export interface CaretsOptions {
  awareness: Awareness
  /** Draws a caret; the default draws a line with a name. */
  caret?: (person: Person) => HTMLElement
}

/** More carets than that tell nobody anything, and cost everybody. */
const CARETS_MAX = 50
const NAME_LETTERS_MAX = 60
const PALETTE = ['#0063cb', '#b34000', '#18753c', '#8d2fa8', '#a94645', '#006a6f', '#6e445a', '#716043']

/** ProseMirror reads the last letters of a composition this long after its end. */
const COMPOSED_AFTER_MS = 25

const key = new PluginKey<DecorationSet>('unissonCarets')

/** What others say about themselves is not trusted: a name has an end, a colour is a colour. */
export const personOf = (state: Record<string, unknown> | undefined, clientId: number): Person => {
  const user = (state?.user ?? {}) as { name?: unknown, color?: unknown }
  const name = typeof user.name === 'string' ? user.name.slice(0, NAME_LETTERS_MAX).trim() : ''
  const color = typeof user.color === 'string' && /^#[0-9a-f]{6}$/i.test(user.color) ? user.color : PALETTE[clientId % PALETTE.length]!
  return { name, color }
}

const drawCaret = ({ name, color }: Person): HTMLElement => {
  const caret = document.createElement('span')
  caret.className = 'unisson-caret'
  caret.setAttribute('aria-hidden', 'true')
  caret.style.setProperty('--unisson-person', color)
  const label = document.createElement('span')
  label.className = 'unisson-caret-name'
  label.textContent = name
  // The joiner keeps the line's height where the caret stands alone.
  caret.append('\u2060', label, '\u2060')
  return caret
}

/** Shows the carets and selections of others, and tells them one's own. */
export const carets = ({ awareness, caret = drawCaret }: CaretsOptions): Plugin => new Plugin<DecorationSet>({
  key,
  state: {
    init: () => DecorationSet.empty,
    apply: (tr, shown) => (tr.getMeta(key) as DecorationSet | undefined) ?? shown.map(tr.mapping, tr.doc)
  },
  props: { decorations: (state) => key.getState(state) },
  view: (view) => new Carets(view, awareness, caret)
})

class Carets {
  readonly #view: EditorView
  readonly #awareness: Awareness
  readonly #caret: (person: Person) => HTMLElement
  #stopListening: (() => void) | null = null
  #isDue = false
  #isDestroyed = false

  constructor (view: EditorView, awareness: Awareness, caret: (person: Person) => HTMLElement) {
    this.#view = view
    this.#awareness = awareness
    this.#caret = caret
    awareness.on('change', this.#draw)
    view.dom.addEventListener('focusin', this.#tell)
    view.dom.addEventListener('focusout', this.#tell)
    view.dom.addEventListener('compositionend', this.#composed)
    this.#draw()
  }

  update (_view: EditorView, before: EditorState): void {
    const { state } = this.#view
    if (!before.selection.eq(state.selection) || before.doc !== state.doc) this.#tell()
  }

  destroy (): void {
    this.#isDestroyed = true
    this.#stopListening?.()
    this.#awareness.off('change', this.#draw)
    this.#view.dom.removeEventListener('focusin', this.#tell)
    this.#view.dom.removeEventListener('focusout', this.#tell)
    this.#view.dom.removeEventListener('compositionend', this.#composed)
    if (this.#awareness.getLocalState() !== null) this.#awareness.setLocalStateField('cursor', null)
  }

  get #binding (): Binding | null {
    const binding = bindingOf(this.#view)
    if (binding !== null) this.#stopListening ??= binding.onShown(this.#draw)
    return binding
  }

  readonly #tell = (): void => {
    const state = this.#awareness.getLocalState()
    const binding = this.#binding
    if (state === null || binding === null || !binding.shows(this.#view.state.doc)) return
    const cursor = this.#view.hasFocus() ? binding.anchorsOf(this.#view.state.selection) : null
    if (!same(state.cursor, cursor)) this.#awareness.setLocalStateField('cursor', cursor)
  }

  /** Once for all that happens now: a crowd moves many carets at a time. */
  readonly #draw = (): void => {
    if (this.#isDue) return
    this.#isDue = true
    queueMicrotask(() => {
      this.#isDue = false
      // A caret that is drawn beside letters that are being composed writes them twice.
      if (this.#isDestroyed || this.#view.composing) return
      const shown = this.#decorations()
      const before = key.getState(this.#view.state)
      if (shown === DecorationSet.empty && (before === undefined || before === DecorationSet.empty)) return
      const tr = this.#view.state.tr.setMeta(key, shown).setMeta('addToHistory', false)
      this.#view.dispatch(withSelection(this.#view, tr))
    })
  }

  readonly #composed = (): void => { setTimeout(this.#draw, COMPOSED_AFTER_MS) }

  #decorations (): DecorationSet {
    const binding = this.#binding
    const { doc } = this.#view.state
    if (binding === null || !binding.shows(doc)) return key.getState(this.#view.state) ?? DecorationSet.empty
    const decorations: Decoration[] = []
    for (const [clientId, state] of this.#awareness.getStates()) {
      if (clientId === this.#awareness.clientID || decorations.length > 2 * CARETS_MAX) continue
      const range = rangeOf(binding, state.cursor, doc.content.size)
      if (range === null) continue
      const person = personOf(state, clientId)
      // A click may lead into the drawing: ProseMirror then takes the caret out of it, where letters would be lost.
      const widget = { key: `${clientId} ${person.name} ${person.color}`, side: 10 }
      decorations.push(Decoration.widget(range.head, () => this.#caret(person), widget))
      if (range.head === range.anchor) continue
      const [from, to] = [Math.min(range.anchor, range.head), Math.max(range.anchor, range.head)]
      decorations.push(Decoration.inline(from, to, { class: 'unisson-selection', style: `--unisson-person: ${person.color}` }))
    }
    return decorations.length === 0 ? DecorationSet.empty : DecorationSet.create(doc, decorations)
  }
}

const rangeOf = (binding: Binding, cursor: unknown, size: number): { anchor: number, head: number } | null => {
  if (typeof cursor !== 'object' || cursor === null) return null
  const { anchor, head } = cursor as { anchor?: unknown, head?: unknown }
  const [from, to] = [placeOf(binding, anchor), placeOf(binding, head)]
  return from === null || to === null ? null : { anchor: Math.min(from, size), head: Math.min(to, size) }
}

const placeOf = (binding: Binding, json: unknown): number | null => {
  if (typeof json !== 'object' || json === null) return null
  try {
    return binding.positionOf(Y.createRelativePositionFromJSON(json))
  } catch {
    // Others' presence is whatever they sent.
    return null
  }
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one ?? null) === JSON.stringify(other ?? null)
