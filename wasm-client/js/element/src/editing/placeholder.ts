import { Plugin } from 'prosemirror-state'
import { Decoration, DecorationSet } from 'prosemirror-view'

/** A hint in a document without content. */
export const placeholder = (text: () => string): Plugin => new Plugin({
  props: {
    decorations: ({ doc }) => {
      const first = doc.firstChild
      if (doc.childCount !== 1 || first === null || first.type.name !== 'paragraph' || first.content.size > 0) return null
      return DecorationSet.create(doc, [Decoration.node(0, first.nodeSize, { class: 'is-empty', 'data-placeholder': text() })])
    }
  }
})
