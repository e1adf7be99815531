import type { Node } from 'prosemirror-model'
import * as Y from 'yjs'
import { allReformats, difference, inlineOf, piecesBetween, type Inline } from './inline.js'
import { formatsOf, keyOf, type Formats } from './marks.js'
import { isEmbedded, sharedLength, type Branch, type Filler, type Item, type Renderer } from './render.js'
import { pairs, type Part } from './pairing.js'
import type { SharedType } from './shared-type.js'
type Shared = Y.XmlElement | Y.XmlText

/** What to do with the children of one shared type, from first to last. */
type Step =
  | { step: 'keep', count: number }
  | { step: 'delete', count: number }
  | { step: 'insert', types: Shared[] }

/** Decides everything first: copies must be made before their originals go. */
export class Plan {
  readonly #renderer: Renderer
  readonly #actions: Array<() => void> = []
  readonly #touched = new Set<SharedType>()

  constructor (renderer: Renderer) { this.#renderer = renderer }

  /** The shared types that {@link Plan.run} changes. */
  get touched (): ReadonlySet<SharedType> { return this.#touched }

  run (): void { for (const action of this.#actions) action() }

  /**
   * Makes the shared tree what `after` shows. Only what differs from what was shown is written:
   * content that is shown differently from what is stored stays as it is. `changedFrom` is where in
   * the new content the edit began.
   */
  branch (before: Branch, after: Node, changedFrom = Infinity): void {
    if (before.node === after) return
    if (before.type instanceof Y.XmlElement) this.#attributes(before.type, before.node, after)
    const steps: Step[] = []
    let position = 0
    const paired = pairs(before.children, partsOf(after))
    // Where a child is added, those that were only shown become real: it was put beside them.
    const isAdding = paired.some(({ kind }) => kind === 'inserted')
    for (const pair of paired) {
      const within = changedFrom - position
      switch (pair.kind) {
        case 'same': steps.push(isAdding && pair.item.kind === 'filler' ? this.#insertion(pair.item) : keep(pair.item)); break
        case 'branch':
          this.branch(pair.item, pair.node, within - 1)
          steps.push({ step: 'keep', count: 1 })
          break
        case 'runs': steps.push(...this.#runs(pair.items, pair.nodes, within)); break
        case 'deleted': steps.push({ step: 'delete', count: sharedLength(pair.item) }); break
        case 'inserted': steps.push({ step: 'insert', types: [this.#create(pair.part)] })
      }
      position += pair.size
    }
    if (steps.some(({ step }) => step !== 'keep')) this.#children(before.type, steps)
  }

  #insertion ({ node }: Filler): Step { return { step: 'insert', types: [this.#create({ kind: 'node', node })] } }

  #children (type: Y.XmlFragment, steps: Step[]): void {
    this.#touched.add(type)
    this.#actions.push(() => {
      let index = 0
      for (const step of steps) {
        if (step.step === 'delete') {
          if (step.count > 0) type.delete(index, step.count)
        } else if (step.step === 'insert') {
          type.insert(index, step.types)
          index += step.types.length
        } else index += step.count
      }
    })
  }

  #attributes (type: Y.XmlElement, before: Node, after: Node): void {
    for (const [name, value] of Object.entries(after.attrs)) {
      if (equalValues(before.attrs[name], value)) continue
      this.#touched.add(type)
      this.#actions.push(() => {
        if (value === null || value === undefined) type.removeAttribute(name)
        else type.setAttribute(name, value)
      })
    }
  }

  /** Writes to texts that have become neighbours; what stood between them goes. */
  #runs (items: Item[], nodes: readonly Node[], changedFrom: number): Step[] {
    const texts = items.flatMap((item) => item.kind === 'run' ? item.texts : [])
    const before = inlineOf(items.flatMap((item) => item.kind === 'run' ? [...item.nodes] : []))
    this.#text(texts, before, inlineOf(nodes), changedFrom)
    return items.map((item) => ({ step: item.kind === 'run' ? 'keep' : 'delete', count: sharedLength(item) }))
  }

  #text (texts: Y.XmlText[], before: Inline, after: Inline, changedFrom: number): void {
    const change = difference(before, after, changedFrom)
    const formats = allReformats(before, after, change)
    if (change === null && formats.length === 0) return
    for (const text of texts) this.#touched.add(text)
    this.#actions.push(() => {
      if (change !== null) {
        deleteLetters(texts, change.start, change.oldEnd - change.start)
        this.#insert(texts, after, change.start, change.newEnd)
      }
      for (const { from, to, removed, added } of formats) {
        const changed: Formats = Object.fromEntries(removed.map((mark) => [keyOf(mark), null]))
        formatLetters(texts, from, to - from, Object.assign(changed, formatsOf(added)))
      }
    })
  }

  #insert (texts: Y.XmlText[], after: Inline, from: number, to: number): void {
    const place = placeOf(texts, from)
    for (const piece of piecesBetween(after, from, to)) {
      const index = place.index + piece.from - from
      // Formats are given in full: a text would otherwise take over those around it.
      if (piece.leaf === null) place.text.insert(index, wellFormed(after.text.slice(piece.from, piece.to)), formatsOf(piece.marks))
      else place.text.insertEmbed(index, this.#embed(piece.leaf), formatsOf(piece.marks))
    }
  }

  #embed (node: Node): object {
    const origin = this.#renderer.origins.get(node)
    return origin ? origin.clone() : node.attrs.value
  }

  #create (part: Part): Shared {
    if (part.kind === 'run') return this.#createText(part.nodes)
    const origin = this.#renderer.origins.get(part.node)
    // The very node that was shown moved: a copy keeps what the schema does not know.
    if (origin instanceof Y.XmlElement || origin instanceof Y.XmlText) return origin.clone()
    const element = new Y.XmlElement(part.node.type.name)
    for (const [name, value] of Object.entries(part.node.attrs)) {
      if (value !== null && value !== undefined) element.setAttribute(name, value)
    }
    const children = partsOf(part.node).map((child) => this.#create(child))
    // A text to begin in: two people who begin at once would make one each, and y-prosemirror keeps but one.
    element.insert(0, children.length === 0 && part.node.isTextblock ? [new Y.XmlText()] : children)
    return element
  }

  #createText (nodes: readonly Node[]): Y.XmlText {
    const text = new Y.XmlText()
    text.applyDelta(nodes.map((node) => ({
      insert: node.isText ? wellFormed(node.text!) : this.#embed(node),
      attributes: formatsOf(node.marks)
    })))
    return text
  }
}

const keep = (item: Item): Step => ({ step: 'keep', count: sharedLength(item) })

/** The content of a node in the grain of the shared tree. */
const partsOf = (node: Node): Part[] => {
  const parts: Part[] = []
  node.forEach((child) => {
    const last = parts.at(-1)
    if (!child.isText && !isEmbedded(child)) parts.push({ kind: 'node', node: child })
    else if (last?.kind === 'run') last.nodes.push(child)
    else parts.push({ kind: 'run', nodes: [child] })
  })
  return parts
}

/** Where a letter stands among texts that are shown as one: at the end of one rather than before the next. */
const placeOf = (texts: Y.XmlText[], index: number): { text: Y.XmlText, index: number } => {
  let left = index
  for (const text of texts) {
    if (left <= text.length) return { text, index: left }
    left -= text.length
  }
  const last = texts.at(-1)!
  return { text: last, index: last.length }
}

const eachText = (texts: Y.XmlText[], from: number, length: number, act: (text: Y.XmlText, index: number, count: number) => void): void => {
  let start = 0
  for (const text of texts) {
    const size = text.length
    const first = Math.max(from, start)
    const end = Math.min(from + length, start + size)
    if (first < end) act(text, first - start, end - first)
    start += size
  }
}

const deleteLetters = (texts: Y.XmlText[], from: number, length: number): void => {
  eachText(texts, from, length, (text, index, count) => text.delete(index, count))
}

const formatLetters = (texts: Y.XmlText[], from: number, length: number, formats: Formats): void => {
  eachText(texts, from, length, (text, index, count) => text.format(index, count, formats))
}

/** Half a letter cannot be sent: others would read something else. */
const wellFormed = (text: string): string =>
  text.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD')

/** Values of attributes are JSON. */
export const equalValues = (one: unknown, other: unknown): boolean =>
  one === other || (typeof one === 'object' && typeof other === 'object' && JSON.stringify(one) === JSON.stringify(other))
