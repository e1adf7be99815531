//! Modules of the app as Node can run them.

import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** A module by its path below `src`. */
export const load = async (path) => {
  const { outputFiles } = await build({ entryPoints: [fileURLToPath(new URL(`../src/${path}`, import.meta.url))], bundle: true, write: false, format: 'esm', platform: 'neutral' })
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`)
}
