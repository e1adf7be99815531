import type { Person } from './person.js'

/** A rectangle in the layer above an editor. */
export interface Box { left: number, top: number, width: number, height: number }

/** The room that a name at a caret needs. */
export const NAME_HEIGHT_PX = 16

const NAME = {
  position: 'absolute', bottom: '100%', left: '0', padding: '0 4px', borderRadius: '3px',
  color: '#fff', font: '11px/1.4 system-ui, sans-serif', whiteSpace: 'nowrap'
}

/** A caret with a name, above it or below. */
export const caretMark = (page: Document, { name, color }: Person, box: Box, isNameBelow: boolean): HTMLElement => {
  const line = mark(page, 'unisson-caret', color, color, { ...box, width: 2 })
  const label = page.createElement('span')
  label.className = 'unisson-caret-name'
  label.textContent = name
  Object.assign(label.style, NAME, { backgroundColor: color }, isNameBelow ? { bottom: 'auto', top: '100%' } : {})
  line.append(label)
  return line
}

/** A part of a selection. */
export const selectionMark = (page: Document, { color }: Person, box: Box): HTMLElement =>
  mark(page, 'unisson-selection', color, `color-mix(in srgb, ${color} 25%, transparent)`, box)

const mark = (page: Document, className: string, color: string, backgroundColor: string, { left, top, width, height }: Box): HTMLElement => {
  const element = page.createElement('div')
  element.className = className
  element.style.setProperty('--unisson-person', color)
  Object.assign(element.style, {
    position: 'absolute', left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px`, backgroundColor
  })
  return element
}
