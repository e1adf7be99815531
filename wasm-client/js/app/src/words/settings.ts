import type { Both } from '../words.js'

export interface SettingsWords {
  title: string
  whoGetsIn: string
  signedInRole: string
  anonymousRole: string
  rolesHelp: string
  saved: string
  onlyOwners: string
  danger: string
  delete: string
  deleteHelp: string
  deleting: (title: string) => string
  deleted: string
  restore: string
  isDeleted: string
  restored: string
}

export const settingsWords: Both<SettingsWords> = {
  en: {
    title: 'Name of the space',
    whoGetsIn: 'Who gets in without being a member?',
    signedInRole: 'What people who sign in may do',
    anonymousRole: 'What people without an account may do',
    rolesHelp: 'Members do what their own role says, where that is more.',
    saved: 'Saved. It counts at once, also where a page is open.',
    onlyOwners: 'Only owners of the space change these.',
    danger: 'Delete the space',
    delete: 'Delete the space',
    deleteHelp: 'Nobody but its owners sees it any more, and open pages close. Nothing is erased: an owner brings it back.',
    deleting: (title) => `“${title}” will be closed to everybody but its owners.`,
    deleted: 'The space is deleted.',
    restore: 'Bring the space back',
    isDeleted: 'This space is deleted: only its owners see it.',
    restored: 'The space is back.'
  },
  fr: {
    title: 'Nom de l’espace',
    whoGetsIn: 'Qui peut entrer sans être membre ?',
    signedInRole: 'Ce que peuvent faire les personnes connectées',
    anonymousRole: 'Ce que peuvent faire les personnes sans compte',
    rolesHelp: 'Les membres font ce que dit leur propre rôle, s’il permet davantage.',
    saved: 'Enregistré. Cela compte tout de suite, même là où une page est ouverte.',
    onlyOwners: 'Seuls les propriétaires de l’espace changent ces réglages.',
    danger: 'Supprimer l’espace',
    delete: 'Supprimer l’espace',
    deleteHelp: 'Plus personne ne le voit, sauf ses propriétaires, et les pages ouvertes se ferment. Rien n’est effacé : un propriétaire peut le restaurer.',
    deleting: (title) => `« ${title} » sera fermé à tout le monde, sauf à ses propriétaires.`,
    deleted: 'L’espace est supprimé.',
    restore: 'Restaurer l’espace',
    isDeleted: 'Cet espace est supprimé : seuls ses propriétaires le voient.',
    restored: 'L’espace est de retour.'
  }
}
