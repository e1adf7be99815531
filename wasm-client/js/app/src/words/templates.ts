import type { Both } from '../words.js'

export interface TemplatesWords {
  intro: string
  introAll: string
  empty: string
  emptyAll: string
  emptyForWriters: string
  name: string
  space: string
  offered: string
  offeredOf: (title: string) => string
  inSpace: string
  everywhere: string
  preview: string
  previewOf: (title: string) => string
  previewNote: string
  previewEmpty: string
  tick: { done: string, open: string }
  edit: string
  editOf: (title: string) => string
  remove: (title: string) => string
  removing: (title: string) => string
  removed: (title: string) => string
  undo: string
  changed: (title: string, where: string) => string
  make: string
  makeNew: string
  newTitle: string
  newHelp: string
  begin: string
  makeOf: string
  page: string
  pageHelp: string
  where: string
  offer: string
  made: (title: string) => string
  placeholders: string
  placeholdersIntro: string
  placeholder: string
  becomes: string
  meanings: Array<{ names: string[], text: string }>
  sample: { title: string, author: string, space: string }
}

export const templatesWords: Both<TemplatesWords> = {
  en: {
    intro: 'A new page can begin as one of these: with its text, and with the day and names filled in. The template itself stays as it is.',
    introAll: 'The templates of all spaces that you may read. Those for all spaces are offered wherever somebody makes a page.',
    empty: 'There is no template yet. Write one below, or offer a page that you already have: minutes, a weekly menu, a situation report.',
    emptyAll: 'No space has a template yet. Facilitators make them on the screen “Templates” of their space.',
    emptyForWriters: 'There is no template yet. Facilitators of this space can make one.',
    name: 'Template',
    space: 'Space',
    offered: 'Offered',
    offeredOf: (title) => `Where “${title}” is offered`,
    inSpace: 'in its space',
    everywhere: 'in all spaces',
    preview: 'Preview',
    previewOf: (title) => `How a page begins with “${title}”`,
    previewNote: 'Marked words are filled in when the page is made.',
    previewEmpty: 'This template says nothing yet.',
    tick: { done: 'done', open: 'to do' },
    edit: 'Edit',
    editOf: (title) => `Edit “${title}”`,
    remove: (title) => `Do not offer “${title}” any more`,
    removing: (title) => `“${title}” is not offered any more. The page stays, and so do pages that began as it does.`,
    removed: (title) => `“${title}” is no template any more.`,
    undo: 'Undo',
    changed: (title, where) => `“${title}” is now offered ${where}.`,
    make: 'Make a template',
    makeNew: 'Write a new one',
    newTitle: 'Title',
    newHelp: 'Such as “Minutes” or “Situation report”. You write it on the next page.',
    begin: 'Write the template',
    makeOf: 'Offer a page that is there',
    page: 'Page',
    pageHelp: 'It stays where it is; whoever may read it may begin with it.',
    where: 'Offer it',
    offer: 'Offer as a template',
    made: (title) => `New pages can begin as “${title}”.`,
    placeholders: 'Words that are filled in',
    placeholdersIntro: 'Write them in a template with both pairs of braces. Others are left as they are.',
    placeholder: 'In the template',
    becomes: 'In the new page',
    meanings: [
      { names: ['{{title}}', '{{titre}}'], text: 'the title of the new page' },
      { names: ['{{date}}'], text: 'the day on which it is made, in the language of whoever makes it' },
      { names: ['{{author}}', '{{auteur}}', '{{autrice}}'], text: 'the name of whoever makes it' },
      { names: ['{{space}}', '{{espace}}'], text: 'the name of the space' }
    ],
    sample: { title: 'Title of the new page', author: 'Your name', space: 'Name of the space' }
  },
  fr: {
    intro: 'Une nouvelle page peut commencer comme l’une de celles-ci : avec son texte, le jour et les noms remplis. Le modèle lui-même reste tel quel.',
    introAll: 'Les modèles de tous les espaces que vous pouvez lire. Ceux de tous les espaces sont proposés partout où l’on crée une page.',
    empty: 'Il n’y a pas encore de modèle. Écrivez-en un ci-dessous, ou proposez une page qui existe : un compte rendu, un menu de la semaine, un point de situation.',
    emptyAll: 'Aucun espace n’a encore de modèle. Les animateurs en créent dans l’écran « Modèles » de leur espace.',
    emptyForWriters: 'Il n’y a pas encore de modèle. Les animateurs de cet espace peuvent en créer.',
    name: 'Modèle',
    space: 'Espace',
    offered: 'Proposé',
    offeredOf: (title) => `Où « ${title} » est proposé`,
    inSpace: 'dans son espace',
    everywhere: 'dans tous les espaces',
    preview: 'Aperçu',
    previewOf: (title) => `Comment une page commence avec « ${title} »`,
    previewNote: 'Les mots surlignés sont remplis à la création de la page.',
    previewEmpty: 'Ce modèle ne dit encore rien.',
    tick: { done: 'fait', open: 'à faire' },
    edit: 'Modifier',
    editOf: (title) => `Modifier « ${title} »`,
    remove: (title) => `Ne plus proposer « ${title} »`,
    removing: (title) => `« ${title} » ne sera plus proposé. La page reste, et celles qui ont commencé comme elle aussi.`,
    removed: (title) => `« ${title} » n’est plus un modèle.`,
    undo: 'Annuler',
    changed: (title, where) => `« ${title} » est maintenant proposé ${where}.`,
    make: 'Créer un modèle',
    makeNew: 'En écrire un nouveau',
    newTitle: 'Titre',
    newHelp: 'Par exemple « Compte rendu » ou « Point de situation ». Vous l’écrirez sur la page suivante.',
    begin: 'Écrire le modèle',
    makeOf: 'Proposer une page qui existe',
    page: 'Page',
    pageHelp: 'Elle reste à sa place ; qui peut la lire peut commencer avec elle.',
    where: 'Le proposer',
    offer: 'Proposer comme modèle',
    made: (title) => `De nouvelles pages peuvent commencer comme « ${title} ».`,
    placeholders: 'Les mots qui sont remplis',
    placeholdersIntro: 'Écrivez-les dans un modèle avec leurs doubles accolades. Les autres restent tels quels.',
    placeholder: 'Dans le modèle',
    becomes: 'Dans la nouvelle page',
    meanings: [
      { names: ['{{titre}}', '{{title}}'], text: 'le titre de la nouvelle page' },
      { names: ['{{date}}'], text: 'le jour de sa création, dans la langue de qui la crée' },
      { names: ['{{auteur}}', '{{autrice}}', '{{author}}'], text: 'le nom de qui la crée' },
      { names: ['{{espace}}', '{{space}}'], text: 'le nom de l’espace' }
    ],
    sample: { title: 'Titre de la nouvelle page', author: 'Votre nom', space: 'Nom de l’espace' }
  }
}
