/** Choosing a role, and reading what roles may do. */
import { html, type TemplateResult } from 'lit'
import type { Locale } from './words.js'
import { roleWords } from './words/roles.js'
import type { Role } from './tree.js'

/** A list of roles to choose from; the one that counts now is always there. */
export const roleChoice = (
  options: { locale: Locale, roles: Role[], value: Role, name?: string, id?: string, label?: string, disabled?: boolean, changed?: (role: Role) => void }
): TemplateResult => {
  const { locale, roles, value, name = 'role', id = '', label = '', disabled = false, changed } = options
  const offered = roles.includes(value) ? roles : [...roles, value]
  return html`
    <select name=${name} id=${id} aria-label=${label} ?disabled=${disabled} .value=${value}
      @change=${(event: Event) => changed?.((event.currentTarget as HTMLSelectElement).value as Role)}>
      ${offered.map((role) => html`<option value=${role} ?selected=${role === value}>${roleWords[locale].names[role]}</option>`)}
    </select>`
}

/** What each role may do, folded away. */
export const roleGuide = (locale: Locale, roles: Role[]): TemplateResult => {
  const words = roleWords[locale]
  return html`
    <details>
      <summary>${words.about}</summary>
      <dl>${roles.map((role) => html`<dt><strong>${words.names[role]}</strong></dt><dd>${words.may[role]}</dd>`)}</dl>
    </details>`
}

/** The end of a day that somebody chose; null where they chose none. */
export const endOfDay = (day: string): number | null => day === '' ? null : new Date(`${day}T23:59:59`).getTime()

/** A moment as a field for days wants it. */
export const dayOf = (ms: number | null | undefined): string => {
  if (ms === null || ms === undefined) return ''
  const date = new Date(ms)
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`
}
