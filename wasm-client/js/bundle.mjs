//! Bundles entries for browsers into a folder: entries with stable names, the rest named by content,
//! each file beside its compressed forms. What has not changed is not written: the server, which has
//! these files in it, would be built again.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build, transform } from 'esbuild'

const TARGET = ['es2022', 'chrome109', 'firefox115', 'safari16.4']

/** `import css from './a.css' with { type: 'text' }` gives a sheet for shadow trees, made small. */
const sheetsAsText = {
  name: 'sheets-as-text',
  setup (building) {
    building.onLoad({ filter: /\.css$/ }, async ({ path, with: attributes }) => {
      if (attributes.type !== 'text') return null
      const { code } = await transform(readFileSync(path, 'utf8'), { loader: 'css', minify: true, target: TARGET })
      return { contents: code, loader: 'text' }
    })
  }
}

/** Bundles `entryPoints` into `out`, an absolute folder. */
export const bundle = async ({ entryPoints, out }) => {
  const { outputFiles } = await build({
    entryPoints,
    outdir: out,
    bundle: true,
    splitting: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: TARGET,
    minify: true,
    legalComments: 'none',
    entryNames: '[name]',
    chunkNames: 'assets/[name]-[hash]',
    plugins: [sheetsAsText],
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
}
