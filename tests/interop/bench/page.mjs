//! How long until somebody can write on a cheap phone: our page beside a page with TipTap, Yjs and a Hocuspocus provider,
//! in one run: `UNISSON_BIN=… node tests/interop/bench/page.mjs`. Compare the rows, not the machines.

import { createServer } from 'node:http'
import { brotliCompressSync } from 'node:zlib'
import { chromium } from 'playwright-core'
import { withServer } from '../harness/server.mjs'
import { done } from '../harness/spaces.mjs'
import { bundle } from '../harness/tiptap.mjs'

const ROUNDS = 5
/** Lighthouse's slow 4G, and a processor four times slower than this one. Chromium does not slow WebSockets down. */
const LINE = { offline: false, latency: 150, downloadThroughput: 1_638_400 / 8, uploadThroughput: 750_000 / 8 }
const SLOWER = 4
const PHONE = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true }

/** A page as teams have them: some 12,000 letters in headings, paragraphs, a list and a table. */
const CONTENT = [
  '# Hygiène en cuisine', '',
  ...Array.from({ length: 12 }, (_, at) => [`## Partie ${at + 1}`, '', 'Avant de commencer, chacun se lave les mains et contrôle son poste de travail. '.repeat(9), '', '- [ ] les mains', '- [ ] le poste', '- [ ] les frigos', ''].join('\n')),
  '| jour | plat | qui |', '|---|---|---|', ...Array.from({ length: 20 }, (_, at) => `| ${at + 1} | soupe | Ann |`), ''
].join('\n')

/** Kept in the page: the moment since the navigation in which the editor has the text and takes keys. */
const watch = (isReady) => `(() => {
  const isReady = ${isReady}
  const look = () => {
    if (isReady()) window.readyMs = performance.now()
    else requestAnimationFrame(look)
  }
  addEventListener('DOMContentLoaded', look)
})()`

const OURS = watch(`() => {
  const editor = document.querySelector('unisson-editor')
  return editor?.session?.synced === true && editor.view?.editable === true && editor.view.dom.textContent.includes('Partie 12')
}`)
const STOCK = watch('() => window.editor?.isEditable === true && window.editor.view.dom.textContent.includes(\'Partie 12\')')

const visit = async (context, address, watching) => {
  const page = await context.newPage()
  const tools = await context.newCDPSession(page)
  let bytes = 0
  tools.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength })
  await tools.send('Network.enable')
  await tools.send('Network.emulateNetworkConditions', LINE)
  await tools.send('Emulation.setCPUThrottlingRate', { rate: SLOWER })
  await page.addInitScript(watching)
  await page.goto(address, { waitUntil: 'commit' })
  const ms = await (await page.waitForFunction(() => window.readyMs, undefined, { timeout: 60_000 })).jsonValue()
  await page.close()
  return { ms, bytes }
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]

/** The stock page, as an application would ship it: minified, and packed as well as can be. */
const withStock = async (url, body) => {
  const script = brotliCompressSync(await bundle('stock', { minify: true }))
  const html = `<!doctype html><html lang="fr"><meta name="viewport" content="width=device-width"><title>TipTap</title><link rel="icon" href="data:,"><main></main><script src="stock.js"></script><script>start(${JSON.stringify(url)}, 'page')</script></html>`
  const site = createServer((request, response) => {
    const isScript = request.url.endsWith('.js')
    response.writeHead(200, {
      'content-type': isScript ? 'text/javascript' : 'text/html; charset=utf-8',
      'cache-control': isScript ? 'public, max-age=31536000, immutable' : 'no-cache',
      ...(isScript ? { 'content-encoding': 'br' } : {})
    })
    response.end(isScript ? script : html)
  })
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve))
  try {
    await body(`http://127.0.0.1:${site.address().port}/`)
  } finally {
    site.closeAllConnections()
    site.close()
  }
}

await withServer({ environment: { UNISSON_INSECURE: 'true' } }, async (server) => {
  const answer = await fetch(`${server.httpUrl}/api/v1/documents/page/content?if=empty`, { method: 'POST', headers: { 'content-type': 'text/markdown' }, body: CONTENT })
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`)
  await done(server, 'GET', '/documents/page', undefined, { shown: null })
  await withStock(`${server.webSocketUrl}/hocuspocus`, async (stock) => {
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
    const pages = { 'our page': [`${server.httpUrl}/d/page`, OURS], 'TipTap, Yjs, Hocuspocus provider': [stock, STOCK] }
    const rows = Object.fromEntries(Object.keys(pages).map((name) => [name, { first: [], again: [], bytes: 0 }]))
    // One after the other in turn: whatever else the machine does meets all of them.
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [name, [address, watching]] of Object.entries(pages)) {
        const context = await browser.newContext(PHONE)
        const first = await visit(context, address, watching)
        const again = await visit(context, address, watching)
        rows[name].first.push(first.ms)
        rows[name].again.push(again.ms)
        rows[name].bytes = first.bytes
        await context.close()
      }
    }
    await browser.close()
    console.table(Object.fromEntries(Object.entries(rows).map(([name, { first, again, bytes }]) => [name, {
      'first visit ms': Math.round(median(first)), 'next visit ms': Math.round(median(again)), 'bytes on the line': bytes
    }])))
  })
})
process.exit()
