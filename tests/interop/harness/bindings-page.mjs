//! The script of a page with one editor: ours on either engine, or the one that others use.

import { basicSetup } from 'codemirror'
import { EditorView } from '@codemirror/view'
import { HocuspocusProvider } from 'hocuspocus-provider-3'
import Quill from 'quill'
import snow from 'quill/dist/quill.snow.css'
import QuillCursors from 'quill-cursors'
import { yCollab } from 'y-codemirror.next'
import { QuillBinding } from 'y-quill'
import * as Y from 'yjs'
import { collaboration } from '../../../wasm-client/js/codemirror/dist/index.js'
import { bind as bindQuill } from '../../../wasm-client/js/quill/dist/index.js'
import { bind as bindField } from '../../../wasm-client/js/textarea/dist/index.js'
import { load, Session as WasmSession } from '../../../wasm-client/js/client/dist/index.js'
import { Session as YjsSession } from '../../../wasm-client/js/yjs/dist/index.js'

const place = () => document.querySelector('main')
const style = (text) => document.head.appendChild(document.createElement('style')).append(text)

const sessionFor = async ({ engine, module, ...options }) => {
  if (engine === 'wasm') await load(Uint8Array.from(atob(module), (character) => character.charCodeAt(0)))
  window.session = new (engine === 'wasm' ? WasmSession : YjsSession)(options)
  return window.session
}

const providerFor = ({ url, document: name, token, user }) => {
  const provider = new HocuspocusProvider({ url, name, token, document: new Y.Doc() })
  provider.awareness.setLocalStateField('user', { ...user, colorLight: `${user.color}33` })
  window.session = { get synced () { return provider.synced }, get unsaved () { return provider.hasUnsyncedChanges } }
  return provider
}

const newQuill = () => {
  style(snow)
  if (!Quill.imports['modules/cursors']) Quill.register('modules/cursors', QuillCursors)
  const holder = place().appendChild(document.createElement('div'))
  holder.style.height = '200px'
  return new Quill(holder, { theme: 'snow', modules: { toolbar: [['bold', 'italic', { header: 1 }]], cursors: true } })
}

const EDITORS = {
  codemirror: async (options) => {
    const session = await sessionFor(options)
    const view = new EditorView({ parent: place(), extensions: [basicSetup, collaboration({ session, text: session.text('body') })] })
    window.content = () => view.state.doc.toString()
    window.caret = () => view.state.selection.main.toJSON()
  },
  'codemirror stock': async (options) => {
    const provider = providerFor(options)
    const text = provider.document.getText('body')
    const view = new EditorView({ parent: place(), extensions: [basicSetup, yCollab(text, provider.awareness)] })
    window.content = () => view.state.doc.toString()
  },
  quill: async (options) => {
    const session = await sessionFor(options)
    const quill = newQuill()
    window.binding = bindQuill(quill, { session, text: session.text('body') })
    window.content = () => quill.getText().slice(0, -1)
    window.delta = () => session.text('body').toDelta()
    window.caret = () => ({ ...quill.getSelection() })
  },
  'quill stock': async (options) => {
    const provider = providerFor(options)
    const quill = newQuill()
    window.binding = new QuillBinding(provider.document.getText('body'), quill, provider.awareness)
    window.content = () => quill.getText().slice(0, -1)
    window.delta = () => provider.document.getText('body').toDelta()
  },
  textarea: async (options) => {
    const session = await sessionFor(options)
    const field = place().appendChild(document.createElement('textarea'))
    Object.assign(field.style, { width: '400px', height: '120px', font: '16px/1.5 monospace', padding: '8px' })
    field.setAttribute('aria-label', 'text')
    window.binding = bindField(field, { session, text: session.text('body') })
    window.content = () => field.value
    window.caret = () => ({ anchor: field.selectionStart, head: field.selectionEnd })
  },
  input: async (options) => {
    const session = await sessionFor(options)
    const field = place().appendChild(document.createElement('input'))
    field.setAttribute('aria-label', 'text')
    field.style.width = '400px'
    window.binding = bindField(field, { session, text: session.text('body') })
    window.content = () => field.value
  }
}

window.openEditor = (kind, options) => {
  document.body.replaceChildren(document.createElement('main'))
  Object.assign(place().style, { display: 'block', position: 'relative', margin: '24px', minHeight: '200px' })
  return EDITORS[kind](options)
}
