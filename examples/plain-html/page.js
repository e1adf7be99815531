// The editor asks for a token when it opens, and again before the last one ends.
const editor = document.querySelector('unisson-editor')

editor.tokenProvider = async () => {
  const answer = await fetch(`/api/unisson-token?document=${encodeURIComponent(editor.getAttribute('document'))}`)
  // No token is an answer too: the editor says that access was refused.
  return answer.ok ? answer.text() : null
}
