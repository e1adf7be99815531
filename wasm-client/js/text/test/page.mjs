//! A page for editors: jsdom, and what it lacks that editors measure with.

import { JSDOM } from 'jsdom'

const { window } = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true })
const nothing = { left: 0, right: 0, top: 0, bottom: 0, width: 0, height: 0 }
window.Range.prototype.getClientRects = () => []
window.Range.prototype.getBoundingClientRect = () => nothing
for (const name of ['window', 'document', 'navigator', 'Node', 'Element', 'Text', 'Document', 'HTMLElement', 'MutationObserver', 'getSelection', 'getComputedStyle', 'requestAnimationFrame', 'cancelAnimationFrame', 'Event', 'CustomEvent', 'KeyboardEvent', 'InputEvent', 'CompositionEvent', 'DOMParser', 'Range', 'CSSStyleSheet', 'CSSStyleRule', 'ShadowRoot', 'innerHeight', 'innerWidth']) {
  Object.defineProperty(globalThis, name, { value: name === 'window' ? window : typeof window[name] === 'function' && /^[a-z]/.test(name) ? window[name].bind(window) : window[name], configurable: true, writable: true })
}

/** An empty place in the page. */
export const place = () => document.body.appendChild(document.createElement('div'))
export { window }
