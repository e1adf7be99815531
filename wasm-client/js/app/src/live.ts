/** What screen readers are told, whichever component says it: one region for the whole page. */
const CLASS = 'unisson-live'

/** Says something without moving anybody's focus. */
export const announce = (text: string): void => {
  const region = document.querySelector<HTMLElement>(`.${CLASS}`) ?? make()
  // The same words twice are said twice.
  region.textContent = ''
  setTimeout(() => { region.textContent = text }, 50)
}

const make = (): HTMLElement => {
  const region = document.createElement('div')
  region.className = CLASS
  region.setAttribute('role', 'status')
  region.setAttribute('aria-live', 'polite')
  // A portal has no sheet of ours.
  Object.assign(region.style, { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)', whiteSpace: 'nowrap' })
  document.body.append(region)
  return region
}
