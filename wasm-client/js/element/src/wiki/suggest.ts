import { Plugin, PluginKey, type EditorState } from 'prosemirror-state'
import type { EditorView } from 'prosemirror-view'
import { shownKey } from '@unisson/prosemirror'
import { make } from '../controls/dom.js'
import type { Words } from '../words.js'

/** What somebody may have meant. */
export interface Suggestion {
  label: string
  detail?: string
  /** Does it, in the place of what was typed. */
  act: (view: EditorView, range: Range) => void
}
export interface Range { from: number, to: number }

export type TriggerName = 'page' | 'mention' | 'block'

export interface SuggestOptions {
  words: Words
  announce: (said: string) => void
  /** Where the list is shown. */
  place: () => HTMLElement
  suggestions: (trigger: TriggerName, query: string) => Promise<Suggestion[]>
}

interface Asked extends Range { trigger: TriggerName, query: string }
interface State { asked: Asked | null, dismissedAt: number | null }

/** What opens a list, read from the text before the caret. The signs stand for text among other things. */
const TRIGGERS: Array<[TriggerName, RegExp]> = [
  ['page', /\[\[([^[\]\uFFFC]{0,80}(?:\]\]?)?)$/],
  ['mention', /(?<=^|[\s([])@([^@\n\uFFFC]{0,40})$/],
  ['block', /^\/([^/\n\uFFFC]{0,30})$/]
]

const key = new PluginKey<State>('unissonSuggest')
let lists = 0

const askedAt = ({ selection, schema }: EditorState): Asked | null => {
  const { $head, empty } = selection
  if (!empty || !$head.parent.isTextblock || $head.parent.type.spec.code) return null
  if (schema.marks.code!.isInSet($head.marks())) return null
  const before = $head.parent.textBetween(0, $head.parentOffset, undefined, '\uFFFC')
  for (const [trigger, pattern] of TRIGGERS) {
    const found = pattern.exec(before)
    if (found !== null) return { trigger, query: found[1]!, from: $head.pos - found[0].length, to: $head.pos }
  }
  return null
}

/** Lists of suggestions while somebody types `[[`, `@` or `/`. Only typing opens one. */
export const suggest = (options: SuggestOptions): Plugin<State> => {
  let list: List | null = null
  return new Plugin<State>({
    key,
    state: {
      init: () => ({ asked: null, dismissedAt: null }),
      apply: (tr, before, _old, state) => {
        if (tr.getMeta(key) === 'dismiss') return { asked: null, dismissedAt: before.asked?.from ?? null }
        const dismissedAt = before.dismissedAt === null ? null : tr.mapping.map(before.dismissedAt, -1)
        const asked = askedAt(state)
        if (asked === null) return { asked: null, dismissedAt: null }
        const goesOn = before.asked !== null && tr.mapping.map(before.asked.from, -1) === asked.from
        const isTyped = tr.docChanged && !tr.getMeta(shownKey)
        return { asked: asked.from !== dismissedAt && (goesOn || isTyped) ? asked : null, dismissedAt }
      }
    },
    props: {
      handleKeyDown: (view, event) => !view.composing && list?.key(event) === true,
      handleDOMEvents: {
        blur: (view) => {
          if (key.getState(view.state)?.asked) view.dispatch(view.state.tr.setMeta(key, 'dismiss'))
          return false
        }
      }
    },
    view: (view) => {
      list = new List(view, options)
      return { update: () => list?.follow(key.getState(view.state)?.asked ?? null), destroy: () => { list?.close(); list = null } }
    }
  })
}

/** The list below the caret. The text keeps the focus; the chosen one is told to screen readers. */
class List {
  readonly #view: EditorView
  readonly #options: SuggestOptions
  readonly #dom: HTMLElement
  #asked: Asked | null = null
  #items: Suggestion[] = []
  #chosen = 0
  /** Answers that come late are not shown. */
  #round = 0
  /** What was typed last is not answered yet. */
  #isAsking = false
  /** Enter came before the answer: it means the answer, not what is still shown. */
  #isTaken = false

  constructor (view: EditorView, options: SuggestOptions) {
    this.#view = view
    this.#options = options
    this.#dom = make('ul', { class: 'suggestions', part: 'suggestions', role: 'listbox', id: `unisson-suggestions-${++lists}` })
    // The caret stays in the text.
    this.#dom.addEventListener('mousedown', (event) => event.preventDefault())
  }

  follow (asked: Asked | null): void {
    const isSame = asked?.trigger === this.#asked?.trigger && asked?.query === this.#asked?.query && asked?.from === this.#asked?.from
    this.#asked = asked
    if (asked === null) return this.close()
    if (!isSame) void this.#ask(asked)
  }

  close (): void {
    this.#round++
    this.#isAsking = false
    this.#items = []
    this.#dom.remove()
    for (const name of ['aria-controls', 'aria-activedescendant', 'aria-autocomplete']) this.#view.dom.removeAttribute(name)
  }

  /** Whether the key was for the list. */
  key (event: KeyboardEvent): boolean {
    const isEnter = (event.key === 'Enter' || event.key === 'Tab') && !(event.shiftKey || event.ctrlKey || event.metaKey || event.altKey)
    if (isEnter && this.#isAsking && (this.#items.length > 0 || this.#asked?.trigger === 'page')) {
      this.#isTaken = true
      return true
    }
    if (this.#items.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return false
    const count = this.#items.length
    switch (event.key) {
      case 'ArrowDown': this.#choose((this.#chosen + 1) % count); break
      case 'ArrowUp': this.#choose((this.#chosen + count - 1) % count); break
      case 'Enter': case 'Tab': if (event.shiftKey) return false; this.#act(this.#chosen); break
      case 'Escape': this.#view.dispatch(this.#view.state.tr.setMeta(key, 'dismiss')); break
      default: return false
    }
    return true
  }

  async #ask (asked: Asked): Promise<void> {
    const round = ++this.#round
    this.#isAsking = true
    this.#isTaken = false
    const items = await this.#options.suggestions(asked.trigger, asked.query).catch((): Suggestion[] => [])
    if (round !== this.#round) return
    this.#isAsking = false
    if (items.length === 0) {
      const { announce, words } = this.#options
      if (this.#items.length > 0) announce(words.wiki.found(0))
      this.close()
      return
    }
    const isNew = this.#items.length !== items.length
    this.#items = items
    this.#show(asked)
    this.#choose(0)
    if (this.#isTaken) return this.#act(0)
    if (isNew) this.#options.announce(this.#options.words.wiki.found(items.length))
  }

  #show (asked: Asked): void {
    const { words, place } = this.#options
    this.#dom.setAttribute('aria-label', words.wiki.lists[asked.trigger])
    this.#dom.replaceChildren(...this.#items.map(({ label, detail }, index) => {
      const option = make('li', { role: 'option', id: `${this.#dom.id}-${index}`, 'aria-selected': 'false' }, make('span', {}, label))
      if (detail !== undefined) option.append(make('span', { class: 'detail' }, detail))
      option.addEventListener('click', () => this.#act(index))
      option.addEventListener('mousemove', () => { if (this.#chosen !== index) this.#choose(index) })
      return option
    }))
    const frame = place()
    frame.append(this.#dom)
    this.#view.dom.setAttribute('aria-controls', this.#dom.id)
    this.#view.dom.setAttribute('aria-autocomplete', 'list')
    this.#put(frame, asked)
  }

  /** Below the line, or above it where there is no room. */
  #put (frame: HTMLElement, { from }: Asked): void {
    const line = this.#view.coordsAtPos(from)
    const around = frame.getBoundingClientRect()
    const { offsetWidth, offsetHeight } = this.#dom
    const left = Math.max(8, Math.min(line.left - around.left, around.width - offsetWidth - 8))
    const isBelow = line.bottom + offsetHeight + 8 < window.innerHeight || line.top - offsetHeight < 0
    const top = isBelow ? line.bottom - around.top + 4 : line.top - around.top - offsetHeight - 4
    this.#dom.style.insetInlineStart = `${left}px`
    this.#dom.style.top = `${top}px`
  }

  #choose (index: number): void {
    this.#chosen = index
    this.#dom.querySelectorAll('[role="option"]').forEach((option, at) => {
      option.setAttribute('aria-selected', String(at === index))
      if (at !== index) return
      this.#view.dom.setAttribute('aria-activedescendant', option.id)
      option.scrollIntoView({ block: 'nearest' })
    })
  }

  #act (index: number): void {
    const item = this.#items[index]
    const asked = this.#asked
    if (item === undefined || asked === null || !this.#view.editable) return
    this.#view.focus()
    item.act(this.#view, { from: asked.from, to: asked.to })
  }
}
