import { Extension, Mark, Node } from '@tiptap/core'
import type { Awareness } from 'y-protocols/awareness'
import type * as Y from 'yjs'
import { carets, type Person } from './carets.js'
import { collaboration, redo, undo } from './collaboration.js'
import { UNSUPPORTED_BLOCK, UNSUPPORTED_INLINE, UNSUPPORTED_MARK, unsupportedBlock, unsupportedInline, unsupportedMark } from './unsupported.js'

const block = unsupportedBlock()
const inline = unsupportedInline()
const mark = unsupportedMark()

const attributes = (names: Record<string, { default?: unknown }>): Record<string, { default: unknown, rendered: false }> =>
  Object.fromEntries(Object.entries(names).map(([name, { default: value }]) => [name, { default: value ?? null, rendered: false as const }]))

const UnsupportedBlock = Node.create({
  name: UNSUPPORTED_BLOCK,
  group: 'block',
  atom: true,
  isolating: true,
  addAttributes: () => attributes(block.attrs as Record<string, { default?: unknown }>),
  renderHTML: ({ node }) => block.toDOM!(node)
})

const UnsupportedInline = Node.create({
  name: UNSUPPORTED_INLINE,
  group: 'inline',
  inline: true,
  atom: true,
  addAttributes: () => attributes(inline.attrs as Record<string, { default?: unknown }>),
  renderHTML: ({ node }) => inline.toDOM!(node)
})

const UnsupportedMark = Mark.create({
  name: UNSUPPORTED_MARK,
  excludes: '',
  inclusive: false,
  addAttributes: () => attributes(mark.attrs as Record<string, { default?: unknown }>),
  renderHTML: ({ mark: shown }) => mark.toDOM!(shown, true)
})

export interface CollaborationExtensionOptions {
  document: Y.Doc | null
  /** The shared fragment of the document. */
  field: string
  /** The fragment itself, in place of document and field. */
  fragment: Y.XmlFragment | null
  writable: () => boolean
}

declare module '@tiptap/core' {
  interface Commands<ReturnType> {
    unissonCollaboration: {
      undo: () => ReturnType
      redo: () => ReturnType
    }
  }
}

/** In place of `@tiptap/extension-collaboration`: the same shared types. Leave `undoRedo` of StarterKit out. */
export const Collaboration = Extension.create<CollaborationExtensionOptions>({
  name: 'unissonCollaboration',
  priority: 1000,
  addOptions: () => ({ document: null, field: 'default', fragment: null, writable: () => true }),
  addExtensions: () => [UnsupportedBlock, UnsupportedInline, UnsupportedMark],
  addProseMirrorPlugins () {
    const fragment = this.options.fragment ?? this.options.document?.getXmlFragment(this.options.field)
    if (!fragment) throw new Error('Collaboration needs the option document or fragment')
    return [collaboration({ fragment, writable: this.options.writable })]
  },
  addCommands: () => ({
    undo: () => ({ state, view, dispatch, tr }) => {
      tr.setMeta('preventDispatch', true)
      return undo(state, dispatch, view)
    },
    redo: () => ({ state, view, dispatch, tr }) => {
      tr.setMeta('preventDispatch', true)
      return redo(state, dispatch, view)
    }
  }),
  addKeyboardShortcuts () {
    return {
      'Mod-z': () => this.editor.commands.undo(),
      'Mod-y': () => this.editor.commands.redo(),
      'Shift-Mod-z': () => this.editor.commands.redo()
    }
  }
})

export interface CaretsExtensionOptions {
  awareness: Awareness | null
  user: Person | null
}

/** In place of `@tiptap/extension-collaboration-caret`. */
export const CollaborationCarets = Extension.create<CaretsExtensionOptions>({
  name: 'unissonCarets',
  priority: 999,
  addOptions: () => ({ awareness: null, user: null }),
  addProseMirrorPlugins () {
    const { awareness, user } = this.options
    if (awareness === null) throw new Error('CollaborationCarets needs the option awareness')
    if (user !== null) awareness.setLocalStateField('user', user)
    return [carets({ awareness })]
  }
})
