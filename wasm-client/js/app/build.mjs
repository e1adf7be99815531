//! Bundles the wiki's components for browsers into `dist`.

import { fileURLToPath } from 'node:url'
import { bundle } from '../bundle.mjs'

await bundle({
  entryPoints: ['src/app.ts', 'src/app.css'],
  out: fileURLToPath(new URL('dist', import.meta.url))
})
