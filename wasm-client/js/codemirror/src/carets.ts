import { EditorSelection, StateEffect, type Extension } from '@codemirror/state'
import { EditorView, layer, RectangleMarker, ViewPlugin, type LayerMarker, type PluginValue, type ViewUpdate } from '@codemirror/view'
import { People, type AwarenessLike, type Person, type Place } from '@unisson/text'
import { bindingPlugin } from './binding.js'

/** Says that others have moved. */
const moved = StateEffect.define<null>()

/** Shows the carets and selections of others, in layers: the text that is typed in is never touched. */
export const carets = (awareness: AwarenessLike): Extension => {
  const plugin = ViewPlugin.define((view) => new Carets(view, awareness), {
    eventObservers: { focus () { this.tell() }, blur () { this.tell() } }
  })
  const isDue = (update: ViewUpdate): boolean => update.docChanged || update.viewportChanged || update.geometryChanged ||
    update.transactions.some(({ effects }) => effects.some((effect) => effect.is(moved)))
  return [
    plugin,
    layer({ above: false, class: 'unisson-selections', update: isDue, markers: (view) => view.plugin(plugin)?.selections() ?? [] }),
    layer({ above: true, class: 'unisson-carets', update: isDue, markers: (view) => view.plugin(plugin)?.carets() ?? [] }),
    theme
  ]
}

class Carets implements PluginValue {
  readonly #view: EditorView
  readonly #people: People

  constructor (view: EditorView, awareness: AwarenessLike) {
    const binding = view.plugin(bindingPlugin)
    if (binding === null) throw new Error('carets need the binding of a text')
    this.#view = view
    this.#people = new People(awareness, binding.text, () => view.dispatch({ effects: moved.of(null) }))
  }

  update (update: ViewUpdate): void {
    if (update.selectionSet || update.docChanged || update.focusChanged) this.tell()
  }

  destroy (): void { this.#people.destroy() }

  tell (): void {
    const binding = this.#view.plugin(bindingPlugin)
    if (binding === null) return
    const { anchor, head } = this.#view.state.selection.main
    this.#people.tell(this.#view.hasFocus ? { anchor: binding.toText(anchor), head: binding.toText(head) } : null)
  }

  selections (): LayerMarker[] {
    return this.#places().filter(({ anchor, head }) => anchor !== head).flatMap(({ anchor, head, person }) =>
      RectangleMarker.forRange(this.#view, 'unisson-selection', EditorSelection.range(anchor, head)).map((box) => new Box(box, person, false)))
  }

  carets (): LayerMarker[] {
    return this.#places().flatMap(({ head, person }) =>
      RectangleMarker.forRange(this.#view, 'unisson-caret', EditorSelection.cursor(head)).map((box) => new Box(box, person, true)))
  }

  #places (): Place[] {
    const binding = this.#view.plugin(bindingPlugin)
    if (binding === null) return []
    return this.#people.places().map((place) =>
      ({ ...place, anchor: binding.toShown(place.anchor), head: binding.toShown(place.head) }))
  }
}

/** A rectangle in somebody's colour, a caret with their name. */
class Box implements LayerMarker {
  constructor (readonly box: RectangleMarker, readonly person: Person, readonly isCaret: boolean) {}

  eq (other: LayerMarker): boolean {
    return other instanceof Box && other.isCaret === this.isCaret && other.box.eq(this.box) &&
      other.person.name === this.person.name && other.person.color === this.person.color
  }

  draw (): HTMLElement {
    const element = document.createElement('div')
    element.setAttribute('aria-hidden', 'true')
    element.className = this.isCaret ? 'unisson-caret' : 'unisson-selection'
    element.style.setProperty('--unisson-person', this.person.color)
    if (this.isCaret) {
      const label = document.createElement('span')
      label.className = 'unisson-caret-name'
      label.textContent = this.person.name
      element.append(label)
    }
    this.#place(element)
    return element
  }

  update (element: HTMLElement, before: LayerMarker): boolean {
    if (!(before instanceof Box) || before.isCaret !== this.isCaret || before.person.name !== this.person.name || before.person.color !== this.person.color) return false
    this.#place(element)
    return true
  }

  #place (element: HTMLElement): void {
    const { left, top, width, height } = this.box
    element.style.left = `${left}px`
    element.style.top = `${top}px`
    element.style.height = `${height}px`
    if (width !== null && !this.isCaret) element.style.width = `${width}px`
    // There is no room above the first line.
    element.classList.toggle('unisson-caret-low', this.isCaret && top < LABEL_HEIGHT_PX)
  }
}

const LABEL_HEIGHT_PX = 16

const theme = EditorView.baseTheme({
  '.unisson-selection': {
    position: 'absolute',
    backgroundColor: 'color-mix(in srgb, var(--unisson-person) 25%, transparent)'
  },
  '.unisson-caret': {
    position: 'absolute',
    borderLeft: '2px solid var(--unisson-person)',
    marginLeft: '-1px',
    pointerEvents: 'none'
  },
  '.unisson-caret-name': {
    position: 'absolute',
    bottom: '100%',
    left: '-2px',
    padding: '0 4px',
    borderRadius: '3px 3px 3px 0',
    backgroundColor: 'var(--unisson-person)',
    color: '#fff',
    font: '11px/1.4 system-ui, sans-serif',
    whiteSpace: 'nowrap'
  },
  '.unisson-caret-low .unisson-caret-name': { bottom: 'auto', top: '100%' }
})
