import type { Node } from 'prosemirror-model'
import type { EditorView, NodeView } from 'prosemirror-view'

/** A task with a box to tick. */
export class TaskItem implements NodeView {
  readonly dom = document.createElement('li')
  readonly contentDOM = document.createElement('div')
  readonly #box = document.createElement('input')
  #node: Node

  constructor (node: Node, view: EditorView, getPosition: () => number | undefined, label: string) {
    this.#node = node
    this.#box.type = 'checkbox'
    this.#box.setAttribute('aria-label', label)
    const holder = document.createElement('label')
    holder.contentEditable = 'false'
    holder.append(this.#box)
    this.dom.dataset.type = 'taskItem'
    this.dom.append(holder, this.contentDOM)
    // A click on the box must not take the caret away.
    holder.addEventListener('mousedown', (event) => event.preventDefault())
    this.#box.addEventListener('change', () => {
      const position = getPosition()
      if (position !== undefined && view.editable) view.dispatch(view.state.tr.setNodeAttribute(position, 'checked', this.#box.checked))
      this.#show()
    })
    this.#show()
  }

  update (node: Node): boolean {
    if (node.type !== this.#node.type) return false
    this.#node = node
    this.#show()
    return true
  }

  /** The box follows the document, not the click. */
  #show (): void {
    const checked = this.#node.attrs.checked === true
    this.#box.checked = checked
    this.dom.dataset.checked = String(checked)
  }

  ignoreMutation (mutation: { type: string, target: globalThis.Node }): boolean {
    return mutation.type !== 'selection' && !this.contentDOM.contains(mutation.target)
  }

  stopEvent (event: Event): boolean { return event.target === this.#box }
}
