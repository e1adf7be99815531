//! Random edits, as a person makes them with keys and buttons.

import { lift, joinBackward, setBlockType, splitBlock, toggleMark, wrapIn } from 'prosemirror-commands'
import { Fragment, Slice } from 'prosemirror-model'
import { liftListItem, sinkListItem, splitListItem, wrapInList } from 'prosemirror-schema-list'
import { TextSelection } from 'prosemirror-state'
import { schema } from './harness.mjs'

const { nodes, marks } = schema
const WORDS = ['a', 'aa', 'été ', 'hello ', '🙂', '👩‍👩‍👧', ' ', 'x', '日本語', 'ffi']

const command = (run) => (state, random) => {
  let found = null
  run(random)(select(state, random), (tr) => { found = tr })
  return found
}

const select = (state, random) => {
  const size = state.doc.content.size
  const from = random.below(size + 1)
  const to = random.below(3) === 0 ? random.below(size + 1) : Math.min(size, from + random.below(6))
  const selection = TextSelection.between(state.doc.resolve(whole(state.doc, from)), state.doc.resolve(whole(state.doc, to)))
  return state.apply(state.tr.setSelection(selection))
}

/** Browsers put no caret into a letter of two halves. */
const whole = (doc, position) => /^[\uDC00-\uDFFF]/.test(doc.resolve(position).nodeAfter?.text ?? '') ? position - 1 : position

const insertNode = (make) => (state, random) => {
  const at = select(state, random)
  return at.tr.replaceSelectionWith(make(random))
}

const paragraph = (text) => nodes.paragraph.create(null, text === '' ? null : schema.text(text))

const table = (random) => nodes.table.create(null, Array.from({ length: 1 + random.below(3) }, () =>
  nodes.tableRow.create(null, [0, 1].map(() => nodes.tableCell.create(null, paragraph(random.pick(WORDS)))))))

const copyElsewhere = (state, random) => {
  const { from, to } = select(state, random).selection
  const slice = state.doc.slice(from, to)
  return state.tr.replaceRange(...[0, 1].map(() => whole(state.doc, random.below(state.doc.content.size + 1))).sort((a, b) => a - b), slice)
}

export const operations = [
  ...Array.from({ length: 8 }, () => (state, random) => select(state, random).tr.insertText(random.pick(WORDS))),
  (state, random) => select(state, random).tr.deleteSelection(),
  (state, random) => select(state, random).tr.deleteSelection(),
  command(() => splitBlock),
  command(() => splitBlock),
  command(() => joinBackward),
  command(() => lift),
  command((random) => setBlockType(random.pick([nodes.paragraph, nodes.codeBlock]))),
  command((random) => setBlockType(nodes.heading, { level: 1 + random.below(3) })),
  command((random) => toggleMark(random.pick([marks.bold, marks.italic, marks.underline, marks.code]))),
  command((random) => toggleMark(random.pick([marks.bold, marks.strike]))),
  command((random) => toggleMark(marks.link, { href: random.pick(['https://example.org/', '/page']) })),
  command(() => wrapIn(nodes.blockquote)),
  command((random) => wrapIn(nodes.blockquote, { callout: random.pick(['info', 'danger', 'of another editor']) })),
  command((random) => toggleMark(marks.link, { href: '/s/canteens/menus', title: random.pick(['Menus', 'été']) })),
  command((random) => wrapInList(random.pick([nodes.bulletList, nodes.orderedList]))),
  command(() => wrapInList(nodes.taskList)),
  command(() => splitListItem(nodes.listItem)),
  command(() => sinkListItem(nodes.listItem)),
  command(() => liftListItem(nodes.listItem)),
  insertNode(() => nodes.hardBreak.create()),
  insertNode(() => nodes.horizontalRule.create()),
  insertNode((random) => nodes.image.create({ src: '/i.png', alt: random.pick(WORDS) })),
  insertNode(table),
  copyElsewhere,
  (state) => state.tr.replace(0, state.doc.content.size, new Slice(Fragment.from(paragraph('anew')), 0, 0))
]

/** One random edit; null where it does not apply, or ProseMirror itself refuses it. */
export const randomEdit = (random) => {
  const operation = random.pick(random.below(200) === 0 ? operations.slice(-1) : operations.slice(0, -1))
  return (state) => {
    try {
      const tr = operation(state, random)
      tr?.doc.check()
      return tr
    } catch (error) {
      // Some commands fail in ProseMirror's own code on rare selections.
      const isTheirs = /prosemirror-(transform|schema-list|commands)/.test(error.stack.split('\n').slice(0, 3).join())
      if (isTheirs || error instanceof RangeError || error.name === 'TransformError' || error.name === 'ReplaceError') return null
      throw error
    }
  }
}
