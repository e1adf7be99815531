import { useCallback } from 'react'

const SERVER = 'https://notes.example.fr'

const fetchToken = async (document) => {
  const answer = await fetch(`/api/unisson-token?document=${encodeURIComponent(document)}`)
  return answer.ok ? answer.text() : null
}

/** A shared document. React 19 hands events and properties to custom elements; no wrapper is needed. */
export const UnissonEditor = ({ document, label, onReady, onDirty, onSaved, onPresence }) => {
  // Before the element's script has come, a property would be taken for an attribute: so by hand.
  const connect = useCallback((element) => {
    if (element !== null) element.tokenProvider = () => fetchToken(document)
  }, [document])
  return (
    <unisson-editor
      ref={connect} key={document} server={SERVER} document={document} aria-label={label}
      onready={onReady} ondirty={onDirty} onsaved={onSaved} onpresence={({ detail }) => onPresence(detail.people)}
    />
  )
}
