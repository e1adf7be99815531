//! The licence and source rules of deny.toml for machines without cargo-deny.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const list = /^allow = \[(.*?)\]/ms.exec(readFileSync('deny.toml', 'utf8'))[1]
const allowed = new Set([...list.matchAll(/"([^"]+)"/g)].map((match) => match[1]))
const metadata = JSON.parse(execFileSync(
  'cargo', ['metadata', '--format-version', '1', '--locked', '--all-features'],
  { maxBuffer: 256 * 1024 * 1024 }))

/** Whether one choice of an SPDX expression (an `or` of `and`s, brackets opened up) is allowed. */
const accepts = (expression) => expression
  .replaceAll('/', ' OR ')
  .split(/\s+OR\s+/)
  .some((choice) => choice
    .replaceAll(/[()]/g, '')
    .split(/\s+AND\s+/)
    .every((licence) => allowed.has(licence.trim())))

const faults = metadata.packages.flatMap((crate) => {
  const name = `${crate.name} ${crate.version}`
  if (crate.source === null) return []
  return [
    ...(crate.source.startsWith('registry+') ? [] : [`${name}: from ${crate.source}, not from crates.io`]),
    ...(crate.license && accepts(crate.license) ? [] : [`${name}: licence ${crate.license} is not in deny.toml`])
  ]
})
faults.forEach((fault) => console.error(fault))
console.log(`dependencies: ${metadata.packages.length} crates looked at, ${faults.length} faults`)
process.exit(faults.length === 0 ? 0 : 1)
