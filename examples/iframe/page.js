// The frame and this page speak by messages: docs/guide/embed.md lists them all.
const SERVER = new URL('https://notes.example.fr').origin
const frame = document.getElementById('editor')
const state = document.getElementById('state')
const copy = document.getElementById('copy')
const text = document.getElementById('text')
const SAID = { ready: 'ouverte', dirty: 'modifications en cours', saved: 'enregistrée', refused: 'accès refusé' }
const tell = (command, detail) => frame.contentWindow.postMessage({ unisson: 1, command, ...detail }, SERVER)

const token = async () => {
  const answer = await fetch('/api/unisson-token?document=examples/iframe')
  return answer.ok ? answer.text() : null
}

let isDirty = false
addEventListener('message', async ({ source, origin, data }) => {
  // Only that frame, only from that server.
  if (source !== frame.contentWindow || origin !== SERVER || data?.unisson !== 1) return
  if (data.event === 'token-needed') tell('token', { token: await token() })
  if (data.event === 'content') {
    text.hidden = false
    text.textContent = data.markdown
  }
  if (data.event in SAID) state.textContent = SAID[data.event]
  if (data.event === 'ready') copy.disabled = false
  if (data.event === 'dirty') isDirty = true
  if (data.event === 'saved') isDirty = false
})
copy.addEventListener('click', () => tell('content', { id: 1 }))
addEventListener('beforeunload', (event) => { if (isDirty) event.preventDefault() })
