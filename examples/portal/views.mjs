//! The portal's pages, put together on the server as strings.

import { withServer } from '../settings.mjs'

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
export const escape = (text) => String(text).replace(/[&<>"']/g, (character) => ESCAPES[character])

const layout = ({ words, title, session, content, scripts = '' }) => withServer(`<!doctype html>
<html lang="${words.lang}">
<head>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)} · ${words.portal}</title>
<link rel="stylesheet" href="/lib/bootstrap.css">
<link rel="stylesheet" href="/portal.css">
</head>
<body>
<nav class="navbar navbar-inverse navbar-static-top" aria-label="${words.portal}">
  <div class="container">
    <a class="navbar-brand" href="/">${words.portal}</a>
    ${session === null
      ? ''
      : `<form class="navbar-form navbar-right" method="post" action="/sign-out">
      <input class="form-control" id="search" type="search" placeholder="${words.search}" aria-label="${words.search}">
      <input type="hidden" name="csrf" value="${session.csrf}">
      <button class="btn btn-default">${words.signOut} (${escape(session.person.name)})</button>
    </form>`}
  </div>
</nav>
<main class="container">
${content}
</main>
<script src="/lib/jquery.js"></script>
<script src="/lib/bootstrap.js"></script>
<script src="/portal.js"></script>
${scripts}
</body>
</html>`)

export const signInPage = (words, people) => layout({
  words,
  title: words.signIn,
  session: null,
  content: `<h1>${words.signIn}</h1>
<form method="post" action="/sign-in" class="form-inline">
  <label for="person">${words.who}</label>
  <select class="form-control" id="person" name="person">${people.map(({ id, name }) => `<option value="${id}">${escape(name)}</option>`).join('')}</select>
  <button class="btn btn-primary">${words.signIn}</button>
</form>`
})

export const homePage = (words, session, pages) => layout({
  words,
  title: words.portal,
  session,
  content: `<h1>${words.portal}</h1>
<ul class="list-group">${[...pages].map(([name, { title }]) => `<li class="list-group-item"><a href="/pages/${name}">${escape(title)}</a></li>`).join('')}</ul>`
})

const publishedLine = (words, { published }) => published === null ? words.unpublished : words.published(escape(published.by), published.at)

/** The editor stands in a form like any other field; what the form sends is its text, once it is saved. */
export const editPage = (words, session, name, page) => layout({
  words,
  title: page.title,
  session,
  content: `<h1>${escape(page.title)}</h1>
<p id="published">${publishedLine(words, page)}</p>
<form id="page" method="post" action="/pages/${name}" data-unsaved="${words.unsaved}" data-saved="${words.allSaved}"
      data-leave="${words.leave}" data-refused="${words.refused}" data-publishing="${words.publishing}">
  <input type="hidden" name="csrf" value="${session.csrf}">
  <input type="hidden" name="markdown">
  <unisson-editor server="https://notes.example.fr" document="portal/${name}" locale="${words.lang}" aria-label="${words.text}"
    theme="light"${session.person.role === 'reader' ? ' access="reader"' : ''}></unisson-editor>
  ${session.person.role === 'reader'
    ? `<p class="alert alert-info">${words.readOnly}</p>`
    : `<p><button class="btn btn-primary" id="publish" disabled>${words.publish}</button>
    <button class="btn btn-default" type="button" data-toggle="modal" data-target="#help">${words.help}</button>
    <span id="state" role="status"></span></p>`}
</form>
<div class="modal fade" id="help" tabindex="-1" role="dialog" aria-label="${words.help}">
  <div class="modal-dialog" role="document"><div class="modal-content"><div class="modal-body">
    <p>${words.helpText}</p>
    <button class="btn btn-default" type="button" data-dismiss="modal">${words.close}</button>
  </div></div></div>
</div>`,
  scripts: `<script src="/editor.js"></script>
<script type="module" src="https://notes.example.fr/client/unisson-editor.js"></script>`
})

export const problemPage = (words, session, text) => layout({ words, title: text, session, content: `<h1>${text}</h1>` })
