import type { Both } from '../words.js'

export interface CommentsWords {
  comments: string
  open: (count: number) => string
  settled: (count: number) => string
  none: string
  noneFor: string
  onPage: string
  onText: string
  yourComment: string
  help: string
  send: string
  reply: string
  yourReply: (name: string) => string
  settle: string
  reopen: string
  edit: string
  editing: string
  remove: string
  removing: string
  edited: string
  settledBy: (name: string, when: string) => string
  somebody: string
  aboutPage: string
  show: (quote: string) => string
  orphaned: string
  moved: string
  sent: string
  removed: string
  settledNow: string
  reopenedNow: string
  news: string
  selectFirst: string
  people: string
  found: (count: number) => string
}

export const commentsWords: Both<CommentsWords> = {
  fr: {
    comments: 'Commentaires',
    open: (count) => count > 1 ? `${count} fils ouverts` : count === 1 ? '1 fil ouvert' : 'Aucun fil ouvert',
    settled: (count) => count > 1 ? `${count} fils réglés` : '1 fil réglé',
    none: 'Personne n’a encore commenté cette page.',
    noneFor: 'Sélectionnez un passage dans le texte puis « Commenter », ou commentez toute la page. Il n’est pas nécessaire d’avoir le droit d’écrire.',
    onPage: 'Commenter la page',
    onText: 'Commenter le passage sélectionné',
    yourComment: 'Votre commentaire',
    help: '@ et un nom préviennent quelqu’un.',
    send: 'Envoyer',
    reply: 'Répondre',
    yourReply: (name) => `Votre réponse à ${name}`,
    settle: 'Marquer comme réglé',
    reopen: 'Rouvrir',
    edit: 'Modifier',
    editing: 'Modifier votre commentaire',
    remove: 'Supprimer',
    removing: 'Supprimer ce commentaire ? Il ne pourra pas être récupéré.',
    edited: 'modifié',
    settledBy: (name, when) => `Réglé par ${name}, ${when}`,
    somebody: 'Quelqu’un',
    aboutPage: 'Toute la page',
    show: (quote) => `Montrer dans le texte : ${quote}`,
    orphaned: 'Ce passage n’est plus dans le texte.',
    moved: 'Ce passage a été déplacé.',
    sent: 'Commentaire envoyé',
    removed: 'Commentaire supprimé',
    settledNow: 'Fil réglé',
    reopenedNow: 'Fil rouvert',
    news: 'Les commentaires ont changé',
    selectFirst: 'Sélectionnez d’abord un passage dans le texte.',
    people: 'Personnes',
    found: (count) => count > 1 ? `${count} personnes` : count === 1 ? '1 personne' : 'Personne'
  },
  en: {
    comments: 'Comments',
    open: (count) => count === 1 ? '1 open thread' : count === 0 ? 'No open thread' : `${count} open threads`,
    settled: (count) => count === 1 ? '1 settled thread' : `${count} settled threads`,
    none: 'Nobody has commented on this page yet.',
    noneFor: 'Select a part of the text and choose “Comment”, or comment on the whole page. You need no right to write.',
    onPage: 'Comment on the page',
    onText: 'Comment on the selected text',
    yourComment: 'Your comment',
    help: '@ and a name call somebody.',
    send: 'Send',
    reply: 'Reply',
    yourReply: (name) => `Your reply to ${name}`,
    settle: 'Mark as settled',
    reopen: 'Reopen',
    edit: 'Edit',
    editing: 'Edit your comment',
    remove: 'Delete',
    removing: 'Delete this comment? It cannot be brought back.',
    edited: 'edited',
    settledBy: (name, when) => `Settled by ${name}, ${when}`,
    somebody: 'Somebody',
    aboutPage: 'The whole page',
    show: (quote) => `Show in the text: ${quote}`,
    orphaned: 'This part is no longer in the text.',
    moved: 'This part was moved.',
    sent: 'Comment sent',
    removed: 'Comment deleted',
    settledNow: 'Thread settled',
    reopenedNow: 'Thread reopened',
    news: 'The comments have changed',
    selectFirst: 'Select a part of the text first.',
    people: 'People',
    found: (count) => count === 1 ? '1 person' : count === 0 ? 'Nobody' : `${count} people`
  }
}
