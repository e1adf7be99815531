import type { Both } from '../words.js'

export interface AccessWords {
  intro: (title: string) => string
  above: string
  aboveIntro: string
  onlyRead: (page: string, role: string) => string
  onlyWrite: (page: string, role: string) => string
  lockedAbove: (page: string) => string
  hiddenPage: string
  here: string
  save: string
  who: string
  everybody: string
  anonymous: string
  signedIn: string
  nothing: string
  people: string
  peopleIntro: string
  noPeople: string
  groups: string
  noGroups: string
  name: string
  may: string
  comesFrom: string
  you: string
  inSpace: (role: string) => string
  onPage: (page: string, role: string) => string
  openedHere: string
  until: string
  untilDay: (day: string) => string
  roleOf: (name: string) => string
  untilOf: (name: string) => string
  takeBack: (name: string) => string
  ended: string
  addPerson: string
  addGroup: string
  person: string
  personHelp: string
  group: string
  groupHelp: string
  role: string
  untilHelp: string
  add: string
  granted: (name: string, role: string) => string
  takenBack: (name: string) => string
  links: string
  linksIntro: string
  linksManage: string
  aLink: string
}

export const accessWords: Both<AccessWords> = {
  en: {
    intro: (title) => `What you change here counts at once, for “${title}” and the pages below it, also for those who have them open.`,
    above: 'What comes from above',
    aboveIntro: 'Set on pages above this one; change it there.',
    onlyRead: (page, role) => `“${page}”: only this role and higher ones see it: ${role}.`,
    onlyWrite: (page, role) => `“${page}”: only this role and higher ones write: ${role}.`,
    lockedAbove: (page) => `“${page}” is locked: only facilitators write.`,
    hiddenPage: 'a page that you do not see',
    here: 'On this page',
    save: 'Save',
    who: 'Who may do what here',
    everybody: 'Everybody else',
    anonymous: 'People without an account',
    signedIn: 'Whoever has an account here',
    nothing: 'Does not see it',
    people: 'People',
    peopleIntro: 'What each may do here by themselves. Whoever is in one of the groups below may do what the group may as well.',
    noPeople: 'Nobody has to do with this page by name.',
    groups: 'Groups',
    noGroups: 'No group has to do with this page.',
    name: 'Name',
    may: 'Here',
    comesFrom: 'Where that comes from',
    you: '(you)',
    inSpace: (role) => `in the space: ${role}`,
    onPage: (page, role) => `on “${page}”: ${role}`,
    openedHere: 'on this page:',
    until: 'Until',
    untilDay: (day) => `until ${day}`,
    roleOf: (name) => `What ${name} is on this page`,
    untilOf: (name) => `Until when ${name} has this page`,
    takeBack: (name) => `Take this page back from ${name}`,
    ended: 'ended',
    addPerson: 'Open this page to somebody',
    addGroup: 'Open this page to a group',
    person: 'Id of the person',
    personHelp: 'As your portal knows them, often an e-mail address. They need not be a member of the space.',
    group: 'Name of the group',
    groupHelp: 'As your portal calls it.',
    role: 'Role',
    untilHelp: 'Leave it empty for no end.',
    add: 'Give access',
    granted: (name, role) => `${name} is now ${role} here and below.`,
    takenBack: (name) => `Taken back from ${name}. What they are elsewhere stays.`,
    links: 'Links',
    linksIntro: 'Whoever has one of these comes in as a guest.',
    linksManage: 'Make and revoke links',
    aLink: 'A link without a note'
  },
  fr: {
    intro: (title) => `Ce que vous changez ici compte tout de suite, pour « ${title} » et les pages en dessous, y compris chez ceux qui les ont ouvertes.`,
    above: 'Ce qui vient d’en haut',
    aboveIntro: 'Décidé sur des pages au-dessus de celle-ci : c’est là que cela se change.',
    onlyRead: (page, role) => `« ${page} » : visible seulement à partir du rôle ${role}.`,
    onlyWrite: (page, role) => `« ${page} » : on n’écrit qu’à partir du rôle ${role}.`,
    lockedAbove: (page) => `« ${page} » est verrouillée : seuls les animateurs écrivent.`,
    hiddenPage: 'une page que vous ne voyez pas',
    here: 'Sur cette page',
    save: 'Enregistrer',
    who: 'Qui peut faire quoi ici',
    everybody: 'Tous les autres',
    anonymous: 'Les personnes sans compte',
    signedIn: 'Quiconque a un compte ici',
    nothing: 'Ne la voit pas',
    people: 'Personnes',
    peopleIntro: 'Ce que chacun peut faire ici en son nom propre. Qui est dans un des groupes plus bas peut aussi ce que peut le groupe.',
    noPeople: 'Personne n’a affaire à cette page en son nom propre.',
    groups: 'Groupes',
    noGroups: 'Aucun groupe n’a affaire à cette page.',
    name: 'Nom',
    may: 'Ici',
    comesFrom: 'D’où cela vient',
    you: '(vous)',
    inSpace: (role) => `dans l’espace : ${role}`,
    onPage: (page, role) => `sur « ${page} » : ${role}`,
    openedHere: 'sur cette page :',
    until: 'Jusqu’au',
    untilDay: (day) => `jusqu’au ${day}`,
    roleOf: (name) => `Ce que ${name} est sur cette page`,
    untilOf: (name) => `Jusqu’à quand ${name} a cette page`,
    takeBack: (name) => `Reprendre cette page à ${name}`,
    ended: 'terminé',
    addPerson: 'Ouvrir cette page à une personne',
    addGroup: 'Ouvrir cette page à un groupe',
    person: 'Identifiant de la personne',
    personHelp: 'Tel que votre portail la connaît, souvent une adresse électronique. Elle n’a pas besoin d’être membre de l’espace.',
    group: 'Nom du groupe',
    groupHelp: 'Tel que votre portail l’appelle.',
    role: 'Rôle',
    untilHelp: 'Laissez vide pour ne pas mettre de fin.',
    add: 'Donner l’accès',
    granted: (name, role) => `${name} a maintenant le rôle ${role} ici et en dessous.`,
    takenBack: (name) => `Repris à ${name}. Son rôle ailleurs reste le même.`,
    links: 'Liens',
    linksIntro: 'Qui possède un de ces liens entre comme invité.',
    linksManage: 'Créer et révoquer des liens',
    aLink: 'Un lien sans note'
  }
}
