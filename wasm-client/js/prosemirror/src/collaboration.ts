import { Plugin, PluginKey, TextSelection, type Command, type EditorState, type Transaction } from 'prosemirror-state'
import type { EditorView } from 'prosemirror-view'
import * as Y from 'yjs'
import { Binding, changedFrom, shownKey, type AnchoredSelection } from './binding.js'
import { requireUnsupported } from './unsupported.js'

export interface CollaborationOptions {
  /** The shared document of this editor. */
  fragment: Y.XmlFragment
  /** Whether edits may be made now: not before the first sync, not while only reading is allowed. */
  writable?: () => boolean
  /** Edits that follow within this time are undone together. */
  undoGroupMs?: number
}

interface CollaborationState {
  fragment: Y.XmlFragment
  /** Where the view was changed since the last write. */
  changedFrom: number
  /** Whether somebody at this editor did some of it. */
  isByHand: boolean
}

const UNDO_GROUP_MS = 500
const SELECTION = 'unissonSelection'

const key = new PluginKey<CollaborationState>('unissonCollaboration')
/** Each view's binding and undo; they live as long as the view's plugins. */
const live = new WeakMap<EditorView, { binding: Binding, undo: Y.UndoManager }>()

/** Keeps an editor and a shared fragment equal, and undoes only what was done in this editor. */
export const collaboration = ({ fragment, writable = () => true, undoGroupMs = UNDO_GROUP_MS }: CollaborationOptions): Plugin => {
  return new Plugin<CollaborationState>({
    key,
    state: {
      init: (_config, state) => {
        requireUnsupported(state.schema)
        return { fragment, changedFrom: Infinity, isByHand: false }
      },
      apply: (tr, value, before) => {
        if (!tr.docChanged) return value
        const now = tr.getMeta(shownKey) ? Infinity : changedFrom(tr)
        const isNew = isWritten.has(before) || !Number.isFinite(value.changedFrom)
        return {
          fragment,
          changedFrom: isNew ? now : Math.min(now, tr.mapping.map(value.changedFrom, -1)),
          isByHand: (!isNew && value.isByHand) || isByHand(tr)
        }
      }
    },
    filterTransaction: (tr) => !tr.docChanged || Boolean(tr.getMeta(shownKey)) || writable(),
    view: (view) => {
      const binding = new Binding(view, fragment, writable)
      const undo = undoOf(view, binding, undoGroupMs)
      live.set(view, { binding, undo })
      return {
        update: (_view, before) => {
          const { changedFrom: changed, isByHand } = key.getState(view.state) ?? { changedFrom: Infinity, isByHand: true }
          if (before.doc !== view.state.doc) binding.edited(changed, before, isByHand)
          isWritten.add(view.state)
        },
        destroy: () => {
          live.delete(view)
          undo.destroy()
          binding.destroy()
        }
      }
    }
  })
}

/**
 * What plugins append to the edits of others, such as an empty paragraph at the end, is nobody's to undo: it
 * would be appended again, and whatever this editor did before could not be undone any more.
 */
const isByHand = (tr: Transaction): boolean => {
  const root = tr.getMeta('appendedTransaction') as Transaction | undefined
  return [tr, ...(root === undefined ? [] : [root])].every((each) => !each.getMeta(shownKey) && each.getMeta('addToHistory') !== false)
}

/** States whose edits are in the shared document. */
const isWritten = new WeakSet<EditorState>()

const undoOf = (view: EditorView, binding: Binding, captureTimeout: number): Y.UndoManager => {
  const undo = new Y.UndoManager(binding.fragment, {
    trackedOrigins: new Set([binding]),
    captureTimeout,
    // What somebody else has filled stays, when its creation is undone.
    deleteFilter: (item) => !(item.content instanceof Y.ContentType) || lengthOf(item.content.type) === 0
  })
  undo.on('stack-item-added', ({ stackItem }: StackEvent) => {
    const selection = undo.undoing || undo.redoing ? binding.anchorsOf(view.state.selection) : binding.selectionBefore
    if (selection !== null) stackItem.meta.set(SELECTION, selection)
  })
  undo.on('stack-item-popped', ({ stackItem }: StackEvent) => {
    const selection = stackItem.meta.get(SELECTION) as AnchoredSelection | undefined
    if (selection !== undefined) restore(view, binding, selection)
  })
  return undo
}

interface StackEvent { stackItem: { meta: Map<unknown, unknown> } }

const lengthOf = (type: unknown): number => (type as { _length: number })._length

const restore = (view: EditorView, binding: Binding, { anchor, head }: AnchoredSelection): void => {
  const from = binding.positionOf(anchor)
  const to = binding.positionOf(head)
  if (from === null || to === null) return
  const { doc } = view.state
  const limit = (position: number): number => Math.min(Math.max(position, 0), doc.content.size)
  const selection = TextSelection.between(doc.resolve(limit(from)), doc.resolve(limit(to)))
  view.dispatch(view.state.tr.setSelection(selection).scrollIntoView())
}

/** The binding of a view that has {@link collaboration}. */
export const bindingOf = (view: EditorView): Binding | null => live.get(view)?.binding ?? null

/** Whether there is something of one's own to undo or redo. */
export const canUndo = (view: EditorView): boolean => live.get(view)?.undo.canUndo() ?? false
export const canRedo = (view: EditorView): boolean => live.get(view)?.undo.canRedo() ?? false

/** What follows is undone apart from what was before. */
export const closeUndoGroup = (view: EditorView): void => live.get(view)?.undo.stopCapturing()

const step = (view: EditorView | undefined, may: (view: EditorView) => boolean, direction: 'undo' | 'redo'): boolean => {
  if (view === undefined || !may(view) || !view.editable) return false
  live.get(view)!.undo[direction]()
  return true
}

/** Takes back the last edit of this editor. Needs the view. */
export const undo: Command = (_state, dispatch, view) =>
  dispatch ? step(view, canUndo, 'undo') : view !== undefined && canUndo(view)

/** Does again what was taken back. Needs the view. */
export const redo: Command = (_state, dispatch, view) =>
  dispatch ? step(view, canRedo, 'redo') : view !== undefined && canRedo(view)
