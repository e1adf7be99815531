import type { Both } from '../words.js'

export interface OwnWords {
  star: string
  unstar: string
  starred: string
  unstarred: string
  changed: (when: string) => string
  whatChanged: string
  unread: string
  unreadPages: (count: number) => string
  readAll: string
  allRead: string
  progress: (done: number, all: number) => string
  progressName: string
  onlyYours: string
  onlyHere: string
  reset: string
  resetDone: string
  undo: string
}

export const ownWords: Both<OwnWords> = {
  en: {
    star: 'Add to my favourites',
    unstar: 'In my favourites',
    starred: 'The page is one of your favourites.',
    unstarred: 'The page is no longer one of your favourites.',
    changed: (when) => `Changed since you last read it (${when}).`,
    whatChanged: 'See what has changed',
    unread: 'changed since you read it',
    unreadPages: (count) => count === 1 ? 'One page has changed since you read it.' : `${count} pages have changed since you read them.`,
    readAll: 'Mark all as read',
    allRead: 'Everything here counts as read.',
    progress: (done, all) => `${done} of ${all} done`,
    progressName: 'What you have done',
    onlyYours: 'Only you see what you tick, on all your devices.',
    onlyHere: 'Only you see what you tick, in this browser.',
    reset: 'Start again',
    resetDone: 'Nothing is ticked any more.',
    undo: 'Undo'
  },
  fr: {
    star: 'Ajouter à mes favoris',
    unstar: 'Dans mes favoris',
    starred: 'La page est dans vos favoris.',
    unstarred: 'La page n’est plus dans vos favoris.',
    changed: (when) => `Modifiée depuis votre dernière lecture (${when}).`,
    whatChanged: 'Voir ce qui a changé',
    unread: 'modifiée depuis votre lecture',
    unreadPages: (count) => count === 1 ? 'Une page a changé depuis votre lecture.' : `${count} pages ont changé depuis votre lecture.`,
    readAll: 'Tout marquer comme lu',
    allRead: 'Tout ici compte comme lu.',
    progress: (done, all) => `${done} sur ${all} ${done > 1 ? 'faits' : 'fait'}`,
    progressName: 'Ce que vous avez fait',
    onlyYours: 'Vous seul(e) voyez ce que vous cochez, sur tous vos appareils.',
    onlyHere: 'Vous seul(e) voyez ce que vous cochez, dans ce navigateur.',
    reset: 'Recommencer',
    resetDone: 'Plus rien n’est coché.',
    undo: 'Annuler'
  }
}
