import type { Words } from '../words.js'
import { make } from './dom.js'

interface Field { label: string, value: string, type: 'url' | 'text' }

export interface FormOptions {
  title: string
  fields: Field[]
  /** What the button says that does it. */
  apply: string
  /** Another thing that can be done, such as removing a link. */
  remove?: { label: string, act: () => void }
  /** Says whether the values can be used. */
  act: (values: string[]) => boolean
  closed: () => void
}

let forms = 0

/** Asks for an address and what goes with it. Enter applies, Escape closes. */
export const askFor = (place: HTMLElement, words: Words, options: FormOptions): void => {
  place.querySelector('form')?.remove()
  const id = `unisson-form-${++forms}`
  const problem = make('p', { class: 'problem', id: `${id}-problem`, role: 'alert' })
  const inputs = options.fields.map(({ value, type }, index) => {
    // Addresses are checked by what uses them: `www.example.fr` is fine.
    const input = make('input', { type: 'text', inputmode: type, id: `${id}-${index}`, autocomplete: 'off', spellcheck: 'false' })
    input.value = value
    return input
  })
  const close = (): void => { form.remove(); options.closed() }
  const cancel = make('button', { type: 'button', class: 'quiet' }, words.forms.cancel)
  cancel.addEventListener('click', close)
  const form = make('form', { class: 'form', part: 'form', role: 'dialog', 'aria-label': options.title, novalidate: '' },
    ...options.fields.map(({ label }, index) => make('div', { class: 'field' }, make('label', { for: `${id}-${index}` }, label), inputs[index]!)),
    problem,
    make('div', { class: 'actions' }, make('button', { type: 'submit', class: 'strong' }, options.apply), ...removal(options, close), cancel))
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    if (options.act(inputs.map((input) => input.value))) return close()
    problem.textContent = words.forms.badAddress
    inputs[0]!.setAttribute('aria-invalid', 'true')
    inputs[0]!.setAttribute('aria-describedby', problem.id)
    inputs[0]!.focus()
  })
  form.addEventListener('keydown', (event) => { if (event.key === 'Escape') close() })
  place.append(form)
  inputs[0]!.focus()
}

const removal = ({ remove }: FormOptions, close: () => void): HTMLElement[] => {
  if (remove === undefined) return []
  const button = make('button', { type: 'button' }, remove.label)
  button.addEventListener('click', () => { remove.act(); close() })
  return [button]
}
