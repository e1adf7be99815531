//! Bundles the editor for browsers into `dist`: entries with stable names, the rest named by content,
//! each file beside its compressed forms.

import { rmSync } from 'node:fs'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const out = new URL('dist/', import.meta.url).pathname
rmSync(out, { recursive: true, force: true })
await build({
  entryPoints: ['src/unisson-editor.ts', 'src/page.ts', 'src/page.css'],
  outdir: out,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'browser',
  target: ['es2022', 'chrome109', 'firefox115', 'safari16.4'],
  minify: true,
  legalComments: 'none',
  entryNames: '[name]',
  chunkNames: 'assets/[name]-[hash]',
  logLevel: 'warning'
})

for (const entry of await readdir(out, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue
  const path = join(entry.parentPath ?? entry.path, entry.name)
  const content = await readFile(path)
  await writeFile(`${path}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }))
  await writeFile(`${path}.gz`, gzipSync(content, { level: 9 }))
}
