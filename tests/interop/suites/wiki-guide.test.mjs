//! The guide that comes with the server: there on the first start, in both languages, for everybody.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { skip, withBrowser } from '../harness/editors.mjs'
import { withServer } from '../harness/server.mjs'
import { tokens } from '../harness/spaces.mjs'

const html = async (server, path, language) => {
  const response = await fetch(server.httpUrl + path, { headers: { 'accept-language': language } })
  return { status: response.status, html: await response.text(), headers: response.headers }
}

test('an empty server says what to do first, and its guide is there in both languages', { timeout: 60_000 }, () => withServer({}, async (server) => {
  for (const [language, words] of [['fr', { first: /Il n’y a pas encore d’espace/, title: 'Premiers pas' }], ['en', { first: /There is no space yet/, title: 'First steps' }]]) {
    const home = await html(server, '/', language)
    assert.match(home.html, words.first)
    assert.match(home.html, /href="\.\/-\/guide\/start"/)
    const contents = await html(server, '/-/guide', language)
    const chapters = [...contents.html.matchAll(/href="\.\.\/-\/guide\/([a-z]+)"/g)].map(([, name]) => name)
    assert.equal(new Set(chapters).size, 6)
    assert.ok(contents.html.includes(words.title))
    for (const chapter of chapters) {
      const page = await html(server, `/-/guide/${chapter}`, language)
      assert.equal(page.status, 200, chapter)
      assert.ok(page.html.includes(`<html lang="${language}"`))
      for (const [, link] of page.html.matchAll(/ href="([^"#?][^"]*)"/g)) {
        const { pathname } = new URL(link, `${server.httpUrl}/-/guide/${chapter}`)
        assert.notEqual((await fetch(server.httpUrl + pathname)).status, 404, `${link} in ${chapter}`)
      }
    }
  }
  assert.equal((await html(server, '/-/guide/nothing', 'fr')).status, 404)
}))

test('whoever may see nothing else may read the guide', { timeout: 60_000 }, () => withServer({ tokens }, async (server) => {
  const page = await html(server, '/-/guide/start', 'en')
  assert.equal(page.status, 200)
  assert.match(page.headers.get('cache-control'), /^public/)
  assert.match((await html(server, '/', 'en')).html, /No space here is public/)
}))

test('the guide is for everybody, at any width', { skip, timeout: 90_000 }, () => withServer({}, async (server) => {
  await withBrowser(async (open) => {
    const person = await open(`${server.httpUrl}/healthz`)
    // What looks for faults is a script itself, so those of the pages are kept away one by one.
    await person.page.route('**/*.js', (route) => route.abort())
    for (const [at, chapter] of ['', '/start', '/write', '/invite'].entries()) {
      await person.page.emulateMedia({ colorScheme: at % 2 === 0 ? 'light' : 'dark' })
      await person.page.setViewportSize({ width: at % 2 === 0 ? 320 : 1280, height: 800 })
      await person.page.goto(`${server.httpUrl}/-/guide${chapter}`)
      assert.deepEqual(await person.faults(), [], chapter)
      assert.ok(await person.page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), `${chapter} is not too wide`)
      if (process.env.PICTURES) await person.page.screenshot({ path: `${process.env.PICTURES}/guide${chapter.replace('/', '-')}.png`, fullPage: true })
    }
    // In English by one choice, which is kept.
    await person.page.getByRole('link', { name: 'English' }).click()
    await person.page.getByRole('link', { name: 'Keeping order', exact: true }).click()
    await person.page.getByRole('heading', { name: 'A welcome page first' }).waitFor()
  })
}))
