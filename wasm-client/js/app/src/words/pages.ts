import type { Both } from '../words.js'

/** Who a page is for, beside those whom its space lets in. */
export type Access = 'open' | 'write' | 'read'

export interface PagesWords {
  pages: string
  newPage: string
  newPageIn: (title: string) => string
  below: string
  title: string
  titleHelp: string
  create: string
  createAndWrite: string
  open: (title: string) => string
  close: (title: string) => string
  actions: (title: string) => string
  rename: string
  renaming: (title: string) => string
  move: string
  moving: (title: string) => string
  up: string
  down: string
  deeper: string
  out: string
  parent: string
  top: string
  position: string
  first: string
  last: string
  after: (title: string) => string
  trash: string
  trashing: (title: string, below: number) => string
  star: string
  unstar: string
  locked: string
  restricted: string
  empty: string
  emptyForReaders: string
  help: string
  created: (title: string) => string
  renamed: (title: string) => string
  moved: (title: string, parent: string | null, at: number, of: number) => string
  trashed: (title: string) => string
  changed: string
  overtaken: Record<'gone' | 'moved' | 'renamed' | 'cycle', (title: string) => string>
  undo: string
  notThere: string
  favourites: string
  access: string
  accessOf: (title: string) => string
  accessMore: string
  accessChoices: Record<Access, string>
  accessHelp: Record<Access, string>
  lock: string
  lockHelp: string
  accessChanged: (title: string) => string
  begin: string
  beginEmpty: string
  makeTemplate: string
  noTemplate: string
  isTemplate: (title: string) => string
  isNoTemplate: (title: string) => string
}

export const pagesWords: Both<PagesWords> = {
  en: {
    pages: 'Pages',
    newPage: 'New page',
    newPageIn: (title) => `New page below “${title}”`,
    below: 'New page below',
    title: 'Title',
    titleHelp: 'You can change it later; links to the page go on working.',
    create: 'Create',
    createAndWrite: 'Create and write',
    open: (title) => `Show the pages below “${title}”`,
    close: (title) => `Hide the pages below “${title}”`,
    actions: (title) => `What to do with “${title}”`,
    rename: 'Rename',
    renaming: (title) => `Rename “${title}”`,
    move: 'Move…',
    moving: (title) => `Move “${title}”`,
    up: 'Move up',
    down: 'Move down',
    deeper: 'Put below the page before',
    out: 'Take out one level',
    parent: 'Below',
    top: '(at the top)',
    position: 'Place',
    first: 'First',
    last: 'Last',
    after: (title) => `After “${title}”`,
    trash: 'Put in the trash',
    trashing: (title, below) => below === 0
      ? `“${title}” goes to the trash. Facilitators can bring it back.`
      : `“${title}” and ${below === 1 ? 'the page' : `the ${below} pages`} below it go to the trash. Facilitators can bring them back.`,
    star: 'Add to my favourites',
    unstar: 'Remove from my favourites',
    locked: 'locked',
    restricted: 'restricted',
    empty: 'There is no page yet. Create the first one.',
    emptyForReaders: 'There is no page yet.',
    help: 'Arrow keys walk through the pages. Alt+Shift and an arrow key move the page that has the focus.',
    created: (title) => `“${title}” was created.`,
    renamed: (title) => `The page is called “${title}” now.`,
    moved: (title, parent, at, of) => `“${title}” is now ${parent === null ? 'at the top' : `below “${parent}”`}, ${at} of ${of}.`,
    trashed: (title) => `“${title}” is in the trash.`,
    changed: 'Somebody has changed the list of pages.',
    overtaken: {
      gone: (title) => `“${title}” is not there any more: somebody has just moved it to the trash.`,
      moved: (title) => `Somebody has just moved “${title}” elsewhere. You see where it is now.`,
      renamed: (title) => `Somebody has just renamed the page: it is called “${title}” now.`,
      cycle: (title) => `“${title}” cannot go there: that page now lies below it.`
    },
    undo: 'Undo',
    notThere: 'This page is not there any more, or you may not see it.',
    favourites: 'Favourites',
    access: 'Who may read and write…',
    accessOf: (title) => `Who may read and write “${title}”`,
    accessMore: 'People and groups of this page, and where rights come from',
    accessChoices: { open: 'As in the rest of the space', write: 'Only facilitators write', read: 'Only facilitators see it' },
    accessHelp: {
      open: 'Everybody does what their role says.',
      write: 'Others read and comment, here and below.',
      read: 'The page and all below it are hidden from others.'
    },
    lock: 'Locked',
    lockHelp: 'Until it is unlocked nobody but facilitators writes here, whatever else was granted.',
    accessChanged: (title) => `It counts at once for “${title}” and what is below.`,
    begin: 'Begin with',
    beginEmpty: 'an empty page',
    makeTemplate: 'Offer as a template',
    noTemplate: 'No longer offer as a template',
    isTemplate: (title) => `New pages of this space can begin as “${title}” now.`,
    isNoTemplate: (title) => `“${title}” is no template any more.`
  },
  fr: {
    pages: 'Pages',
    newPage: 'Nouvelle page',
    newPageIn: (title) => `Nouvelle page sous « ${title} »`,
    below: 'Nouvelle page dessous',
    title: 'Titre',
    titleHelp: 'Vous pourrez le changer ; les liens vers la page continueront de fonctionner.',
    create: 'Créer',
    createAndWrite: 'Créer et écrire',
    open: (title) => `Afficher les pages sous « ${title} »`,
    close: (title) => `Masquer les pages sous « ${title} »`,
    actions: (title) => `Actions sur « ${title} »`,
    rename: 'Renommer',
    renaming: (title) => `Renommer « ${title} »`,
    move: 'Déplacer…',
    moving: (title) => `Déplacer « ${title} »`,
    up: 'Monter',
    down: 'Descendre',
    deeper: 'Placer sous la page précédente',
    out: 'Sortir d’un niveau',
    parent: 'Sous',
    top: '(en haut)',
    position: 'Place',
    first: 'En premier',
    last: 'En dernier',
    after: (title) => `Après « ${title} »`,
    trash: 'Mettre à la corbeille',
    trashing: (title, below) => below === 0
      ? `« ${title} » va à la corbeille. Les animateurs peuvent la restaurer.`
      : `« ${title} » et ${below === 1 ? 'la page' : `les ${below} pages`} dessous vont à la corbeille. Les animateurs peuvent les restaurer.`,
    star: 'Ajouter à mes favoris',
    unstar: 'Retirer de mes favoris',
    locked: 'verrouillée',
    restricted: 'accès restreint',
    empty: 'Il n’y a pas encore de page. Créez la première.',
    emptyForReaders: 'Il n’y a pas encore de page.',
    help: 'Les flèches parcourent les pages. Alt+Maj et une flèche déplacent la page qui a le focus.',
    created: (title) => `« ${title} » a été créée.`,
    renamed: (title) => `La page s’appelle maintenant « ${title} ».`,
    moved: (title, parent, at, of) => `« ${title} » est maintenant ${parent === null ? 'en haut' : `sous « ${parent} »`}, ${at} sur ${of}.`,
    trashed: (title) => `« ${title} » est à la corbeille.`,
    changed: 'Quelqu’un a modifié la liste des pages.',
    overtaken: {
      gone: (title) => `« ${title} » n’est plus là : quelqu’un vient de la mettre à la corbeille.`,
      moved: (title) => `Quelqu’un vient de déplacer « ${title} » ailleurs. Vous voyez où elle est maintenant.`,
      renamed: (title) => `Quelqu’un vient de renommer la page : elle s’appelle maintenant « ${title} ».`,
      cycle: (title) => `« ${title} » ne peut pas aller là : cette page est maintenant dessous.`
    },
    undo: 'Annuler',
    notThere: 'Cette page n’existe plus, ou vous ne pouvez pas la voir.',
    favourites: 'Favoris',
    access: 'Qui peut lire et écrire…',
    accessOf: (title) => `Qui peut lire et écrire « ${title} »`,
    accessMore: 'Les personnes et groupes de cette page, et d’où viennent les droits',
    accessChoices: { open: 'Comme dans le reste de l’espace', write: 'Seuls les animateurs écrivent', read: 'Seuls les animateurs la voient' },
    accessHelp: {
      open: 'Chaque personne fait ce que dit son rôle.',
      write: 'Les autres lisent et commentent, ici et dessous.',
      read: 'La page et tout ce qui est dessous sont cachés aux autres.'
    },
    lock: 'Verrouillée',
    lockHelp: 'Tant qu’elle est verrouillée, seuls les animateurs y écrivent, quoi qu’on ait accordé par ailleurs.',
    accessChanged: (title) => `Cela compte tout de suite pour « ${title} » et ce qui est dessous.`,
    begin: 'Commencer avec',
    beginEmpty: 'une page vide',
    makeTemplate: 'Proposer comme modèle',
    noTemplate: 'Ne plus proposer comme modèle',
    isTemplate: (title) => `Les nouvelles pages de cet espace peuvent maintenant commencer comme « ${title} ».`,
    isNoTemplate: (title) => `« ${title} » n’est plus un modèle.`
  }
}
