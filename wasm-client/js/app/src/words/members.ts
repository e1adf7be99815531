import type { Both } from '../words.js'

export interface MembersWords {
  title: string
  intro: string
  members: string
  groups: string
  groupsIntro: string
  person: string
  personHelp: string
  name: string
  nameHelp: string
  role: string
  roleOf: (who: string) => string
  until: string
  untilOf: (who: string) => string
  untilHelp: string
  forever: string
  ended: string
  add: string
  addMember: string
  addGroup: string
  group: string
  groupHelp: string
  removeOf: (who: string) => string
  removing: (who: string) => string
  leaving: string
  you: string
  noMembers: string
  noGroups: string
  added: (who: string) => string
  changed: (who: string, role: string) => string
  removed: (who: string) => string
  hidden: string
  count: (count: number) => string
  search: string
  found: (count: number) => string
  nobody: string
  more: (left: number) => string
  addMany: string
  list: string
  listHelp: string
  addCount: (count: number) => string
  addedMany: (added: number, changed: number) => string
}

const people = (count: number): string => count === 1 ? '1 person' : `${count.toLocaleString('en')} people`
const personnes = (count: number): string => count > 1 ? `${count.toLocaleString('fr')} personnes` : `${count} personne`

export const membersWords: Both<MembersWords> = {
  en: {
    title: 'Members',
    intro: 'Whoever is on this list gets in, and may do what their role says. Changes count at once, also where a page is open.',
    members: 'People',
    groups: 'Groups',
    groupsIntro: 'Everybody of a group of your directory gets its role. Of several roles the highest counts.',
    person: 'Identifier of the person',
    personHelp: 'As your directory or sign-in says it, often an e-mail address.',
    name: 'Name',
    nameHelp: 'To show in this list. You may leave it empty.',
    role: 'Role',
    roleOf: (who) => `Role of ${who}`,
    until: 'Until',
    untilOf: (who) => `Until when ${who} belongs to the space`,
    untilHelp: 'The last day. Empty: without end.',
    forever: 'without end',
    ended: 'over',
    add: 'Add',
    addMember: 'Add a person',
    addGroup: 'Add a group',
    group: 'Name of the group',
    groupHelp: 'Exactly as your directory names it.',
    removeOf: (who) => `Remove ${who}`,
    removing: (who) => `${who} will no longer get in as a member. What they wrote stays.`,
    leaving: 'You will leave this space. Somebody else has to add you again.',
    you: '(you)',
    noMembers: 'Nobody is a member yet. Add the first person below.',
    noGroups: 'No group yet.',
    added: (who) => `${who} belongs to the space now.`,
    changed: (who, role) => `${who} is ${role} now.`,
    removed: (who) => `${who} was removed.`,
    hidden: 'Only people who belong to the space see its members.',
    count: people,
    search: 'Find a person',
    found: (count) => `${people(count)} found.`,
    nobody: 'Nobody of this name. Look for a part of the name or of the identifier.',
    more: (left) => `Show more (${left.toLocaleString('en')} left)`,
    addMany: 'Add several people at once',
    list: 'One person a line',
    listHelp: 'The identifier, then the name if you like, behind a tab, a semicolon or a comma. Two columns copied from a spreadsheet fit.',
    addCount: (count) => count === 0 ? 'Add' : `Add ${people(count)}`,
    addedMany: (added, changed) => `${people(added)} added${changed === 0 ? '' : `, ${people(changed)} changed`}.`
  },
  fr: {
    title: 'Membres',
    intro: 'Les personnes de cette liste peuvent entrer et faire ce que dit leur rôle. Les changements comptent tout de suite, même là où une page est ouverte.',
    members: 'Personnes',
    groups: 'Groupes',
    groupsIntro: 'Toutes les personnes d’un groupe de votre annuaire ont son rôle. De plusieurs rôles, le plus élevé compte.',
    person: 'Identifiant de la personne',
    personHelp: 'Tel que votre annuaire ou la connexion le donne, souvent une adresse électronique.',
    name: 'Nom',
    nameHelp: 'Affiché dans cette liste. Vous pouvez le laisser vide.',
    role: 'Rôle',
    roleOf: (who) => `Rôle de ${who}`,
    until: 'Jusqu’au',
    untilOf: (who) => `Jusqu’à quand ${who} fait partie de l’espace`,
    untilHelp: 'Dernier jour. Vide : sans fin.',
    forever: 'sans fin',
    ended: 'terminé',
    add: 'Ajouter',
    addMember: 'Ajouter une personne',
    addGroup: 'Ajouter un groupe',
    group: 'Nom du groupe',
    groupHelp: 'Exactement comme dans votre annuaire.',
    removeOf: (who) => `Retirer ${who}`,
    removing: (who) => `${who} ne pourra plus entrer comme membre. Ce que cette personne a écrit reste.`,
    leaving: 'Vous allez quitter cet espace. Quelqu’un d’autre devra vous ajouter de nouveau.',
    you: '(vous)',
    noMembers: 'Il n’y a pas encore de membre. Ajoutez la première personne ci-dessous.',
    noGroups: 'Pas encore de groupe.',
    added: (who) => `${who} fait maintenant partie de l’espace.`,
    changed: (who, role) => `${who} est maintenant ${role}.`,
    removed: (who) => `${who} a été retiré.`,
    hidden: 'Seules les personnes qui font partie de l’espace voient ses membres.',
    count: personnes,
    search: 'Chercher une personne',
    found: (count) => `${personnes(count)} ${count > 1 ? 'trouvées' : 'trouvée'}.`,
    nobody: 'Personne de ce nom. Cherchez une partie du nom ou de l’identifiant.',
    more: (left) => `Afficher la suite (${left.toLocaleString('fr')} de plus)`,
    addMany: 'Ajouter plusieurs personnes à la fois',
    list: 'Une personne par ligne',
    listHelp: 'L’identifiant, puis le nom si vous voulez, après une tabulation, un point-virgule ou une virgule. Deux colonnes copiées d’un tableur conviennent.',
    addCount: (count) => count === 0 ? 'Ajouter' : `Ajouter ${personnes(count)}`,
    addedMany: (added, changed) => `${personnes(added)} ${added > 1 ? 'ajoutées' : 'ajoutée'}${changed === 0 ? '' : `, ${personnes(changed)} ${changed > 1 ? 'modifiées' : 'modifiée'}`}.`
  }
}
