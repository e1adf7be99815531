// Counts the instructions that the hot paths take and compares them with benches/instructions.json.
// Unlike time, they hardly differ from run to run, however busy the machine is.
// `node scripts/instructions.mjs [--refresh]`; needs valgrind and says so where it is missing.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'

const TABLE = new URL('../benches/instructions.json', import.meta.url)
const CRATES = ['unisson-protocol', 'unisson-session']
// The difference of two counts leaves out whatever happens once.
const COUNTS = [500, 1500]
// Hash maps of the CRDT library are seeded at random, which is worth a few percent.
const TOLERANCE = 0.08

function run(command, args) {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 })
  if (done.error) throw done.error
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${done.stderr}`)
  return done
}

/** Builds the benchmarks and finds their programs. */
function programs() {
  const packages = CRATES.flatMap(crate => ['-p', crate])
  const built = run('cargo', ['bench', '--no-run', '--locked', '--bench', '*', '--message-format=json', ...packages])
  return built.stdout
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line))
    .filter(message => message.executable && message.target?.kind?.includes('bench'))
    .map(message => [message.target.name, message.executable])
    .sort()
}

function instructions(program, name, count) {
  const args = ['--tool=callgrind', '--callgrind-out-file=/dev/null', program, name, String(count)]
  const collected = /Collected\s*:\s*(\d+)/.exec(run('valgrind', args).stderr)
  if (!collected) throw new Error(`${basename(program)} ${name}: valgrind told no count`)
  return Number(collected[1])
}

function measure() {
  const measured = {}
  for (const [bench, program] of programs()) {
    for (const name of run(program, ['--list']).stdout.trim().split('\n')) {
      const [few, many] = COUNTS.map(count => instructions(program, name, count))
      measured[`${bench}: ${name}`] = Math.round((many - few) / (COUNTS[1] - COUNTS[0]))
    }
  }
  return measured
}

function compare(measured, known) {
  let faults = 0
  for (const name of new Set([...Object.keys(measured), ...Object.keys(known)])) {
    const [now, before] = [measured[name], known[name]]
    const change = now === undefined || before === undefined ? undefined : now / before - 1
    const bad = change === undefined || Math.abs(change) > TOLERANCE
    const told = change === undefined ? 'only on one side' : `${change < 0 ? '' : '+'}${(change * 100).toFixed(1)} %`
    console.log(`${bad ? 'CHANGED' : 'as known'}  ${name.padEnd(54)} ${String(now ?? '-').padStart(9)}  ${told}`)
    faults += bad ? 1 : 0
  }
  return faults
}

if (spawnSync('valgrind', ['--version']).error) {
  console.log('instructions: skipped, valgrind is not installed')
  process.exit(0)
}
const measured = measure()
if (process.argv.includes('--refresh')) {
  writeFileSync(TABLE, `${JSON.stringify(measured, null, 2)}\n`)
  console.log(measured)
} else if (compare(measured, JSON.parse(readFileSync(TABLE, 'utf8'))) > 0) {
  console.log('instructions: a hot path costs more or less than it did; if that is meant, run make bench REFRESH=1')
  process.exit(1)
}
