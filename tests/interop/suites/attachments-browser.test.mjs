//! Files in `<unisson-editor>`, in a real browser: pasted, dropped, chosen; in the server's page and in a portal's with a token.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { skip, withBrowser } from '../harness/editors.mjs'
import { SECRET } from '../harness/portal.mjs'
import { withServer } from '../harness/server.mjs'
import { as, makeSpace, tokens } from '../harness/spaces.mjs'
import { until } from '../harness/wait.mjs'

const options = { skip, timeout: 180_000 }
const pictures = process.env.PICTURES
/** A red square that browsers draw. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP8z4APMOGVHbHSAEEsAROxCnMTAAAAAElFTkSuQmCC'

/** A portal of another origin, whose page says who its visitor is. */
const portal = await new Promise((resolve) => {
  const made = { page: () => '' }
  const server = createServer((request, response) => {
    const token = new URL(request.url, 'http://x').searchParams.get('token')
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(made.page(token ?? '', 'editor'))
  })
  server.listen(0, '127.0.0.1', () => {
    made.origin = `http://127.0.0.1:${server.address().port}`
    server.unref()
    resolve(made)
  })
})

/** Puts a file of the page's making into the text, as the browser does. */
const give = (person, kind, { name, type, base64 }) => person.page.evaluate(([kind, name, type, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
  const transfer = new DataTransfer()
  transfer.items.add(new File([bytes], name, { type }))
  const { view } = document.querySelector('unisson-editor')
  const place = view.dom.getBoundingClientRect()
  view.dom.dispatchEvent(kind === 'paste'
    ? new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true })
    : new DragEvent('drop', { dataTransfer: transfer, clientX: place.left + 60, clientY: place.top + 40, bubbles: true, cancelable: true }))
}, [kind, name, type, base64])

const drawn = (person) => until(() => person.page.evaluate(() => {
  const image = document.querySelector('unisson-editor').shadowRoot.querySelector('.ProseMirror img')
  return image !== null && image.complete && image.naturalWidth === 10
}), 'the picture is drawn')

test('a pasted picture is seen by everybody, and is described; a dropped file is a link', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const address = `${server.httpUrl}/d/cantine/plan`
  const ann = await open(address, { name: 'Anne' })
  const bob = await open(address, { name: 'Bilal', locale: 'en-GB' })
  await Promise.all([ann.synced(), bob.synced()])
  await ann.text.click()
  await ann.type('Le plan :')
  await ann.press('Enter')
  await give(ann, 'paste', { name: 'image.png', type: 'image/png', base64: PNG })
  await drawn(ann)
  await drawn(bob)
  const form = ann.page.locator('unisson-editor form')
  await form.waitFor()
  if (pictures) await ann.page.screenshot({ path: `${pictures}/attachments-describe.png` })
  await form.locator('input').fill('Le plan de la cantine')
  await ann.press('Enter')
  await until(async () => /!\[Le plan de la cantine\]\(attachments\/[0-9a-f]{32}\/image\.png\)/.test(await bob.markdown()), 'Bob gets the description')
  // A large one goes in pieces.
  await give(bob, 'drop', { name: 'Compte rendu.pdf', type: 'application/pdf', base64: Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(1_500_000)]).toString('base64') })
  await until(async () => /\[Compte rendu\.pdf\]\(attachments\/[0-9a-f]{32}\/Compte%20rendu\.pdf\)/.test(await ann.markdown()), 'Anne gets the link')
  // Followed, it is where the server has it, and is offered to be saved under its name.
  const [followed] = await Promise.all([
    ann.page.context().waitForEvent('request', (request) => /\/attachments\/[0-9a-f]{32}\/Compte%20rendu\.pdf$/.test(request.url())),
    ann.page.locator('unisson-editor .ProseMirror a').click({ modifiers: ['Control'] })
  ])
  const offered = await fetch(followed.url())
  assert.match(offered.headers.get('content-disposition'), /^attachment; filename="Compte rendu\.pdf"/)
  await ann.saved()
  if (pictures) await ann.page.screenshot({ path: `${pictures}/attachments.png` })
  assert.deepEqual(await ann.faults(), [])
})))

test('what is not taken says why, in the text, and goes with a click; a server that comes back gets the rest', options, () => withServer({}, (server) => withBrowser(async (open) => {
  const ann = await open(`${server.httpUrl}/d/plan`, { name: 'Anne' })
  await ann.synced()
  await ann.text.click()
  await give(ann, 'paste', { name: 'page.html', type: 'text/html', base64: Buffer.from('<b>x</b>').toString('base64') })
  const failed = ann.page.locator('unisson-editor .upload.failed')
  await failed.waitFor()
  assert.match(await failed.textContent(), /« page\.html » n’a pas été joint : ce type de fichier n’est pas accepté/)
  if (pictures) await ann.page.screenshot({ path: `${pictures}/attachments-refused.png` })
  assert.deepEqual(await ann.faults(), [])
  await failed.getByRole('button').click()
  await until(async () => await failed.count() === 0, 'it is gone')
  // The server goes away in the middle.
  await server.kill()
  await give(ann, 'paste', { name: 'plan.png', type: 'image/png', base64: PNG })
  await ann.page.locator('unisson-editor .upload progress').waitFor()
  await server.spawn()
  await drawn(ann)
})))

test('in a portal\'s page a token is enough, and who only reads adds nothing', options, () => withServer({
  tokens, settings: () => `[auth]\nsecret = ${JSON.stringify(SECRET)}\norigins = [${JSON.stringify(portal.origin)}]\n`
}, async (server) => {
  await makeSpace(server, 'crisis', { ann: 'editor', rita: 'reader' })
  portal.page = (token, access) => `<!doctype html><html lang="fr"><title>Portail</title>
    <meta http-equiv="Content-Security-Policy" content="img-src 'self' ${server.httpUrl}; default-src * 'unsafe-inline'">
    <script type="module" src="${server.httpUrl}/client/unisson-editor.js"></script>
    <unisson-editor server="${server.httpUrl}/" document="spaces/crisis/page" token="${token}" access="${access}" offline="none"></unisson-editor>`
  await withBrowser(async (open) => {
    const ann = await open(`${portal.origin}/?token=${as('ann')}`)
    await ann.synced()
    await ann.text.click()
    await give(ann, 'paste', { name: 'plan.png', type: 'image/png', base64: PNG })
    await drawn(ann)
    await ann.press('Escape')
    await ann.saved()
    const source = await ann.page.evaluate(() => document.querySelector('unisson-editor').shadowRoot.querySelector('img').src)
    assert.match(source, /\/attachments\/[0-9a-f]{32}\/plan\.png\?ticket=\d+\.[0-9a-f]{32}$/)
    assert.ok(!source.includes(as('ann').split('.')[1]))
    const rita = await open(`${portal.origin}/?token=${as('rita')}`)
    await rita.synced()
    await drawn(rita)
    assert.equal(await rita.page.locator('unisson-editor').getByRole('button', { name: 'Joindre un fichier' }).isVisible(), false)
    await give(rita, 'paste', { name: 'other.png', type: 'image/png', base64: PNG })
    assert.equal(await rita.page.locator('unisson-editor .upload').count(), 0)
  })
}))

test('a picture that is copied to another page is shown to who may see it, and says so to others', options, () => withServer({
  tokens, settings: () => `[auth]\nsecret = ${JSON.stringify(SECRET)}\norigins = [${JSON.stringify(portal.origin)}]\n`
}, async (server) => {
  await makeSpace(server, 'crisis', { ann: 'editor' })
  await makeSpace(server, 'news', { ann: 'editor', rita: 'reader' })
  portal.page = (token) => `<!doctype html><html lang="fr"><title>Portail</title>
    <script type="module" src="${server.httpUrl}/client/unisson-editor.js"></script>
    <unisson-editor server="${server.httpUrl}/" document="spaces/crisis/page" token="${token}" offline="none"></unisson-editor>`
  const permissions = ['clipboard-read', 'clipboard-write']
  const turnTo = async (person, document) => {
    await person.page.evaluate((name) => document.querySelector('unisson-editor').setAttribute('document', name), document)
    await until(() => person.ask((editor) => editor.session?.document === editor.getAttribute('document')), 'the other page is opened')
    await person.synced()
  }
  const addresses = (person) => person.ask((editor) => {
    const found = []
    editor.view.state.doc.descendants(({ type, attrs }) => { if (type.name === 'image') found.push(attrs.src) })
    return found
  })
  await withBrowser(async (open) => {
    const ann = await open(`${portal.origin}/?token=${as('ann')}`, { permissions })
    await ann.synced()
    await ann.text.click()
    await give(ann, 'paste', { name: 'plan.png', type: 'image/png', base64: PNG })
    await drawn(ann)
    await ann.press('Escape')
    await ann.saved()
    const [own] = await addresses(ann)
    assert.match(own, /^attachments\/[0-9a-f]{32}\/plan\.png$/)
    await ann.text.click()
    await ann.press('Control+a')
    await until(() => ann.ask((editor) => editor.view.state.selection.to - editor.view.state.selection.from > 0), 'all is selected')
    await ann.press('Control+c')
    // Pasted where it comes from, it is the page's own file.
    await ann.press('Control+v')
    await until(async () => (await addresses(ann)).length > 0, 'it is pasted')
    assert.deepEqual([...new Set(await addresses(ann))], [own])
    await ann.saved()

    await turnTo(ann, 'spaces/news/page')
    await ann.text.click()
    await ann.press('Control+v')
    const whole = `${server.httpUrl}/api/v1/documents/spaces%2Fcrisis%2Fpage/${own}`
    await until(async () => (await addresses(ann))[0] === whole, 'it has its whole address')
    await drawn(ann)
    await ann.saved()

    const rita = await open(`${portal.origin}/?token=${as('rita')}`)
    await turnTo(rita, 'spaces/news/page')
    const missing = rita.page.locator('unisson-editor img.missing')
    await missing.waitFor()
    assert.match(await missing.getAttribute('alt'), /^Cette image ne peut pas être affichée/)
    // Its words are to be seen, too: they take their place.
    await until(async () => (await missing.boundingBox()).width > 300, 'the words are drawn')
    if (pictures) await rita.page.screenshot({ path: `${pictures}/attachments-elsewhere.png` })
  })
}))
