import { InputRule, inputRules, textblockTypeInputRule, wrappingInputRule } from 'prosemirror-inputrules'
import type { MarkType, Schema } from 'prosemirror-model'
import type { Plugin } from 'prosemirror-state'
import { safeLink } from '@unisson/prosemirror'

/** `**bold**`: what is between the signs gets the mark, and the signs go. */
const markRule = (pattern: RegExp, type: MarkType): InputRule => new InputRule(pattern, (state, match, start, end) => {
  const [whole, before = '', inner] = match
  if (inner === undefined || whole === undefined) return null
  const from = start + before.length
  const { tr } = state
  const innerFrom = from + whole.slice(before.length).indexOf(inner)
  const marks = state.doc.resolve(innerFrom).marksAcross(state.doc.resolve(end)) ?? []
  tr.replaceWith(from, end, state.schema.text(inner, type.create().addToSet(marks)))
  return tr.removeStoredMark(type)
})

/** `[text](address)`. */
const linkRule = (type: MarkType): InputRule => new InputRule(/\[([^\][]+)\]\(([^()\s]+)\)$/, (state, match, start, end) => {
  const [, text, address] = match
  const href = safeLink(address)
  if (text === undefined || href === null) return null
  return state.tr.replaceWith(start, end, state.schema.text(text, [type.create({ href })])).removeStoredMark(type)
})

/** Markdown signs, as they are typed. Backspace takes a change back. */
export const markdownRules = (schema: Schema): Plugin => {
  const { nodes, marks } = schema
  return inputRules({
    rules: [
      textblockTypeInputRule(/^(#{1,6})\s$/, nodes.heading!, (match) => ({ level: match[1]!.length })),
      textblockTypeInputRule(/^```([\w+#-]*)\s$/, nodes.codeBlock!, (match) => ({ language: match[1] || null })),
      wrappingInputRule(/^\s*>\s$/, nodes.blockquote!),
      wrappingInputRule(/^\s*\[([ xX]?)\]\s$/, nodes.taskList!, null, () => true),
      wrappingInputRule(/^\s*([-+*])\s$/, nodes.bulletList!),
      wrappingInputRule(/^(\d+)[.)]\s$/, nodes.orderedList!, (match) => ({ start: Number(match[1]) }),
        (match, node) => node.childCount + Number(node.attrs.start) === Number(match[1])),
      new InputRule(/^(?:---|___|\*\*\*)\s$/, (state, _match, start, end) => {
        const { tr } = state
        const $start = state.doc.resolve(start)
        if ($start.parent.type !== nodes.paragraph) return null
        return tr.delete(start, end).insert($start.before(), nodes.horizontalRule!.create())
      }),
      markRule(/(^|[^*\w])\*\*([^*\s](?:[^*]*[^*\s])?)\*\*$/, marks.bold!),
      markRule(/(^|[^_\w])__([^_\s](?:[^_]*[^_\s])?)__$/, marks.bold!),
      markRule(/(^|[^*\w])\*([^*\s](?:[^*]*[^*\s])?)\*$/, marks.italic!),
      markRule(/(^|[^_\w])_([^_\s](?:[^_]*[^_\s])?)_$/, marks.italic!),
      markRule(/(^|[^~])~~([^~\s](?:[^~]*[^~\s])?)~~$/, marks.strike!),
      markRule(/(^|[^`])`([^`]+)`$/, marks.code!),
      linkRule(marks.link!)
    ]
  })
}
