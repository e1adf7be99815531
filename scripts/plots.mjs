//! Draws bars for docs/performance.md: `node scripts/plots.mjs compare.json docs/performance`.
//! One picture for each scenario: edits seen per server CPU-second, the median of its rounds.

import { readFileSync, writeFileSync } from 'node:fs'

const FIGURE = 'edits seen per server CPU-second'
const [, , source, folder] = process.argv
const { rows } = JSON.parse(readFileSync(source, 'utf8'))

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]
const figureOf = (row) => {
  const values = row.reports.flatMap((report) => report.figures.filter(({ name }) => name === FIGURE).map(({ value }) => value))
  return values.length === 0 ? undefined : median(values)
}

const bar = ({ server, value }, index, largest) => {
  const y = 44 + index * 34
  const width = Math.round((value / largest) * 420)
  const colour = server === 'unisson' ? '#000091' : '#8b8bc0'
  return `  <text x="108" y="${y + 17}" text-anchor="end">${server}</text>
  <rect x="116" y="${y}" width="${width}" height="24" rx="3" fill="${colour}"/>
  <text x="${124 + width}" y="${y + 17}">${Math.round(value).toLocaleString('en')}</text>`
}

const scenarios = [...new Set(rows.map(({ scenario }) => scenario))]
for (const scenario of scenarios) {
  const bars = rows.filter((row) => row.scenario === scenario)
    .map((row) => ({ server: row.server, value: figureOf(row) }))
    .filter(({ value }) => value !== undefined)
  if (bars.length === 0) continue
  const largest = Math.max(...bars.map(({ value }) => value))
  const title = `${scenario}: ${FIGURE}`
  const height = 56 + bars.length * 34
  writeFileSync(`${folder}/${scenario}.svg`, `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="${height}" viewBox="0 0 640 ${height}" role="img" aria-label="${title}" font-family="sans-serif" font-size="14">
  <rect width="640" height="${height}" fill="#fff"/>
  <text x="16" y="26" font-weight="bold">${title}</text>
${bars.map((one, index) => bar(one, index, largest)).join('\n')}
</svg>
`)
  console.log(`${folder}/${scenario}.svg`)
}
