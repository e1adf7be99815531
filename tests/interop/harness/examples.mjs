//! Starts the examples as their readers do, each by its one command.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { until } from './wait.mjs'

const folder = fileURLToPath(new URL('../../../examples', import.meta.url))
export const skip = existsSync(`${folder}/node_modules`) ? false : 'run `scripts/setup examples` first'

/** Runs `body` with the address of an example that speaks to `server`. */
export const withExample = async (name, { port, server, secret }, body) => {
  // A group of its own: npm does not hand signals on to what it has started.
  const child = spawn('npm', ['start', '--silent', '--workspace', name], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PORT: String(port), UNISSON_URL: server.httpUrl, UNISSON_AUTH_SECRET: secret }
  })
  const end = () => { try { process.kill(-child.pid, 'SIGKILL') } catch { /* it has ended */ } }
  process.on('exit', end)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => { said += text })
  try {
    const address = () => /open (http:\S+)/.exec(said)?.[1]
    await until(() => {
      if (child.exitCode !== null) throw new Error(`the example ended:\n${said}`)
      return address()
    }, () => `the example is there:\n${said}`, 60_000, 50)
    return await body(address())
  } finally {
    end()
    process.off('exit', end)
  }
}
