import type { Both } from '../words.js'

export type View = 'changes' | 'then' | 'who' | 'people'

export interface HistoryWords {
  versions: string
  now: string
  unnamed: (when: string) => string
  none: string
  more: string
  nameIt: string
  nameHelp: string
  name: string
  keep: string
  kept: (name: string) => string
  views: Record<View, string>
  viewsLabel: string
  from: string
  to: string
  same: string
  nothingYet: string
  summary: (added: number, removed: number) => string
  restore: string
  restoreThis: (what: string) => string
  restoring: (what: string) => string
  restored: string
  sameAlready: string
  undo: string
  undone: string
  by: (names: string) => string
  somebody: string
  unknown: string
  whoIntro: string
  whoSelected: string
  whoNothing: string
  share: (name: string, percent: number) => string
  show: (name: string) => string
  peopleIntro: string
  peopleNone: string
  sitting: (from: string, until: string) => string
  work: (inserted: number, deleted: number) => string
  revert: string
  revertOf: (name: string, when: string) => string
  reverting: (name: string, from: string, until: string) => string
  revertFrom: string
  revertUntil: string
  reverted: (deleted: number, back: number, lost: number) => string
  revertedNothing: string
  noHistory: string
}

export const historyWords: Both<HistoryWords> = {
  en: {
    versions: 'Versions',
    now: 'The page as it is now',
    unnamed: (when) => `Version of ${when}`,
    none: 'No version yet. One is kept by itself whenever nobody has written for ten minutes; you can keep one now.',
    more: 'Older versions',
    nameIt: 'Keep the page as it is',
    nameHelp: 'A version with a name is kept for ever.',
    name: 'Name, such as “Sent to the mayor”',
    keep: 'Keep',
    kept: (name) => `“${name}” is kept for ever.`,
    views: { changes: 'What changed', then: 'The page then', who: 'Who wrote this', people: 'Who did what' },
    viewsLabel: 'What to show',
    from: 'From',
    to: 'To',
    same: 'Both say the same.',
    nothingYet: 'There is nothing to compare yet: what changes from now on is shown here. Keep the page under a name before a large change.',
    summary: (added, removed) => `${added === 1 ? '1 passage' : `${added} passages`} added, ${removed} removed.`,
    restore: 'Restore this version',
    restoreThis: (what) => `Restore “${what}”`,
    restoring: (what) => `The page will say again what “${what}” says, at once, for everybody who has it open. Nothing is lost: you can undo it.`,
    restored: 'The page says again what it said then.',
    sameAlready: 'The page says that already.',
    undo: 'Undo',
    undone: 'The page is as it was before.',
    by: (names) => `by ${names}`,
    somebody: 'Somebody without a name',
    unknown: 'before authors were noted',
    whoIntro: 'Select a passage to see who wrote it and when.',
    whoSelected: 'The passage that you selected',
    whoNothing: 'Nobody knows who wrote this passage.',
    share: (name, percent) => `${name}: ${percent} %`,
    show: (name) => `Mark what ${name} wrote`,
    peopleIntro: 'Each sitting, and who wrote in it. What one person did can be undone; what others did stays.',
    peopleNone: 'Nobody has written here yet.',
    sitting: (from, until) => from === until ? from : `${from} to ${until}`,
    work: (inserted, deleted) => `${inserted.toLocaleString('en')} characters written, ${deleted.toLocaleString('en')} deleted`,
    revert: 'Undo their changes',
    revertOf: (name, when) => `Undo the changes of ${name}, ${when}`,
    reverting: (name, from, until) => `What ${name} wrote from ${from} to ${until} goes, what they deleted comes back, and what others did stays. You can undo it.`,
    revertFrom: 'From',
    revertUntil: 'Until',
    reverted: (deleted, back, lost) => `Done: ${deleted.toLocaleString('en')} characters taken out, ${back.toLocaleString('en')} put back${lost > 0 ? `; ${lost.toLocaleString('en')} were deleted so long ago that they cannot come back` : ''}.`,
    revertedNothing: 'Nothing of it is left to undo.',
    noHistory: 'This page has no text yet, so it has no history.'
  },
  fr: {
    versions: 'Versions',
    now: 'La page telle qu’elle est',
    unnamed: (when) => `Version du ${when}`,
    none: 'Pas encore de version. Une version est gardée d’elle-même quand personne n’a écrit depuis dix minutes ; vous pouvez en garder une maintenant.',
    more: 'Versions plus anciennes',
    nameIt: 'Garder la page telle qu’elle est',
    nameHelp: 'Une version qui a un nom est gardée pour toujours.',
    name: 'Nom, par exemple « Envoyée au maire »',
    keep: 'Garder',
    kept: (name) => `« ${name} » est gardée pour toujours.`,
    views: { changes: 'Ce qui a changé', then: 'La page à ce moment', who: 'Qui a écrit cela', people: 'Qui a fait quoi' },
    viewsLabel: 'Ce qui est affiché',
    from: 'De',
    to: 'À',
    same: 'Les deux disent la même chose.',
    nothingYet: 'Il n’y a encore rien à comparer : ce qui change à partir de maintenant est montré ici. Avant un grand changement, gardez la page sous un nom.',
    summary: (added, removed) => `${added > 1 ? `${added} passages ajoutés` : `${added} passage ajouté`}, ${removed} ${removed > 1 ? 'supprimés' : 'supprimé'}.`,
    restore: 'Rétablir cette version',
    restoreThis: (what) => `Rétablir « ${what} »`,
    restoring: (what) => `La page dira de nouveau ce que dit « ${what} », tout de suite, pour toutes les personnes qui l’ont ouverte. Rien n’est perdu : vous pourrez l’annuler.`,
    restored: 'La page dit de nouveau ce qu’elle disait alors.',
    sameAlready: 'La page dit déjà cela.',
    undo: 'Annuler',
    undone: 'La page est comme avant.',
    by: (names) => `par ${names}`,
    somebody: 'Quelqu’un sans nom',
    unknown: 'avant que les auteurs soient notés',
    whoIntro: 'Sélectionnez un passage pour voir qui l’a écrit et quand.',
    whoSelected: 'Le passage sélectionné',
    whoNothing: 'Personne ne sait qui a écrit ce passage.',
    share: (name, percent) => `${name} : ${percent} %`,
    show: (name) => `Marquer ce que ${name} a écrit`,
    peopleIntro: 'Chaque séance, et qui y a écrit. Ce qu’une personne a fait peut être annulé ; ce que les autres ont fait reste.',
    peopleNone: 'Personne n’a encore écrit ici.',
    sitting: (from, until) => from === until ? from : `de ${from} à ${until}`,
    work: (inserted, deleted) => `${inserted.toLocaleString('fr')} caractères écrits, ${deleted.toLocaleString('fr')} supprimés`,
    revert: 'Annuler ses modifications',
    revertOf: (name, when) => `Annuler les modifications de ${name}, ${when}`,
    reverting: (name, from, until) => `Ce que ${name} a écrit du ${from} au ${until} disparaît, ce que cette personne a supprimé revient, et ce que les autres ont fait reste. Vous pourrez l’annuler.`,
    revertFrom: 'Du',
    revertUntil: 'Au',
    reverted: (deleted, back, lost) => `C’est fait : ${deleted.toLocaleString('fr')} caractères retirés, ${back.toLocaleString('fr')} remis${lost > 0 ? ` ; ${lost.toLocaleString('fr')} ont été supprimés il y a trop longtemps pour revenir` : ''}.`,
    revertedNothing: 'Il n’en reste rien à annuler.',
    noHistory: 'Cette page n’a pas encore de texte, donc pas d’historique.'
  }
}
