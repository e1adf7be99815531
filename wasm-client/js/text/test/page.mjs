//! A page for editors: jsdom, and what it lacks that editors measure with.

import { JSDOM, VirtualConsole } from 'jsdom'

/** An error in a listener or a frame is an error of the test. */
const virtualConsole = new VirtualConsole()
virtualConsole.on('jsdomError', (error) => { throw error })

const { window } = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true, virtualConsole })
const nothing = { left: 0, right: 0, top: 0, bottom: 0, width: 0, height: 0 }
window.Range.prototype.getClientRects = () => []
window.Range.prototype.getBoundingClientRect = () => nothing
const NAMES = [
  'window', 'Window', 'document', 'navigator', 'Node', 'Element', 'Text', 'Document', 'HTMLElement', 'ShadowRoot',
  'MutationObserver', 'Range', 'DOMParser', 'CSSStyleSheet', 'CSSStyleRule',
  'Event', 'CustomEvent', 'KeyboardEvent', 'InputEvent', 'CompositionEvent'
]
const FUNCTIONS = ['getSelection', 'getComputedStyle', 'requestAnimationFrame', 'cancelAnimationFrame']
for (const name of NAMES) Object.defineProperty(globalThis, name, { value: window[name], configurable: true, writable: true })
for (const name of FUNCTIONS) globalThis[name] = window[name].bind(window)

/** An empty place in the page. */
export const place = () => document.body.appendChild(document.createElement('div'))
export { window }
