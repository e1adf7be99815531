import init, { initSync } from './wasm/unisson_client.js'

let loaded: Promise<void> | null = null

/**
 * Loads the engine, once; every {@link Doc} needs it. The module lies beside this script unless
 * `source` says where, or is it.
 */
export const load = (source?: string | URL | Response | BufferSource | WebAssembly.Module): Promise<void> => {
  loaded ??= start(source).catch((error: unknown) => {
    // Another attempt may find a network.
    loaded = null
    throw error
  })
  return loaded
}

const start = async (source: Parameters<typeof load>[0]): Promise<void> => {
  if (source !== undefined) {
    await init({ module_or_path: source })
    return
  }
  const url = new URL('./wasm/unisson_client_bg.wasm', import.meta.url)
  if (url.protocol === 'file:') {
    // Node does not fetch files.
    const files = 'node:fs/promises'
    const { readFile } = await import(files) as { readFile: (url: URL) => Promise<Uint8Array<ArrayBuffer>> }
    initSync({ module: await readFile(url) })
    return
  }
  await init({ module_or_path: url })
}
