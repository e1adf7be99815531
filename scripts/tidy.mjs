//! The rules of the tree that no compiler checks.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

const LINES_MAX = 600
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n').filter((file) => file && existsSync(file))
const isCode = (file) => /\.(rs|mjs|ts)$/.test(file)
// This file names what it looks for.
const isText = (file) => !/\.(bin|png|gz|zst|seg|snap|log)$/.test(file) && file !== 'scripts/tidy.mjs'

const rules = [
  { what: 'the path of one machine', where: isText, pattern: /(^|[\s"'`=(:])\/(work|farm|root|home\/[a-z]+)\/[\w.-]/m },
  { what: 'a host that is not the public registry', where: (file) => /package-lock\.json$|Cargo\.lock$|\.npmrc$/.test(file), pattern: /"resolved": "https?:\/\/(?!registry\.npmjs\.org\/)|source = "registry\+(?!https:\/\/github\.com\/rust-lang\/crates\.io-index)/ },
  { what: 'unfinished code', where: isCode, pattern: /\b(todo|unimplemented)!\(|FIXME|#\[ignore|\btest\.(skip|only|todo)\(/ },
  { what: 'a module without its `//!` line', where: (file) => file.endsWith('.rs') && /\/src\//.test(file), pattern: /^(?!\/\/!|#!\[)/ }
]

const lineOf = (text, index) => text.slice(0, index).split('\n').length
const faults = files.flatMap((file) => {
  if (!isText(file)) return []
  const text = readFileSync(file, 'utf8')
  const lines = text.split('\n').length - 1
  const found = rules.filter(({ where }) => where(file)).flatMap(({ what, pattern }) => {
    const match = pattern.exec(text)
    return match ? [`${file}:${lineOf(text, match.index)}: ${what}`] : []
  })
  if (isCode(file) && lines > LINES_MAX) found.push(`${file}: ${lines} lines, one idea takes at most ${LINES_MAX}`)
  return found
})

// A format that the code knows and its page does not is a page that lies.
const formats = [
  { page: 'docs/storage-format.md', code: /^storage\/src\/.*\.rs$/, constant: /const \w*MAGIC\w*: [^=]+= \*?b"([^"\\]+)/g }
]
for (const { page, code, constant } of formats) {
  const text = existsSync(page) ? readFileSync(page, 'utf8') : ''
  for (const file of files.filter((name) => code.test(name))) {
    for (const [, magic] of readFileSync(file, 'utf8').matchAll(constant)) {
      if (!text.includes(magic)) faults.push(`${page}: says nothing of ${JSON.stringify(magic)}, which ${file} writes`)
    }
  }
}

faults.forEach((fault) => console.error(fault))
console.log(`tidy: ${files.length} files looked at, ${faults.length} faults`)
process.exit(faults.length === 0 ? 0 : 1)
