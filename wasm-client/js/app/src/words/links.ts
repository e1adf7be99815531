import type { Both } from '../words.js'

export interface LinksWords {
  intro: string
  none: string
  label: string
  labelHelp: string
  unnamed: string
  opens: string
  wholeSpace: string
  page: string
  pageHelp: string
  role: string
  roleColumn: string
  until: string
  untilHelp: string
  password: string
  passwordHelp: string
  make: string
  making: string
  made: string
  madeOnce: string
  madePassword: string
  copy: string
  copied: string
  address: string
  revoke: string
  revokeOf: (label: string) => string
  revoking: (label: string) => string
  revoked: string
  ended: string
  endsOn: (day: string) => string
  endless: string
  withPassword: string
  state: string
  hidden: string
  gone: string
}

export const linksWords: Both<LinksWords> = {
  en: {
    intro: 'Whoever has a link gets in without an account and says their name. Give it to people you trust with it, with an end and a password where that matters.',
    none: 'There is no link yet. Make one to let somebody in who has no account here.',
    label: 'What is it for?',
    labelHelp: 'Only people who look after links read this.',
    unnamed: 'Link without a name',
    opens: 'Opens',
    wholeSpace: 'the whole space',
    page: 'What does it open?',
    pageHelp: 'A page opens with all pages below it.',
    role: 'What may guests do?',
    roleColumn: 'Role',
    until: 'Until',
    untilHelp: 'The last day. Empty: until it is revoked.',
    password: 'Password',
    passwordHelp: 'At least 8 characters. Tell it on another way than the link. Empty: no password.',
    make: 'Make the link',
    making: 'A new link',
    made: 'Your link is ready',
    madeOnce: 'It is shown only now: copy it before you close this window.',
    madePassword: 'Whoever opens it needs the password as well.',
    copy: 'Copy the link',
    copied: 'Copied',
    address: 'Address',
    revoke: 'Revoke',
    revokeOf: (label) => `Revoke “${label}”`,
    revoking: (label) => `“${label}” will let nobody in any more. Guests who are in by it are out at once.`,
    revoked: 'The link was revoked: its guests are out.',
    ended: 'over',
    endsOn: (day) => `until ${day}`,
    endless: 'without end',
    withPassword: 'with password',
    state: 'State',
    hidden: 'Only facilitators look after links.',
    gone: 'a page that is not there any more'
  },
  fr: {
    intro: 'Qui a un lien entre sans compte et donne son nom. Donnez-le à des personnes de confiance, avec une fin et un mot de passe si c’est important.',
    none: 'Il n’y a pas encore de lien. Créez-en un pour laisser entrer une personne qui n’a pas de compte ici.',
    label: 'À quoi sert-il ?',
    labelHelp: 'Seules les personnes qui s’occupent des liens le lisent.',
    unnamed: 'Lien sans nom',
    opens: 'Ouvre',
    wholeSpace: 'tout l’espace',
    page: 'Qu’ouvre-t-il ?',
    pageHelp: 'Une page s’ouvre avec toutes les pages dessous.',
    role: 'Que peuvent faire les invités ?',
    roleColumn: 'Rôle',
    until: 'Jusqu’au',
    untilHelp: 'Dernier jour. Vide : jusqu’à ce qu’il soit révoqué.',
    password: 'Mot de passe',
    passwordHelp: 'Au moins 8 caractères. Donnez-le par un autre moyen que le lien. Vide : pas de mot de passe.',
    make: 'Créer le lien',
    making: 'Un nouveau lien',
    made: 'Votre lien est prêt',
    madeOnce: 'Il n’est affiché que maintenant : copiez-le avant de fermer cette fenêtre.',
    madePassword: 'Qui l’ouvre a aussi besoin du mot de passe.',
    copy: 'Copier le lien',
    copied: 'Copié',
    address: 'Adresse',
    revoke: 'Révoquer',
    revokeOf: (label) => `Révoquer « ${label} »`,
    revoking: (label) => `« ${label} » ne laissera plus entrer personne. Les invités entrés par ce lien sortent aussitôt.`,
    revoked: 'Le lien est révoqué : ses invités sont sortis.',
    ended: 'terminé',
    endsOn: (day) => `jusqu’au ${day}`,
    endless: 'sans fin',
    withPassword: 'avec mot de passe',
    state: 'État',
    hidden: 'Seuls les animateurs s’occupent des liens.',
    gone: 'une page qui n’existe plus'
  }
}
