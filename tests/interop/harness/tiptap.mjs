//! Pages with TipTap 3: as its documentation has it, and with the project's pair of extensions.

import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))
const modules = fileURLToPath(new URL('../node_modules/', import.meta.url))
const ours = fileURLToPath(new URL('../../../wasm-client/js/', import.meta.url))

const SETUP = {
  stock: `
    import { HocuspocusProvider } from 'hocuspocus-provider-4'
    import Collaboration from '@tiptap/extension-collaboration'
    import * as Y from 'yjs'
    window.start = (url, name) => {
      const document = new Y.Doc()
      const provider = new HocuspocusProvider({ url, name, document, token: 'any' })
      window.isSynced = () => provider.isSynced && !provider.hasUnsyncedChanges
      window.editor = new Editor({ element: place, extensions: [StarterKit.configure({ undoRedo: false }), Collaboration.configure({ document })] })
    }`,
  pair: `
    import { Session } from '${ours}yjs/dist/index.js'
    import { Collaboration, CollaborationCarets } from '${ours}prosemirror/dist/tiptap.js'
    window.start = (url, document) => {
      const session = new Session({ url, document, token: 'any', user: { name: 'Paul' } })
      let isKnown = false
      session.on('synced', (synced) => { isKnown ||= synced })
      window.isSynced = () => session.synced && !session.unsaved
      window.editor = new Editor({ element: place, extensions: [
        StarterKit.configure({ undoRedo: false }),
        Collaboration.configure({ document: session.doc, writable: () => isKnown && !session.readOnly }),
        CollaborationCarets.configure({ awareness: session.awareness, user: { name: 'Paul', color: '#0063cb' } })
      ] })
    }`
}

/** One copy of what both sides of a page import, as an application's own bundler would see to. */
const oneCopy = {
  name: 'one-copy',
  setup (builds) {
    builds.onResolve({ filter: /^(yjs|lib0|y-protocols|prosemirror-[\w-]+|@tiptap\/)/ }, ({ path, pluginData, kind }) =>
      pluginData === 'resolved' ? null : builds.resolve(path, { resolveDir: modules, kind, pluginData: 'resolved' }))
  }
}

/** The script of a page of this kind, `stock` or `pair`; `options` are those of esbuild. */
export const bundle = async (kind, options = {}) => {
  const { outputFiles } = await build({
    stdin: {
      resolveDir: here,
      contents: `
        import { Editor } from '@tiptap/core'
        import StarterKit from '@tiptap/starter-kit'
        const place = document.querySelector('main')
        ${SETUP[kind]}`
    },
    plugins: [oneCopy], bundle: true, write: false, format: 'iife', platform: 'browser', logLevel: 'error', ...options
  })
  return outputFiles[0].text
}

/** The looks of carets, as the package's README gives them. */
const css = /```css\n([^`]+)```/.exec(readFileSync(`${ours}prosemirror/README.md`, 'utf8'))[1]

/** Runs `body` with the address of a page for each kind: `stock` and `pair`. */
export const withTiptap = async (body) => {
  const scripts = { stock: await bundle('stock'), pair: await bundle('pair') }
  const server = createServer((request, response) => {
    const script = /^\/(\w+)\.js$/.exec(request.url)?.[1]
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html; charset=utf-8')
    response.end(script ? scripts[script] : `<!doctype html><html lang="fr"><title>TipTap</title><link rel="icon" href="data:,"><style>${css}</style><main></main><script src="${request.url}.js"></script></html>`)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await body(`http://127.0.0.1:${server.address().port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}
