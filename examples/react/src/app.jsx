import { useState } from 'react'
import { UnissonEditor } from './unisson-editor.jsx'

const PAGES = [['examples/react-agenda', 'Ordre du jour'], ['examples/react-decisions', 'Décisions']]

export const App = () => {
  const [page, setPage] = useState(PAGES[0])
  const [state, setState] = useState('ouverture…')
  const [people, setPeople] = useState([])
  const [document, title] = page
  return (
    <main>
      <nav aria-label="Pages">
        {PAGES.map((other) => (
          <button key={other[0]} type="button" aria-current={other === page ? 'page' : undefined} onClick={() => { setState('ouverture…'); setPage(other) }}>
            {other[1]}
          </button>
        ))}
      </nav>
      <h1>{title}</h1>
      <p>
        <output>{state}</output> · {people.length} {people.length > 1 ? 'personnes' : 'personne'}
      </p>
      <UnissonEditor
        document={document} label={title}
        onReady={() => setState('ouverte')} onDirty={() => setState('modifications en cours')}
        onSaved={() => setState('enregistrée')} onPresence={setPeople}
      />
    </main>
  )
}
