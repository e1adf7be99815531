//! What the portal says, in both of its languages.

const french = {
  lang: 'fr',
  portal: 'Intranet de la cantine',
  search: 'Rechercher (touche /)',
  signIn: 'Se connecter',
  signOut: 'Se déconnecter',
  who: 'Vous êtes',
  edit: 'Modifier',
  publish: 'Publier',
  publishing: 'Enregistrement en cours…',
  published: (name, time) => `Publié par ${name} à ${time}`,
  unpublished: 'Jamais publié',
  unsaved: 'Des modifications ne sont pas encore enregistrées.',
  allSaved: 'Tout est enregistré.',
  leave: 'Des modifications ne sont pas encore enregistrées. Quitter la page ?',
  refused: 'L’enregistrement a échoué : le texte reste sur cette page.',
  text: 'Texte de la page',
  readOnly: 'Vous pouvez lire cette page, pas la modifier.',
  notFound: 'Cette page n’existe pas.',
  help: 'Aide',
  helpText: 'Écrivez à plusieurs : chacun voit ce que font les autres. Publier copie le texte dans le portail.',
  close: 'Fermer'
}

const english = {
  lang: 'en',
  portal: 'Canteen intranet',
  search: 'Search (key /)',
  signIn: 'Sign in',
  signOut: 'Sign out',
  who: 'You are',
  edit: 'Edit',
  publish: 'Publish',
  publishing: 'Saving…',
  published: (name, time) => `Published by ${name} at ${time}`,
  unpublished: 'Never published',
  unsaved: 'Some changes are not saved yet.',
  allSaved: 'Everything is saved.',
  leave: 'Some changes are not saved yet. Leave the page?',
  refused: 'Saving failed: the text stays on this page.',
  text: 'Text of the page',
  readOnly: 'You may read this page, not change it.',
  notFound: 'There is no such page.',
  help: 'Help',
  helpText: 'Write together: everybody sees what the others do. Publishing copies the text into the portal.',
  close: 'Close'
}

export const wordsFor = (request) => /^\s*en/i.test(request.headers['accept-language'] ?? '') ? english : french
