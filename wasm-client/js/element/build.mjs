//! Bundles the editor for browsers into `dist`.

import { fileURLToPath } from 'node:url'
import { bundle } from '../bundle.mjs'

await bundle({
  entryPoints: ['src/unisson-editor.ts', 'src/page.ts', 'src/page.css'],
  out: fileURLToPath(new URL('dist', import.meta.url))
})
