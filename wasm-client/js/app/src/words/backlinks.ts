import type { Both } from '../words.js'

export interface BacklinksWords {
  intro: string
  empty: string
  more: string
  found: (count: number) => string
}

export const backlinksWords: Both<BacklinksWords> = {
  en: {
    intro: 'Pages that link to this one, as far as you may read them. Look here before you move or delete it.',
    empty: 'No page that you may read links to this one. Type “[[” in another page to make a link.',
    more: 'Show more',
    found: (count) => count === 1 ? '1 page' : `${count} pages`
  },
  fr: {
    intro: 'Les pages qui ont un lien vers celle-ci, parmi celles que vous pouvez lire. À regarder avant de la déplacer ou de la supprimer.',
    empty: 'Aucune page que vous pouvez lire n’a de lien vers celle-ci. Tapez « [[ » dans une autre page pour faire un lien.',
    more: 'Afficher la suite',
    found: (count) => count > 1 ? `${count} pages` : `${count} page`
  }
}
