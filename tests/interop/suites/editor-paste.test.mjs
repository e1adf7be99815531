//! What people copy elsewhere and paste into `<unisson-editor>`, by the browser's own clipboard.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { skip, withBrowser } from '../harness/editors.mjs'
import { withServer } from '../harness/server.mjs'
import { until } from '../harness/wait.mjs'

const options = { skip, timeout: 120_000 }
const WRITER = readFileSync(new URL('../fixtures/paste/minutes.html', import.meta.url), 'utf8')

/** A page as the web has them: looks by style sheets, and much that is no text. */
const ARTICLE = `<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Les menus</title><style>
  body { font: 18px Georgia, serif; color: #333 } h2 { color: #c00; text-transform: uppercase } .lead { font-weight: 700 }
  .hidden { display: none } .soft { font-style: italic } em { font-style: italic } li::marker { color: red } .gone { text-decoration: line-through }
  table { border-collapse: collapse } td { border: 1px solid }
</style></head><body><nav><a href="/">Accueil</a></nav><article>
  <h2>Les menus de mars</h2>
  <p class="lead">De saison, et de la région.</p>
  <p>On y trouve des <b>lentilles</b>, des <em>poires</em>, <span class="soft">du fromage</span>, plus
     de <span class="gone">frites</span> et <a href="/recettes?page=2" onclick="steal()">les recettes</a>.<span class="hidden">Publicité</span></p>
  <blockquote><p>Merci à toute la cuisine&nbsp;!</p></blockquote>
  <ul><li>Lundi<ol><li>soupe</li><li>poire</li></ol></li><li>Mardi</li></ul>
  <div><div><p>Dans deux boîtes.</p></div></div>
  <pre><code class="language-js">const menu = 'soupe'
  menu.length</code></pre>
  <table><thead><tr><th>Jour</th><th>Plat</th></tr></thead><tbody><tr><td>Lundi</td><td>Soupe</td></tr></tbody></table>
  <button>Partager</button><script>window.hurt = true</script>
  <p>Fin.</p>
</article></body></html>`

/** Copies in a page of another site, as a person would, and pastes at the caret of the editor. */
const copyAndPaste = async (person, address, selector) => {
  const elsewhere = await person.page.context().newPage()
  await elsewhere.goto(address)
  await elsewhere.evaluate((selector) => getSelection().selectAllChildren(document.querySelector(selector)), selector)
  await elsewhere.keyboard.press('Control+c')
  await person.page.bringToFront()
  await person.text.click()
  await person.press('Control+v')
  await elsewhere.close()
}

const withSite = async (body) => {
  const site = createServer(({ url }, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    // An application that is no browser puts its own HTML on the clipboard, as it is.
    response.end(url === '/writer'
      ? `<!doctype html><meta charset="utf-8"><title>Writer</title><p>minutes</p><script>
          addEventListener('copy', (event) => {
            event.clipboardData.setData('text/html', ${JSON.stringify(WRITER).replaceAll('<', '\\u003c')})
            event.clipboardData.setData('text/plain', 'minutes')
            event.preventDefault()
          })</script>`
      : ARTICLE)
  })
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve))
  try {
    // Not the server's own site.
    return await body(`http://localhost:${site.address().port}`)
  } finally {
    site.close()
  }
}

/** The looks that come along are refused by the page's policy, which says so: that is as it should be. */
const onlyLooks = (person) => {
  const others = person.complaints.filter((complaint) => !/inline style/.test(complaint))
  person.complaints.length = 0
  assert.deepEqual(others, [])
}

const pasted = (name, path, selector, check) => test(name, options, () => withSite((site) => withServer({}, (server) => withBrowser(async (open) => {
  const ann = await open(`${server.httpUrl}/d/collage`, { name: 'Anne', permissions: ['clipboard-read', 'clipboard-write'] })
  await ann.synced()
  await copyAndPaste(ann, site + path, selector)
  await until(async () => /Fin/.test(await ann.markdown()), 'it is pasted')
  await ann.saved()
  await check(ann, site)
  // Another person reads the same, and all of it is one step back.
  const bob = await open(`${server.httpUrl}/d/collage`, { name: 'Bilal' })
  await bob.synced()
  assert.equal(await bob.markdown(), await ann.markdown())
  await ann.press('Control+z')
  assert.equal((await ann.markdown()).trim(), '')
  onlyLooks(ann)
}))))

pasted('minutes of LibreOffice Writer keep their structure, and nothing else', '/writer', 'p', async (ann) => {
  assert.equal(await ann.markdown(), `# Compte rendu du comité

**Présents** : *Anne*, Bilal et ~~Chloé~~ Dominique.

Un paragraphe assez long pour que le logiciel le coupe en plusieurs lignes dans le presse-papiers, ce qui ne doit faire ni lignes ni espaces en trop dans la page où il est collé.

## Décisions

- Commander les légumes
  - avant lundi
- Prévenir la cuisine

1. Relire
2. Publier sur [le site](https://www.service-public.fr/)

| Jour | Plat |
| --- | --- |
| Lundi | Soupe **maison** |

Fin du document.
`)
  const html = await ann.ask((editor) => editor.toHTML())
  assert.doesNotMatch(html, /Note à ne pas publier|style=|<font|class="western"/)
  assert.match(html, /<u>Dominique<\/u>/)
  assert.match(html, /<th[^>]*><p>Jour<\/p><\/th>/, 'the first row is a header')
})

pasted('a part of a web page keeps what it says, and not how it looks', '/', 'article', async (ann, site) => {
  assert.equal(await ann.markdown(), `## Les menus de mars

**De saison, et de la région.**

On y trouve des **lentilles**, des *poires*, *du fromage*, plus de ~~frites~~ et [les recettes](${site}/recettes?page=2).

> Merci à toute la cuisine\u00a0!

- Lundi
  1. soupe
  2. poire
- Mardi

Dans deux boîtes.

\`\`\`js
const menu = 'soupe'
  menu.length
\`\`\`

| Jour | Plat |
| --- | --- |
| Lundi | Soupe |

Fin.
`)
  assert.equal(await ann.page.evaluate(() => window.hurt), undefined)
})
