//! The reference Hocuspocus server with its default settings: `node hocuspocus.mjs PORT [FILE | URL]`. With a
//! file it keeps documents in SQLite; with the address of a bucket it writes each as one object, when and as its
//! S3 extension does; with neither it keeps them in memory only.

import { Server } from '@hocuspocus/server'

const [port, place] = process.argv.slice(2)

const bucket = async (address) => {
  const { Database } = await import('@hocuspocus/extension-database')
  const object = (name) => `${address}/${encodeURIComponent(name)}.bin`
  return new Database({
    fetch: async ({ documentName }) => {
      const answer = await fetch(object(documentName))
      return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : null
    },
    store: async ({ documentName, state }) => {
      const answer = await fetch(object(documentName), { method: 'PUT', body: state })
      if (!answer.ok) throw new Error(`the bucket answered ${answer.status}`)
    }
  })
}

const database = async (file) => {
  const { SQLite } = await import('@hocuspocus/extension-sqlite')
  return new SQLite({ database: file })
}

const extensions = place === undefined ? [] : [await (/^https?:/.test(place) ? bucket : database)(place)]
const server = new Server({ port: Number(port), address: '127.0.0.1', quiet: true, extensions })
await server.listen()
