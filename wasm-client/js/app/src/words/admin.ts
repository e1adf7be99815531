import type { Both } from '../words.js'

export interface AdminWords {
  refresh: string
  refreshed: string
  notAdmin: string
  how: string
  sockets: string
  socketsOf: (open: number, max: number) => string
  transports: string
  slow: string
  documents: string
  documentsOf: (open: number, cold: number) => string
  stored: string
  memory: string
  store: string
  health: Record<string, string>
  waiting: string
  waitingOf: (count: number, size: string) => string
  size: string
  measured: (when: string) => string
  queues: string
  queuesOf: (waiting: number, off: number) => string
  lost: string
  uptime: string
  uptimeOf: (days: number, hours: number, minutes: number) => string
  banner: string
  bannerIntro: string
  bannerNow: (text: string) => string
  noBanner: string
  level: string
  levels: Record<'info' | 'warning' | 'danger', string>
  french: string
  english: string
  until: string
  untilHelp: string
  show: string
  takeAway: string
  shown: string
  takenAway: string
  people: string
  peopleIntro: string
  whom: string
  whomHelp: string
  search: string
  nobody: string
  person: string
  page: string
  connection: string
  since: string
  writes: string
  reads: string
  unknown: string
  close: string
  closeOf: (who: string) => string
  closed: string
  keepOut: string
  keepOutOf: (who: string) => string
  keepingOut: (who: string) => string
  keepingOutText: string
  minutes: string
  isOut: (who: string) => string
  kept: string
  keptUntil: string
  nobodyKept: string
  letIn: string
  letInOf: (who: string) => string
  isIn: (who: string) => string
  more: string
  spaces: string
  spacesIntro: string
  noSpaces: string
  space: string
  members: string
  pages: string
  takes: string
  deleted: string
  elsewhere: string
  own: string
  lock: string
  lockIntro: string
  lockSpace: string
  lockPage: string
  doLock: string
  unlock: string
  locked: string
  unlocked: string
}

export const adminWords: Both<AdminWords> = {
  en: {
    refresh: 'Look again',
    refreshed: 'These are the figures of this moment.',
    notAdmin: 'This page is for those who look after the server. Sign in with an account of a group of administrators, or ask the one who runs it.',
    how: 'How the server is doing',
    sockets: 'Connections',
    socketsOf: (open, max) => `${open} of at most ${max}`,
    transports: 'By kind',
    slow: 'Readers that are behind',
    documents: 'Pages open now',
    documentsOf: (open, cold) => `${open}, of which ${cold} at rest`,
    stored: 'Pages and records stored',
    memory: 'Memory of open pages',
    store: 'Store',
    health: {
      ready: 'Works: edits are saved',
      failing: 'The last attempt failed and is being made again',
      full: 'Full: nothing more can be saved',
      stopped: 'Has stopped: the server must be started again'
    },
    waiting: 'Edits waiting to be saved',
    waitingOf: (count, size) => count === 0 ? 'none' : `${count} (${size})`,
    size: 'All pages take',
    measured: (when) => `measured ${when}`,
    queues: 'Messages to other programs',
    queuesOf: (waiting, off) => `${waiting} waiting${off > 0 ? `, ${off} receivers switched off` : ''}`,
    lost: 'Events and lines of the log that were lost',
    uptime: 'Running for',
    uptimeOf: (days, hours, minutes) => `${days > 0 ? `${days} d ` : ''}${hours} h ${minutes} min`,
    banner: 'Banner',
    bannerIntro: 'A line above every page and editor, for example before maintenance. People see it within two minutes.',
    bannerNow: (text) => `Shown now: ${text}`,
    noBanner: 'No banner is shown.',
    level: 'Importance',
    levels: { info: 'Information', warning: 'Warning', danger: 'Alert' },
    french: 'Text in French',
    english: 'Text in English',
    until: 'Until',
    untilHelp: 'Left empty: until you take it away.',
    show: 'Show',
    takeAway: 'Take away',
    shown: 'The banner is shown.',
    takenAway: 'The banner is gone.',
    people: 'Who is connected',
    peopleIntro: 'To this server, by page. Closing a connection loses nothing: the person’s browser comes back by itself. Keeping a person out does keep them out, for as long as you say.',
    whom: 'Person, space or page',
    whomHelp: 'The identifier of a person, or of a space, or the name of a page as spaces/canteen/menus. Left empty: everybody.',
    search: 'Search',
    nobody: 'Nobody is connected there.',
    person: 'Person',
    page: 'Page',
    connection: 'Connection',
    since: 'Since',
    writes: 'writes',
    reads: 'reads',
    unknown: 'not signed in',
    close: 'Close',
    closeOf: (who) => `Close the connection of ${who}`,
    closed: 'The connection is closed. The browser comes back by itself.',
    keepOut: 'Keep out…',
    keepOutOf: (who) => `Keep ${who} out…`,
    keepingOut: (who) => `Keep ${who} out?`,
    keepingOutText: 'Every page that they have open is taken from them at once, on every server. What they wrote stays: history can revert it.',
    minutes: 'For how many minutes',
    isOut: (who) => `${who} is kept out.`,
    kept: 'Kept out now',
    keptUntil: 'until',
    nobodyKept: 'Nobody is kept out.',
    letIn: 'Let in',
    letInOf: (who) => `Let ${who} in`,
    isIn: (who) => `${who} may come in again.`,
    more: 'Show more',
    spaces: 'What spaces take',
    spacesIntro: 'The largest first, with all kept versions.',
    noSpaces: 'There are no spaces yet.',
    space: 'Space',
    members: 'Members',
    pages: 'Pages',
    takes: 'Size',
    deleted: 'deleted',
    elsewhere: 'Documents in no space',
    own: 'What the server keeps for itself',
    lock: 'Lock a page',
    lockIntro: 'Nobody but the facilitators of its space then writes in it, at once and wherever it is open.',
    lockSpace: 'Identifier of the space',
    lockPage: 'Identifier of the page',
    doLock: 'Lock',
    unlock: 'Unlock',
    locked: 'The page is locked.',
    unlocked: 'The page is open for writing again.'
  },
  fr: {
    refresh: 'Actualiser',
    refreshed: 'Voici les chiffres de cet instant.',
    notAdmin: 'Cette page est réservée à celles et ceux qui s’occupent du serveur. Connectez-vous avec un compte d’un groupe d’administration, ou adressez-vous à la personne qui le gère.',
    how: 'État du serveur',
    sockets: 'Connexions',
    socketsOf: (open, max) => `${open} sur ${max} au plus`,
    transports: 'Par type',
    slow: 'Lecteurs en retard',
    documents: 'Pages ouvertes en ce moment',
    documentsOf: (open, cold) => `${open}, dont ${cold} au repos`,
    stored: 'Pages et fiches conservées',
    memory: 'Mémoire des pages ouvertes',
    store: 'Stockage',
    health: {
      ready: 'Fonctionne : les modifications sont enregistrées',
      failing: 'La dernière tentative a échoué, une autre est en cours',
      full: 'Plein : plus rien ne peut être enregistré',
      stopped: 'Arrêté : il faut redémarrer le serveur'
    },
    waiting: 'Modifications en attente d’enregistrement',
    waitingOf: (count, size) => count === 0 ? 'aucune' : `${count} (${size})`,
    size: 'Toutes les pages occupent',
    measured: (when) => `mesuré ${when}`,
    queues: 'Messages à d’autres programmes',
    queuesOf: (waiting, off) => `${waiting} en attente${off > 0 ? `, ${off} destinataires désactivés` : ''}`,
    lost: 'Événements et lignes du journal perdus',
    uptime: 'En marche depuis',
    uptimeOf: (days, hours, minutes) => `${days > 0 ? `${days} j ` : ''}${hours} h ${minutes} min`,
    banner: 'Bandeau',
    bannerIntro: 'Une ligne au-dessus de chaque page et de chaque éditeur, par exemple avant une maintenance. Elle apparaît chez tout le monde en deux minutes au plus.',
    bannerNow: (text) => `Affiché en ce moment : ${text}`,
    noBanner: 'Aucun bandeau n’est affiché.',
    level: 'Importance',
    levels: { info: 'Information', warning: 'Avertissement', danger: 'Alerte' },
    french: 'Texte en français',
    english: 'Texte en anglais',
    until: 'Jusqu’au',
    untilHelp: 'Vide : jusqu’à ce que vous le retiriez.',
    show: 'Afficher',
    takeAway: 'Retirer',
    shown: 'Le bandeau est affiché.',
    takenAway: 'Le bandeau est retiré.',
    people: 'Personnes connectées',
    peopleIntro: 'À ce serveur, page par page. Fermer une connexion ne fait rien perdre : le navigateur revient de lui-même. Écarter une personne la tient réellement dehors, le temps que vous dites.',
    whom: 'Personne, espace ou page',
    whomHelp: 'L’identifiant d’une personne ou d’un espace, ou le nom d’une page comme spaces/cantine/menus. Vide : tout le monde.',
    search: 'Chercher',
    nobody: 'Personne n’y est connecté.',
    person: 'Personne',
    page: 'Page',
    connection: 'Connexion',
    since: 'Depuis',
    writes: 'écrit',
    reads: 'lit',
    unknown: 'non identifié',
    close: 'Fermer',
    closeOf: (who) => `Fermer la connexion de ${who}`,
    closed: 'La connexion est fermée. Le navigateur revient de lui-même.',
    keepOut: 'Écarter…',
    keepOutOf: (who) => `Écarter ${who}…`,
    keepingOut: (who) => `Écarter ${who} ?`,
    keepingOutText: 'Chaque page ouverte lui est retirée aussitôt, sur tous les serveurs. Ce qui a été écrit reste : l’historique permet de l’annuler.',
    minutes: 'Pendant combien de minutes',
    isOut: (who) => `${who} est à l’écart.`,
    kept: 'Personnes écartées en ce moment',
    keptUntil: 'jusqu’à',
    nobodyKept: 'Personne n’est écarté.',
    letIn: 'Laisser revenir',
    letInOf: (who) => `Laisser revenir ${who}`,
    isIn: (who) => `${who} peut revenir.`,
    more: 'Afficher la suite',
    spaces: 'Place occupée par les espaces',
    spacesIntro: 'Les plus gros d’abord, toutes versions conservées comprises.',
    noSpaces: 'Il n’y a pas encore d’espace.',
    space: 'Espace',
    members: 'Membres',
    pages: 'Pages',
    takes: 'Taille',
    deleted: 'supprimé',
    elsewhere: 'Documents hors des espaces',
    own: 'Ce que le serveur garde pour lui-même',
    lock: 'Verrouiller une page',
    lockIntro: 'Seules les animatrices et les animateurs de son espace peuvent alors y écrire, aussitôt et partout où elle est ouverte.',
    lockSpace: 'Identifiant de l’espace',
    lockPage: 'Identifiant de la page',
    doLock: 'Verrouiller',
    unlock: 'Déverrouiller',
    locked: 'La page est verrouillée.',
    unlocked: 'La page peut de nouveau être modifiée.'
  }
}
