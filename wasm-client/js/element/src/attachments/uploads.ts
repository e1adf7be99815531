import { Plugin, PluginKey, type EditorState, type Transaction } from 'prosemirror-state'
import { Decoration, DecorationSet, type EditorView } from 'prosemirror-view'
import { make } from '../controls/dom.js'
import type { Words } from '../words.js'
import { FileError, type Added, type Files } from './files.js'

const key = new PluginKey<DecorationSet>('uploads')

/** What a transaction says of a file on its way. */
type Step = { begins: object, position: number, dom: HTMLElement } | { ends: object }

export interface UploadsOptions {
  files: Files
  words: Words
  /** Said to whoever hears the page. */
  announce: (text: string) => void
  /** A picture stands in the text and has no description yet. */
  describe: (address: string) => void
}

/** Shows where files will stand that are on their way, and takes those that are pasted and dropped. */
export const uploads = (options: UploadsOptions): Plugin => new Plugin<DecorationSet>({
  key,
  state: {
    init: () => DecorationSet.empty,
    apply: (transaction, shown) => {
      const moved = shown.map(transaction.mapping, transaction.doc)
      const step = transaction.getMeta(key) as Step | undefined
      if (step === undefined) return moved
      if ('ends' in step) return moved.remove(moved.find(undefined, undefined, (spec) => spec.file === step.ends))
      // Kept where the text before it goes.
      return moved.add(transaction.doc, [Decoration.widget(step.position, step.dom, { file: step.begins, side: -1, ignoreSelection: true })])
    }
  },
  props: {
    decorations: (state) => key.getState(state),
    handlePaste: (view, event) => {
      const files = [...event.clipboardData?.files ?? []]
      // Office programs put a picture of the text beside the text.
      if (files.length === 0 || !view.editable || /<(p|table|li|h\d|span)\b/i.test(event.clipboardData?.getData('text/html') ?? '')) return false
      for (const file of files) void upload(view, file, view.state.selection.from, options)
      return true
    },
    handleDrop: (view, event) => {
      const files = [...event.dataTransfer?.files ?? []]
      if (files.length === 0 || !view.editable) return false
      const at = view.posAtCoords({ left: event.clientX, top: event.clientY })?.pos ?? view.state.selection.from
      for (const file of files) void upload(view, file, at, options)
      event.preventDefault()
      return true
    }
  }
})

/** Adds a file to the document and puts it into the text, where that has gone meanwhile. */
export const upload = async (view: EditorView, file: File, position: number, options: UploadsOptions): Promise<void> => {
  const { files, words, announce, describe } = options
  const name = file.name === '' ? words.image : file.name
  const bar = make('progress', { max: '1', value: '0', 'aria-label': words.files.uploading(name) })
  const dom = make('span', { class: 'upload', contenteditable: 'false' }, make('span', {}, words.files.uploading(name)), bar)
  const tell = (step: Step): void => { if (!view.isDestroyed) view.dispatch(view.state.tr.setMeta(key, step).setMeta('addToHistory', false)) }
  tell({ begins: file, position, dom })
  announce(words.files.uploading(name))
  try {
    const added = await files.add(file, (part) => { bar.value = part })
    if (view.isDestroyed) return
    const at = placeOf(view.state, file)
    tell({ ends: file })
    // Rights may have gone meanwhile; the file is there all the same.
    if (at === null || !view.editable) return
    view.dispatch((added.isImage ? withImage : withLink)(view.state, at, added).scrollIntoView())
    announce(words.files.added(added.name))
    if (added.isImage) describe(added.address)
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    const reason = words.files.reasons[error.code] ?? words.files.reasons.other!
    const close = make('button', { type: 'button', 'aria-label': words.forms.cancel }, '×')
    close.addEventListener('click', () => { tell({ ends: file }); view.focus() })
    dom.classList.add('failed')
    dom.replaceChildren(make('span', { role: 'alert' }, words.files.failed(name, reason)), close)
    announce(words.files.failed(name, reason))
  }
}

const placeOf = (state: EditorState, file: object): number | null =>
  key.getState(state)?.find(undefined, undefined, (spec) => spec.file === file)[0]?.from ?? null

/** A picture is a block: in the place of an empty paragraph, else behind the one that it was put into. */
const withImage = (state: EditorState, at: number, { address }: Added): Transaction => {
  const image = state.schema.nodes.image!.create({ src: address, alt: '' })
  const { tr } = state
  const $at = tr.doc.resolve(at)
  for (let depth = $at.depth; depth > 0; depth--) {
    const parent = $at.node(depth - 1)
    const index = $at.index(depth - 1)
    const isEmpty = $at.node(depth).isTextblock && $at.node(depth).content.size === 0
    if (isEmpty && parent.canReplaceWith(index, index + 1, image.type)) return tr.replaceWith($at.before(depth), $at.after(depth), image)
    if (parent.canReplaceWith(index + 1, index + 1, image.type)) return tr.insert($at.after(depth), image)
  }
  return tr.insert(at, image)
}

/** Any other file is a link to it. */
const withLink = (state: EditorState, at: number, { name, address }: Added): Transaction => {
  const { schema, tr } = state
  const link = schema.text(name, [schema.marks.link!.create({ href: address })])
  const $at = tr.doc.resolve(at)
  if ($at.parent.inlineContent && $at.parent.type.allowsMarkType(schema.marks.link!)) return tr.insert(at, [link, schema.text(' ')])
  const paragraph = schema.nodes.paragraph!.create(null, link)
  return tr.insert($at.depth === 0 ? at : $at.after(), paragraph)
}
