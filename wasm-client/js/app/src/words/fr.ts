import type { CommonWords } from '../words.js'

export const french: CommonWords = {
  save: 'Enregistrer',
  cancel: 'Annuler',
  close: 'Fermer',
  remove: 'Retirer',
  retry: 'Réessayer',
  loading: 'Chargement…',
  done: 'C’est fait',
  failed: 'Cela n’a pas fonctionné.',
  refusals: {
    unreachable: 'Le serveur ne répond pas. Rien n’a été modifié : réessayez dans un instant.',
    unauthorized: 'Connectez-vous d’abord.',
    role: 'Votre rôle ici ne permet pas cela.',
    'last-owner': 'Un espace a besoin d’un propriétaire : désignez d’abord quelqu’un d’autre.',
    precondition: 'Quelqu’un vient de modifier cela. Vous en voyez maintenant l’état actuel.',
    'page-place': 'La page ne peut pas aller à cet endroit.',
    'not-in-space': 'Cela n’existe plus.',
    'no-such-space': 'Cet espace n’existe pas, ou vous ne pouvez pas le voir.',
    'space-full': 'L’espace est plein.',
    'too-many-requests': 'Trop de demandes à la fois : réessayez dans un instant.',
    unavailable: 'Le serveur ne peut rien enregistrer pour le moment. Rien n’a été modifié : réessayez dans un instant.',
    busy: 'Le serveur est très occupé : réessayez dans un instant.'
  }
}
