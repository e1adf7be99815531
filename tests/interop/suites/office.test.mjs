//! Pages as files of Word and LibreOffice: real LibreOffice opens them, and what it saves is read again.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { deflateSync, crc32 } from 'node:zlib'
import { withServer } from '../harness/server.mjs'

const OFFICE = '/usr/bin/soffice'
if (process.env.CI && !existsSync(OFFICE)) throw new Error('LibreOffice is missing: scripts/setup office')
const skip = existsSync(OFFICE) ? false : 'no LibreOffice: scripts/setup office'
const run = promisify(execFile)

/** A picture that every program takes. */
const picture = () => {
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, sum])
  }
  const head = Buffer.from('000000080000000808020000 00'.replaceAll(' ', ''), 'hex')
  const rows = Buffer.alloc(8 * 25, 200)
  for (let row = 0; row < 8; row++) rows[row * 25] = 0
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}

const TEXT = `# Cellule de crise

Bonjour **gras**, *italique*, ~~barré~~, <u>souligné</u>, \`code\` et [un lien](https://example.org/a?b=c).

## Cantine

- premier
  - dedans
    1. profond
- second

3. trois
4. quatre

<!-- -->

- [x] fait
- [ ] à faire

| Jour | Plat |
| --- | --- |
| lundi | soupe |

> Une citation
>
> en deux paragraphes

\`\`\`rust
fn main() {
    println!("<&>");
}
\`\`\`

---

Fin.
`

const content = (server, name, rest = '') => `${server.httpUrl}/api/v1/documents/${encodeURIComponent(name)}/content${rest}`
const types = {
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  odt: 'application/vnd.oasis.opendocument.text'
}

const put = async (server, name, type, body) => {
  const response = await fetch(content(server, name, '?if=empty'), { method: 'POST', headers: { 'content-type': type }, body })
  assert.deepEqual([response.status, (await response.clone().json()).changed], [200, true], await response.text())
}
const markdown = async (server, name) => (await fetch(content(server, name, '?format=markdown'))).text()

/** What LibreOffice makes of a file. */
const converted = async (folder, bytes, from, to) => {
  const file = join(folder, `page.${from}`)
  writeFileSync(file, bytes)
  await run(OFFICE, [`-env:UserInstallation=file://${folder}/profile`, '--headless', '--convert-to', to, '--outdir', folder, file], { timeout: 120_000 })
  return readFileSync(join(folder, `page.${to}`))
}

const withFolder = async (body) => {
  const folder = mkdtempSync(join(tmpdir(), 'unisson-office-'))
  try { await body(folder) } finally { rmSync(folder, { recursive: true, force: true }) }
}

/** A document with everything in it, and a picture of its own. */
const fill = async (server, name) => {
  const added = await fetch(`${server.httpUrl}/api/v1/documents/${encodeURIComponent(name)}/attachments?name=plan.png`, { method: 'POST', body: picture() })
  assert.equal(added.status, 201, await added.clone().text())
  const { address } = await added.json()
  await put(server, name, 'text/markdown', TEXT.replace('Fin.', `![le plan](${address})\n\nFin.`))
}

test('a page comes back from a file of either suite as it was, picture and all', () => withServer({}, async (server) => {
  await fill(server, 'notes/page')
  const before = await markdown(server, 'notes/page')
  for (const format of ['docx', 'odt']) {
    const asked = await fetch(content(server, 'notes/page', `?format=${format}`))
    assert.equal(asked.headers.get('content-type'), types[format])
    const bytes = Buffer.from(await asked.arrayBuffer())
    const known = await fetch(content(server, 'notes/page'), { headers: { accept: types[format], 'if-none-match': asked.headers.get('etag') } })
    assert.equal(known.status, 304)
    await put(server, `copy/${format}`, types[format], bytes)
    const back = await markdown(server, `copy/${format}`)
    assert.equal(back.replace(/attachments\/[^)]*/, 'X'), before.replace(/attachments\/[^)]*/, 'X'), format)
    const address = /attachments\/[^)]*/.exec(back)[0]
    const read = await fetch(new URL(address, content(server, `copy/${format}`)))
    assert.deepEqual(Buffer.from(await read.arrayBuffer()), picture(), format)
  }
  const broken = await fetch(content(server, 'copy/docx'), { method: 'PUT', headers: { 'content-type': types.docx }, body: 'no zip' })
  assert.deepEqual([broken.status, (await broken.json()).code], [422, 'content'])
  assert.notEqual(await markdown(server, 'copy/docx'), '')
}))

test('LibreOffice opens both, and what it saves of them says the same', { skip }, () => withServer({}, (server) => withFolder(async (folder) => {
  await fill(server, 'page')
  for (const [from, to] of [['docx', 'odt'], ['odt', 'docx']]) {
    const bytes = Buffer.from(await (await fetch(content(server, 'page', `?format=${from}`))).arrayBuffer())
    await put(server, `saved/${to}`, types[to], await converted(folder, bytes, from, to))
    const back = await markdown(server, `saved/${to}`)
    for (const line of [
      /^# Cellule de crise$/m, /\*\*gras\*\*/, /\*italique\*/, /~~barré~~/, /<u>souligné<\/u>/, /\[un lien\]\(https:\/\/example\.org\/a\?b=c\)/, /`code`/, /^## Cantine$/m,
      /^- premier\n+ {2}- dedans\n+ {4}1\. profond\n- second$/m, /^\d\. trois\n\d\. quatre$/m, /^- \[x\] fait\n- \[ \] à faire$/m,
      /^\| Jour\s+\| Plat\s+\|$/m, /^\| lundi\s+\| soupe\s+\|$/m, /^> Une citation$/m, /println!\("<&>"\);/, /!\[le plan\]\(attachments\//
    ]) assert.match(back, line, `${from} saved as ${to} by LibreOffice`)
  }
})))
