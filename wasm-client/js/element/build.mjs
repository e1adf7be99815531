//! Bundles the editor for browsers into `dist`: entries with stable names, the rest named by content,
//! each file beside its compressed forms. What has not changed is not written: the server, which has
//! these files in it, would be built again.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const out = fileURLToPath(new URL('dist', import.meta.url))
const { outputFiles } = await build({
  entryPoints: ['src/unisson-editor.ts', 'src/page.ts', 'src/page.css'],
  outdir: out,
  bundle: true,
  splitting: true,
  write: false,
  format: 'esm',
  platform: 'browser',
  target: ['es2022', 'chrome109', 'firefox115', 'safari16.4'],
  minify: true,
  legalComments: 'none',
  entryNames: '[name]',
  chunkNames: 'assets/[name]-[hash]',
  logLevel: 'warning'
})

const wanted = new Set()
for (const { path, contents } of outputFiles) {
  const forms = ['', '.br', '.gz'].map((ending) => path + ending)
  forms.forEach((form) => wanted.add(form))
  const isSame = forms.every((form) => existsSync(form)) && readFileSync(path).equals(contents)
  if (isSame) continue
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, contents)
  writeFileSync(`${path}.br`, brotliCompressSync(contents, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }))
  writeFileSync(`${path}.gz`, gzipSync(contents, { level: 9 }))
}
for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath ?? entry.path, entry.name)
  if (entry.isFile() && !wanted.has(path)) rmSync(path)
}
