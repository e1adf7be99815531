import type { Node } from 'prosemirror-model'
import type { NodeView } from 'prosemirror-view'
import { safeImage } from '@unisson/prosemirror'
import type { Words } from '../words.js'
import { isOwn, type Files } from './files.js'

/** The address of no image. */
const NOTHING = 'data:,'

/** A picture: one of the server's files is shown where the server has it, and says so where it may not be shown. */
export class ImageView implements NodeView {
  readonly dom = document.createElement('img')
  readonly #files: Files
  readonly #words: Words
  #node: Node
  #wasRenewed = false
  #isMissing = false

  constructor (node: Node, files: Files, words: Words) {
    this.#files = files
    this.#words = words
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
    const { title, width, height, src } = this.#node.attrs
    this.#say()
    for (const [name, value] of Object.entries({ title, width, height })) {
      if (value === null || value === undefined) this.dom.removeAttribute(name)
      else this.dom.setAttribute(name, String(value))
    }
    if (!isNew) return
    this.#isMissing = false
    this.#say()
    if (!this.#files.isFile(src)) { this.dom.src = safeImage(src) ?? ''; return }
    this.#files.shown(src).then((address) => {
      if (this.#node.attrs.src === src) this.dom.src = address
    }, () => { if (this.#node.attrs.src === src) this.#miss() })
  }

  /** What stands in the place of the picture, and is read aloud. */
  #say (): void {
    const alt = String(this.#node.attrs.alt ?? '')
    this.dom.alt = this.#isMissing ? this.#words.files.missing(alt) : alt
    this.dom.classList.toggle('missing', this.#isMissing)
  }

  /** Of an own file the reason may be the line; of another page's it is mostly that one may not see it. */
  #miss (): void {
    this.#isMissing = !isOwn(this.#node.attrs.src)
    // Browsers show the words only of an image that fails, not of one that has no address.
    if (this.#isMissing) this.dom.src = NOTHING
    else this.dom.removeAttribute('src')
    this.#say()
  }

  /** Its ticket may have ended. */
  readonly #again = (): void => {
    if (this.#isMissing || !this.#files.isFile(this.#node.attrs.src)) return
    if (this.#wasRenewed) return this.#miss()
    this.#wasRenewed = true
    this.#files.renew()
    this.#show()
  }
}
