import type { UnissonEditor } from './element.js'

const KEPT = 'unisson-name'

/** The field in which people say what others should call them; kept in this browser. */
export const startName = (editor: UnissonEditor): void => {
  const field = document.querySelector<HTMLInputElement>('#name')
  if (field === null) return
  field.value = nameKept()
  const say = (): void => editor.setAttribute('name', field.value.trim())
  say()
  field.addEventListener('change', () => {
    say()
    try { localStorage.setItem(KEPT, field.value.trim()) } catch { /* Private windows may keep nothing. */ }
  })
}

/** The name that somebody gave before, in this browser. */
export const nameKept = (): string => {
  try { return localStorage.getItem(KEPT) ?? '' } catch { return '' }
}
