import type { Both } from '../words.js'

export type Visibility = 'members' | 'signed-in' | 'public'

export interface SpacesWords {
  mine: string
  open: string
  deleted: string
  none: string
  noneButCreate: string
  favourites: string
  recent: string
  newSpace: string
  name: string
  nameHelp: string
  address: string
  addressHelp: string
  whoGetsIn: string
  visibility: Record<Visibility, string>
  visibilityHelp: Record<Visibility, string>
  create: string
  taken: string
  badAddress: string
  you: (role: string) => string
  filter: string
  guide: string
  model: string
  noModel: string
  modelHelp: string
  unread: (pages: number) => string
}

export const spacesWords: Both<SpacesWords> = {
  en: {
    mine: 'My spaces',
    open: 'Open spaces',
    deleted: 'Deleted spaces',
    none: 'You are not in any space yet. Ask a facilitator to add you, or follow the link that you were sent.',
    noneButCreate: 'There is no space yet. A space is a group of pages with people of its own: a project, a network, a service. Create the first one.',
    favourites: 'My favourites',
    recent: 'Opened last',
    newSpace: 'New space',
    name: 'Name',
    nameHelp: 'What people call it, such as “School canteens”.',
    address: 'Short name in the address',
    addressHelp: 'Lower-case letters, digits and hyphens. It cannot be changed later.',
    whoGetsIn: 'Who gets in?',
    visibility: { members: 'Members only', 'signed-in': 'Everybody who signs in', public: 'Everybody' },
    visibilityHelp: {
      members: 'The people and groups that you add.',
      'signed-in': 'Whoever has an account here reads it; members do what their role says.',
      public: 'Also people without an account, and search engines.'
    },
    create: 'Create the space',
    taken: 'There is a space with this short name already: choose another one.',
    badAddress: 'A short name has 1 to 64 lower-case letters, digits and hyphens.',
    you: (role) => `you: ${role}`,
    filter: 'Find a space',
    guide: 'First steps',
    model: 'Begin like',
    noModel: 'an empty space',
    modelHelp: 'Its pages and what they say are copied, as far as you may read them; not its members.',
    unread: (pages) => pages === 1 ? '1 page changed' : `${pages} pages changed`
  },
  fr: {
    mine: 'Mes espaces',
    open: 'Espaces ouverts',
    deleted: 'Espaces supprimés',
    none: 'Vous ne faites encore partie d’aucun espace. Demandez à un animateur de vous ajouter, ou suivez le lien que vous avez reçu.',
    noneButCreate: 'Il n’y a pas encore d’espace. Un espace est un ensemble de pages avec ses propres membres : un projet, un réseau, un service. Créez le premier.',
    favourites: 'Mes favoris',
    recent: 'Ouvertes récemment',
    newSpace: 'Nouvel espace',
    name: 'Nom',
    nameHelp: 'Comme tout le monde l’appelle, par exemple « Cantines scolaires ».',
    address: 'Nom court dans l’adresse',
    addressHelp: 'Lettres minuscules, chiffres et traits d’union. Il ne pourra plus être changé.',
    whoGetsIn: 'Qui peut entrer ?',
    visibility: { members: 'Les membres seulement', 'signed-in': 'Toute personne connectée', public: 'Tout le monde' },
    visibilityHelp: {
      members: 'Les personnes et les groupes que vous ajoutez.',
      'signed-in': 'Qui a un compte ici peut lire ; les membres font ce que dit leur rôle.',
      public: 'Aussi les personnes sans compte, et les moteurs de recherche.'
    },
    create: 'Créer l’espace',
    taken: 'Un espace porte déjà ce nom court : choisissez-en un autre.',
    badAddress: 'Un nom court a de 1 à 64 lettres minuscules, chiffres et traits d’union.',
    you: (role) => `vous : ${role}`,
    filter: 'Trouver un espace',
    guide: 'Premiers pas',
    model: 'Commencer comme',
    noModel: 'un espace vide',
    modelHelp: 'Ses pages et leur texte sont copiés, pour autant que vous puissiez les lire ; pas ses membres.',
    unread: (pages) => pages === 1 ? '1 page modifiée' : `${pages} pages modifiées`
  }
}
