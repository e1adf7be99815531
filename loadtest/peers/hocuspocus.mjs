//! The reference Hocuspocus server with its SQLite extension and its default settings:
//! `node hocuspocus.mjs PORT [FILE]`. Without a file it keeps documents in memory only.

import { Server } from '@hocuspocus/server'
import { SQLite } from '@hocuspocus/extension-sqlite'

const [port, database] = process.argv.slice(2)
const extensions = database === undefined ? [] : [new SQLite({ database })]
const server = new Server({ port: Number(port), address: '127.0.0.1', quiet: true, extensions })
await server.listen()
