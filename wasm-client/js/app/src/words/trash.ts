import type { Both } from '../words.js'

export interface TrashWords {
  intro: string
  empty: string
  page: string
  when: string
  restore: string
  restoreOf: (title: string) => string
  restored: (title: string) => string
  under: (title: string) => string
  below: (count: number) => string
  open: string
}

export const trashWords: Both<TrashWords> = {
  en: {
    intro: 'Pages in the trash are hidden from everybody but facilitators, with all that is below them. Nothing is erased: bring back what you need.',
    empty: 'The trash is empty.',
    page: 'Page',
    when: 'Put here',
    restore: 'Bring back',
    restoreOf: (title) => `Bring “${title}” back`,
    restored: (title) => `“${title}” is back where it was.`,
    under: (title) => `below “${title}”`,
    below: (count) => count === 1 ? 'with 1 page below' : `with ${count} pages below`,
    open: 'The page'
  },
  fr: {
    intro: 'Les pages à la corbeille sont cachées à tout le monde sauf aux animateurs, avec tout ce qui est dessous. Rien n’est effacé : restaurez ce qu’il vous faut.',
    empty: 'La corbeille est vide.',
    page: 'Page',
    when: 'Mise ici',
    restore: 'Restaurer',
    restoreOf: (title) => `Restaurer « ${title} »`,
    restored: (title) => `« ${title} » est de retour à sa place.`,
    under: (title) => `sous « ${title} »`,
    below: (count) => count > 1 ? `avec ${count} pages dessous` : 'avec 1 page dessous',
    open: 'La page'
  }
}
