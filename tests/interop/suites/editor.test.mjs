//! `<unisson-editor>` as people use it: in the server's own page, in a portal's page, in a frame.

import { createServer } from 'node:http'
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { open as openClient } from '../harness/clients.mjs'
import { skip, withBrowser } from '../harness/editors.mjs'
import { withServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

const options = { skip, timeout: 180_000 }
const pictures = process.env.PICTURES

const same = (people, what) => until(async () => {
  const texts = await Promise.all(people.map((person) => person.markdown()))
  return texts.every((text) => text === texts[0])
}, what)

test('two people and a stock client write one page', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const address = `${server.httpUrl}/d/${encodeURIComponent('cantine')}/menus`
  const ann = await open(address, { name: 'Anne Martin' })
  const bob = await open(address, { name: 'Bilal Roy', locale: 'en-GB' })
  await Promise.all([ann.synced(), bob.synced()])
  await ann.text.click()
  await ann.type('# Menus de la semaine')
  await ann.press('Enter')
  await ann.type('Du **lundi** au vendredi.')
  await ann.press('Enter')
  await ann.type('[ ] Commander les légumes')
  await until(async () => (await bob.markdown()).includes('- [ ] Commander les légumes'), 'Bob reads what Anne writes')
  assert.equal(await bob.markdown(), '# Menus de la semaine\n\nDu **lundi** au vendredi.\n\n- [ ] Commander les légumes\n')

  await bob.end()
  await bob.press('Enter')
  await bob.type('Prévenir la cuisine')
  await same([ann, bob], 'both show the same')
  await ann.saved()
  await bob.saved()
  await until(async () => await ann.status() === 'Enregistré' && await bob.status() === 'Saved', 'each reads it in their language')

  // Whoever is there is named, at the caret too.
  await until(async () => (await ann.page.locator('.unisson-caret-name').allTextContents()).includes('Bilal Roy'), 'Anne sees where Bob is')
  assert.equal(await ann.page.locator('unisson-editor .people').getAttribute('aria-label'), '2 personnes sur cette page')

  // Anne takes back what she did, and nothing of what Bob did.
  await ann.text.click()
  await ann.press('Control+z')
  await same([ann, bob], 'undo reaches Bob')
  assert.match(await ann.markdown(), /Prévenir la cuisine/)
  await ann.press('Control+y')

  // A box that is ticked is ticked for all.
  await bob.page.locator('unisson-editor input[type="checkbox"]').first().click()
  await until(async () => (await ann.markdown()).includes('- [x]'), 'Anne sees the tick')

  // The same types as TipTap's: a stock client reads them.
  const stock = openClient('hocuspocus 4', server, 'cantine/menus')
  try {
    await stock.whenSynced()
    const xml = stock.doc.getXmlFragment('default')
    await until(() => xml.toString().includes('<heading level="1">Menus de la semaine</heading>'), 'a stock client reads it')
    assert.match(xml.toString(), /<taskitem checked="true">/)
  } finally {
    stock.destroy()
  }
  if (pictures) {
    await ann.end()
    await ann.page.screenshot({ path: `${pictures}/editor.png` })
    await bob.page.emulateMedia({ colorScheme: 'dark' })
    await bob.page.screenshot({ path: `${pictures}/editor-dark.png` })
  }
  for (const person of [ann, bob]) assert.deepEqual(await person.faults(), [])
})))

test('the toolbar and the keyboard do the same', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const ann = await open(`${server.httpUrl}/d/outils`, { name: 'Anne' })
  await ann.synced()
  await ann.text.click()
  await ann.type('mot')
  await ann.press('Control+a')
  await ann.tool('Gras').click()
  assert.equal(await ann.tool('Gras').getAttribute('aria-pressed'), 'true')
  assert.equal(await ann.markdown(), '**mot**\n')
  await ann.press('Control+b')
  assert.equal(await ann.markdown(), 'mot\n')

  await ann.press('Control+k')
  await ann.type('javascript:alert(1)')
  await ann.press('Enter')
  await until(() => ann.page.locator('unisson-editor .problem').textContent(), 'an address that runs code is refused')
  await ann.page.locator('unisson-editor form input').first().fill('www.service-public.fr')
  await ann.press('Enter')
  assert.equal(await ann.markdown(), '[mot](https://www.service-public.fr)\n')

  await ann.end()
  await ann.press('Enter')
  await ann.tool('Tableau').click()
  await ann.type('Jour')
  await ann.press('Tab')
  await ann.type('Plat')
  await ann.page.locator('unisson-editor').getByRole('button', { name: 'Ligne au-dessous' }).click()
  await until(() => ann.ask((editor) => editor.view.state.doc.child(1).childCount === 4), 'the table has a row more')
  assert.match(await ann.markdown(), /\| Jour \| Plat \|/)

  // One stop for the tab key; arrows within, Escape back to the text.
  await ann.tool('Annuler').focus()
  await ann.press('End')
  await ann.press('Escape')
  assert.equal(await ann.ask((editor) => editor.view.hasFocus()), true)
  if (pictures) await ann.page.screenshot({ path: `${pictures}/table.png` })
  assert.deepEqual(await ann.faults(), [])
})))

test('text of a word processor comes in clean', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const ann = await open(`${server.httpUrl}/d/collage`)
  await ann.synced()
  await ann.text.click()
  await ann.page.evaluate(() => {
    const html = `<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal{color:red}</style></head><body>
      <h1 style="mso-x:1">Compte rendu<o:p></o:p></h1>
      <p class="MsoNormal"><span style="font-weight:bold;font-family:Arial">Présents</span> : tous<script>window.hurt = true</script></p>
      <p class="MsoListParagraph" style="mso-list:l0 level1 lfo1"><span style="mso-list:Ignore">·</span>premier point</p>
      <p class="MsoListParagraph" style="mso-list:l0 level1 lfo1"><span style="mso-list:Ignore">·</span>second point</p></body></html>`
    const data = new DataTransfer()
    data.setData('text/html', html)
    document.querySelector('unisson-editor').view.dom.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
  })
  await until(async () => (await ann.markdown()).includes('- premier point\n- second point'), 'lists are lists')
  const text = await ann.markdown()
  assert.match(text, /^# Compte rendu/)
  assert.match(text, /\*\*Présents\*\* : tous/)
  assert.equal(await ann.page.evaluate(() => window.hurt), undefined)
  // The page's policy refuses the looks that came with it, and says so: that is as it should be.
  assert.ok(ann.complaints.every((complaint) => /Applying inline style/.test(complaint)))
  ann.complaints.length = 0
})))

test('what is written while the server is away is kept, and saved when it is back', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const address = `${server.httpUrl}/d/coupure`
  const ann = await open(address, { name: 'Anne' })
  await ann.synced()
  await ann.text.click()
  await ann.type('avant ')
  await ann.saved()
  await server.kill()
  await until(async () => /^Hors ligne/.test(await ann.status()), 'Anne is told', 60_000)
  await ann.type('pendant ')
  await until(async () => await ann.status() === 'Hors ligne : vos modifications sont gardées sur cet appareil', 'and that nothing is lost')
  await server.spawn()
  await ann.saved()
  const bob = await open(address)
  await bob.synced()
  assert.equal(await bob.markdown(), 'avant pendant\n')
})))

test('who may only read cannot write, and sees everything', options, () => withServer({
  tokens: [{ value: 'write', access: 'read-write' }, { value: 'read', access: 'read-only' }]
}, (server) => withBrowser(async (open) => {
  const withToken = async (token, name) => {
    const person = await open(`${server.httpUrl}/d/affiche`, { name })
    await until(() => person.ask((editor) => Boolean(editor.session)), 'the element is there')
    await person.page.evaluate((token) => { document.querySelector('unisson-editor').setAttribute('token', token) }, token)
    await person.ask((editor) => editor.session.connect())
    await person.synced()
    return person
  }
  const ann = await withToken('write', 'Anne')
  const bob = await withToken('read', 'Bilal')
  await ann.text.click()
  await ann.type('Horaires')
  await until(async () => await bob.markdown() === 'Horaires\n', 'Bob reads')
  await until(async () => await bob.status() === 'Lecture seule', 'Bob is told')
  assert.equal(await bob.ask((editor) => editor.readOnly), true)
  await bob.text.click({ force: true })
  await bob.type('xxx')
  assert.equal(await bob.markdown(), 'Horaires\n')
  assert.equal(await bob.page.locator('unisson-editor').getByRole('toolbar').count(), 0)

  const eve = await open(`${server.httpUrl}/d/affiche`)
  await until(async () => await eve.status() === 'Accès refusé', 'who has no token is told')
})))

test('a portal of another origin embeds it by one script tag, and in a frame', options, async () => {
  const portal = createServer((request, response) => {
    const host = portal.unisson
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.setHeader('content-security-policy', `default-src 'none'; script-src ${host} 'nonce-portal'; connect-src ${host} ${host.replace('http', 'ws')}; frame-src ${host}; img-src 'self'`)
    response.end(request.url === '/frame'
      ? `<!doctype html><html lang="fr"><title>Portail</title><iframe title="Page" width="800" height="500" src="${host}/embed/portail"></iframe>
         <script nonce="portal">window.said = []
           addEventListener('message', ({ source, data }) => { said.push(data); if (data.event === 'token-needed') source.postMessage({ unisson: 1, command: 'token', token: 'portal' }, '*') })
         </script></html>`
      : `<!doctype html><html lang="fr"><title>Portail</title><h1>Portail</h1>
         <unisson-editor server="${host}" document="portail" token="portal" name="Portail"></unisson-editor>
         <script type="module" src="${host}/client/unisson-editor.js"></script></html>`)
  })
  await new Promise((resolve) => portal.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${portal.address().port}`
  try {
    await withServer({
      tokens: [{ value: 'portal', access: 'read-write' }],
      environment: { UNISSON_ORIGINS: origin }
    }, (server) => withBrowser(async (open) => {
      portal.unisson = server.httpUrl
      const ann = await open(`${origin}/`)
      await ann.page.waitForFunction(() => document.querySelector('unisson-editor').session?.synced)
      await ann.text.click()
      await ann.type('Bonjour')
      await ann.saved()

      const framed = await open(`${origin}/frame`)
      const frame = framed.page.frames().at(-1)
      await until(() => frame.evaluate(() => document.querySelector('unisson-editor')?.toMarkdown?.() === 'Bonjour\n'), 'the frame shows it, with the portal\'s token')
      await until(() => framed.page.evaluate(() => window.said.some(({ event }) => event === 'ready')), 'the portal is told')
      await framed.page.evaluate(() => document.querySelector('iframe').contentWindow.postMessage({ unisson: 1, command: 'content', id: 7 }, '*'))
      await until(() => framed.page.evaluate(() => window.said.some(({ event, id, markdown }) => event === 'content' && id === 7 && markdown === 'Bonjour\n')), 'the portal gets the content')
      assert.deepEqual(await ann.faults(), [])
    }))
  } finally {
    portal.close()
  }
})

test('the client is served as browsers want it', options, () => withServer({}, async (server) => {
  const entry = await fetch(`${server.httpUrl}/client/unisson-editor.js`, { headers: { 'accept-encoding': 'gzip;q=0.5, br' } })
  assert.equal(entry.headers.get('content-type'), 'text/javascript; charset=utf-8')
  assert.match(entry.headers.get('cache-control'), /must-revalidate/)
  assert.equal(entry.headers.get('content-encoding'), 'br')
  const again = await fetch(`${server.httpUrl}/client/unisson-editor.js`, { headers: { 'accept-encoding': 'br', 'if-none-match': entry.headers.get('etag') } })
  assert.equal(again.status, 304)
  const chunk = /assets\/[\w-]+\.js/.exec(await entry.text())[0]
  const named = await fetch(`${server.httpUrl}/client/${chunk}`, { headers: { 'accept-encoding': 'identity' } })
  assert.match(named.headers.get('cache-control'), /immutable/)
  assert.equal(named.headers.get('content-encoding'), null)
  for (const path of ['/client/../Cargo.toml', '/client/%2e%2e/Cargo.toml', '/client/nothing.js', '/client/unisson-editor.js.br']) {
    assert.equal((await fetch(server.httpUrl + path)).status, 404, path)
  }
  const about = await (await fetch(`${server.httpUrl}/-/about`, { headers: { 'accept-language': 'en' } })).text()
  assert.match(about, /<form action="\.\.\/d">/)
  const sent = await fetch(`${server.httpUrl}/d?document=${encodeURIComponent('équipe/réunion')}`, { redirect: 'manual' })
  assert.equal(new URL(sent.headers.get('location'), `${server.httpUrl}/d`).pathname, '/d/%C3%A9quipe/r%C3%A9union')
  const hostile = await (await fetch(`${server.httpUrl}/d/${encodeURIComponent('"><script>alert(1)</script>')}`)).text()
  assert.ok(!hostile.includes('<script>alert'))
}))
