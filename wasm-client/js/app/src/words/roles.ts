/** What people are in a space, in plain words. */
import type { Both } from '../words.js'
import type { Role } from '../tree.js'

export interface RoleWords {
  names: Record<Role, string>
  /** What somebody may do, as a sentence. */
  may: Record<Role, string>
  about: string
}

export const roleWords: Both<RoleWords> = {
  en: {
    about: 'Who may do what?',
    names: { guest: 'Guest', reader: 'Reader', commenter: 'Commenter', editor: 'Editor', facilitator: 'Facilitator', owner: 'Owner' },
    may: {
      guest: 'Sees only the pages that were opened for them, one by one.',
      reader: 'Reads all pages that are not restricted, and sees who belongs to the space.',
      commenter: 'Reads and comments.',
      editor: 'Writes pages and creates new ones.',
      facilitator: 'Also looks after the space: arranges, locks and deletes pages, adds members, makes links, undoes damage.',
      owner: 'Does everything: decides who gets in, names owners, deletes the space.'
    }
  },
  fr: {
    about: 'Qui peut faire quoi ?',
    names: { guest: 'Invité', reader: 'Lecteur', commenter: 'Commentateur', editor: 'Rédacteur', facilitator: 'Animateur', owner: 'Propriétaire' },
    may: {
      guest: 'Ne voit que les pages qui lui ont été ouvertes, une par une.',
      reader: 'Lit toutes les pages qui ne sont pas restreintes, et voit qui fait partie de l’espace.',
      commenter: 'Lit et commente.',
      editor: 'Écrit dans les pages et en crée de nouvelles.',
      facilitator: 'Prend aussi soin de l’espace : organise, verrouille et supprime des pages, ajoute des membres, crée des liens, répare les dégâts.',
      owner: 'Peut tout faire : décide de qui peut entrer, nomme des propriétaires, supprime l’espace.'
    }
  }
}
