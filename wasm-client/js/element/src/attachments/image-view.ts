import type { Node } from 'prosemirror-model'
import type { NodeView } from 'prosemirror-view'
import { safeImage } from '@unisson/prosemirror'
import { isOwn, type Files } from './files.js'

/** A picture: one of the document's own files is shown where the server has it. */
export class ImageView implements NodeView {
  readonly dom = document.createElement('img')
  readonly #files: Files
  #node: Node
  #wasRenewed = false

  constructor (node: Node, files: Files) {
    this.#files = files
    this.#node = node
    this.dom.addEventListener('error', this.#again)
    this.#show()
  }

  update (node: Node): boolean {
    if (node.type !== this.#node.type) return false
    const before = this.#node.attrs.src
    this.#node = node
    if (before !== node.attrs.src) this.#wasRenewed = false
    this.#show(before !== node.attrs.src)
    return true
  }

  destroy (): void { this.dom.removeEventListener('error', this.#again) }

  #show (isNew = true): void {
    const { alt, title, width, height, src } = this.#node.attrs
    this.dom.alt = String(alt ?? '')
    for (const [name, value] of Object.entries({ title, width, height })) {
      if (value === null || value === undefined) this.dom.removeAttribute(name)
      else this.dom.setAttribute(name, String(value))
    }
    if (!isNew) return
    if (!isOwn(src)) { this.dom.src = safeImage(src) ?? ''; return }
    this.#files.shown(src).then((address) => {
      if (this.#node.attrs.src === src) this.dom.src = address
    }, () => { this.dom.removeAttribute('src') })
  }

  /** Its ticket may have ended. */
  readonly #again = (): void => {
    if (this.#wasRenewed || !isOwn(this.#node.attrs.src)) return
    this.#wasRenewed = true
    this.#files.renew()
    this.#show()
  }
}
