import { Plugin, PluginKey, type EditorState } from 'prosemirror-state'
import { Decoration, DecorationSet, type EditorView } from 'prosemirror-view'
import * as Y from 'yjs'
import type { Binding } from './binding.js'
import { withSelection } from './browser-selection.js'
import { bindingOf } from './collaboration.js'

/** Where a thread of comments belongs. Positions are the JSON of Yjs. */
export interface CommentMark {
  id: string
  start: unknown
  end: unknown
  /** It is the one that is being read. */
  active?: boolean
}

/** A place that somebody wants to say something about. */
export interface CommentPlace {
  anchor: { start: unknown, end: unknown }
  /** What stands there. */
  quote: string
  /** What stands before and behind it, to find it again. */
  before: string
  after: string
}

/** More than that is no quote; the place is as long as it is. */
const QUOTE_LETTERS_MAX = 600
const CONTEXT_LETTERS = 40
/** More marks than that tell nobody anything, and cost everybody. */
const MARKS_MAX = 500

interface Shown { marks: readonly CommentMark[], decorations: DecorationSet }

const key = new PluginKey<Shown>('unissonComments')
const NOTHING: Shown = { marks: [], decorations: DecorationSet.empty }

/** Shows where comments belong. Nothing of it is in the document. `chosen` is told when a mark is clicked. */
export const comments = (chosen: (id: string) => void = () => {}): Plugin<Shown> => new Plugin<Shown>({
  key,
  state: {
    init: () => NOTHING,
    apply: (tr, { marks, decorations }) => tr.getMeta(key) as Shown | undefined ??
      { marks, decorations: decorations.map(tr.mapping, tr.doc) }
  },
  props: {
    decorations: (state) => key.getState(state)?.decorations,
    handleClick: (view, position) => {
      const [id] = idsAt(view.state, position)
      if (id !== undefined) chosen(id)
      return false
    }
  },
  view: (view) => {
    let stop: (() => void) | null = null
    let isDue = false
    // Once for all that happens now, and not while the view is being changed.
    const shown = (): void => {
      if (isDue) return
      isDue = true
      queueMicrotask(() => {
        isDue = false
        if (!view.isDestroyed) draw(view)
      })
    }
    const follow = (): void => { stop ??= bindingOf(view)?.onShown(shown) ?? null }
    queueMicrotask(follow)
    return { update: follow, destroy: () => stop?.() }
  }
})

/** Shows these marks, and no others. */
export const showComments = (view: EditorView, marks: readonly CommentMark[]): void => draw(view, marks.slice(0, MARKS_MAX))

/** Where each mark that is in the text stands now. */
export const commentsIn = (state: EditorState): Map<string, { from: number, to: number }> => {
  const found = new Map<string, { from: number, to: number }>()
  for (const { from, to, spec } of key.getState(state)?.decorations.find() ?? []) {
    const { id } = spec as { id: string }
    const known = found.get(id)
    found.set(id, known === undefined ? { from, to } : { from: Math.min(known.from, from), to: Math.max(known.to, to) })
  }
  return found
}

/** The selection as a place; null where nothing is selected. */
export const placeOf = (view: EditorView): CommentPlace | null => {
  const binding = bindingOf(view)
  const { doc, selection: { from, to } } = view.state
  if (binding === null || !binding.shows(doc)) return null
  const words = (start: number, end: number): string => doc.textBetween(start, end, '\n', '\ufffc')
  const quote = words(from, to)
  if (quote.trim() === '') return null
  const { start, end } = binding.rangeOf({ from, to })
  const size = doc.content.size
  return {
    anchor: { start: Y.relativePositionToJSON(start), end: Y.relativePositionToJSON(end) },
    quote: whole(quote.slice(0, QUOTE_LETTERS_MAX)),
    before: whole(words(Math.max(0, from - CONTEXT_LETTERS), from)),
    after: whole(words(to, Math.min(size, to + CONTEXT_LETTERS)))
  }
}

/** Without half a letter at its ends. */
const whole = (text: string): string => text.replace(/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/g, '')

const idsAt = (state: EditorState, position: number): string[] =>
  (key.getState(state)?.decorations.find(position, position) ?? []).map(({ spec }) => (spec as { id: string }).id)

const draw = (view: EditorView, marks = key.getState(view.state)?.marks ?? []): void => {
  const before = key.getState(view.state)
  if (before === undefined || (marks.length === 0 && before.marks.length === 0)) return
  const decorations = decorationsOf(view, marks) ?? before.decorations
  if (marks === before.marks && sameRanges(decorations, before.decorations)) return
  const tr = view.state.tr.setMeta(key, { marks, decorations } satisfies Shown).setMeta('addToHistory', false)
  view.dispatch(withSelection(view, tr))
}

/** Null where it cannot be said now: what is composed is not drawn anew, and is shown the next time. */
const decorationsOf = (view: EditorView, marks: readonly CommentMark[]): DecorationSet | null => {
  const binding = bindingOf(view)
  const { doc } = view.state
  if (binding === null || !binding.shows(doc) || view.composing) return null
  return DecorationSet.create(doc, marks.flatMap((mark) => {
    const range = rangeOf(binding, mark, doc.content.size)
    if (range === null) return []
    const look = { class: `unisson-comment${mark.active === true ? ' active' : ''}`, 'data-comment': mark.id }
    return [Decoration.inline(range.from, range.to, look, { id: mark.id })]
  }))
}

const sameRanges = (one: DecorationSet, other: DecorationSet): boolean => {
  const said = (set: DecorationSet): string => JSON.stringify(set.find().map(({ from, to, spec }) => [from, to, spec.id]))
  return said(one) === said(other)
}

const rangeOf = (binding: Binding, { start, end }: CommentMark, size: number): { from: number, to: number } | null => {
  const [from, to] = [positionOf(binding, start), positionOf(binding, end)]
  // Where its letters are gone, it begins where it ends.
  return from === null || to === null || from >= to || to > size ? null : { from, to }
}

const positionOf = (binding: Binding, json: unknown): number | null => {
  if (typeof json !== 'object' || json === null) return null
  try {
    return binding.positionOf(Y.createRelativePositionFromJSON(json))
  } catch {
    // Whatever the server has is shown as far as it can be.
    return null
  }
}
