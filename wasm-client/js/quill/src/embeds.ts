import type { Operation } from '@unisson/text'
import Quill, { Delta, type Op } from 'quill'
import type Embed from 'quill/blots/embed.js'

/** The name of the blot that stands for what this Quill does not know. */
export const UNSUPPORTED = 'unissonUnsupported'

/** Adds the blot that stands for unknown values to the formats of one editor. */
export const registerUnsupported = (quill: Quill): void => {
  if (quill.scroll.query(UNSUPPORTED) !== null) return
  const Base = Quill.import('blots/embed') as typeof Embed
  class Unsupported extends Base {
    static override blotName = UNSUPPORTED
    static override tagName = 'span'
    static override className = 'unisson-unsupported'

    static override create (value: unknown): HTMLElement {
      const node = super.create(value) as HTMLElement
      node.dataset.value = JSON.stringify(value ?? null)
      node.textContent = nameOf(value)
      return node
    }

    static override value (node: HTMLElement): unknown {
      try {
        return JSON.parse(node.dataset.value ?? 'null')
      } catch {
        // Pasted HTML may look like one.
        return null
      }
    }
  }
  quill.scroll.registry.register(Unsupported)
}

const nameOf = (value: unknown): string => typeof value === 'object' && value !== null ? Object.keys(value)[0] ?? '?' : '?'

/** Operations of the text as this editor can show them: unknown values stand as what they are, unknown formats stay in the text. */
export const toShown = (quill: Quill, delta: readonly Operation[]): Delta => {
  const shown = new Delta()
  for (const { insert, retain, delete: deleted, attributes } of delta) {
    const known = knownFormats(quill, attributes)
    const formats = known === undefined ? {} : { attributes: known }
    if (deleted !== undefined) shown.delete(deleted)
    else if (insert === undefined) shown.push({ retain: retain ?? 0, ...formats })
    else shown.push({ insert: typeof insert === 'string' ? insert : shownEmbed(quill, insert), ...formats })
  }
  return shown
}

const shownEmbed = (quill: Quill, value: object | null): Record<string, unknown> => {
  const names = value === null ? [] : Object.keys(value)
  const isKnown = names.length === 1 && names[0] !== UNSUPPORTED && quill.scroll.query(names[0]!) !== null
  return isKnown ? value as Record<string, unknown> : { [UNSUPPORTED]: value }
}

const knownFormats = (quill: Quill, attributes: Operation['attributes']): Operation['attributes'] => {
  if (attributes === undefined) return undefined
  const known = Object.entries(attributes).filter(([name]) => quill.scroll.query(name) !== null)
  return known.length === 0 ? undefined : Object.fromEntries(known)
}

/** Operations of the editor as the text keeps them. `refused` takes out again what only another kind of editor can make. */
export const toText = (ops: readonly Op[]): { delta: Operation[], refused: Delta } => {
  const refused = new Delta()
  const delta: Operation[] = []
  for (const op of ops) {
    const isUnsupported = typeof op.insert === 'object' && UNSUPPORTED in op.insert
    const insert = isUnsupported ? (op.insert as Record<string, object | null>)[UNSUPPORTED] : op.insert
    if (isUnsupported && (typeof insert !== 'object' || insert === null)) {
      refused.delete(1)
      continue
    }
    delta.push({ ...op, ...(insert === undefined ? {} : { insert }) } as Operation)
    if (op.insert !== undefined) refused.retain(typeof op.insert === 'string' ? op.insert.length : 1)
    else if (typeof op.retain === 'number') refused.retain(op.retain)
  }
  return { delta, refused: refused.chop() }
}
