import type { Both } from '../words.js'

export interface ImportWords {
  bring: string
  bringIntro: string
  file: string
  fileHelp: string
  below: string
  top: string
  start: string
  working: string
  made: (count: number) => string
  leftOut: string
  /** By the server's code; others as the server says them. */
  reasons: Record<string, string>
  choose: string
  take: string
  takeIntro: string
  formats: Record<'markdown' | 'html' | 'docx' | 'odt', { name: string, help: string }>
  form: string
  download: string
  taken: string
}

export const importWords: Both<ImportWords> = {
  en: {
    bring: 'Bring pages in',
    bringIntro: 'From Outline, Notion, Docusaurus, Word, LibreOffice or another wiki: the pages are added, nothing that is here changes.',
    file: 'File',
    fileHelp: 'A .zip archive with folders of pages, or one page as .md, .html, .docx or .odt. At most 32 MB.',
    below: 'Where they go',
    top: 'At the top of the space',
    start: 'Bring in',
    working: 'Making the pages…',
    made: (count) => count === 1 ? '1 page was made.' : `${count} pages were made.`,
    leftOut: 'This was left out:',
    reasons: {},
    choose: 'Choose a file first.',
    take: 'Take the space with you',
    takeIntro: 'Every page that you may read, in folders as the tree is, with pictures and files, and links that lead from file to file.',
    formats: {
      markdown: { name: 'Markdown', help: 'For other wikis, and to come back here.' },
      html: { name: 'Web pages', help: 'To read without a server: open index.html.' },
      docx: { name: 'Word (.docx)', help: 'One file for each page.' },
      odt: { name: 'LibreOffice (.odt)', help: 'One file for each page.' }
    },
    form: 'Form',
    download: 'Download the archive',
    taken: 'The archive is on this device.'
  },
  fr: {
    bring: 'Importer des pages',
    bringIntro: 'Depuis Outline, Notion, Docusaurus, Word, LibreOffice ou un autre wiki : les pages s’ajoutent, rien de ce qui est ici ne change.',
    file: 'Fichier',
    fileHelp: 'Une archive .zip avec des dossiers de pages, ou une page en .md, .html, .docx ou .odt. 32 Mo au plus.',
    below: 'Où les mettre',
    top: 'En haut de l’espace',
    start: 'Importer',
    working: 'Création des pages…',
    made: (count) => count > 1 ? `${count} pages ont été créées.` : `${count} page a été créée.`,
    leftOut: 'N’a pas été repris :',
    reasons: {
      unused: 'aucune page ne le montre ni n’y renvoie.',
      unreadable: 'ce fichier n’est pas lisible.',
      twice: 'une autre page porte déjà ce nom au même endroit.',
      outside: 'son chemin sort de l’archive.',
      'too-deep': 'il est rangé trop profondément.',
      'too-large': 'il est trop lourd.',
      'attachment-type': 'ce type de fichier n’est pas accepté, ou le fichier n’est pas ce que dit son nom.',
      'attachment-name': 'son nom n’est pas utilisable.',
      'attachments-full': 'la page a déjà trop de fichiers.',
      quota: 'il n’y a plus de place dans cet espace.'
    },
    choose: 'Choisissez d’abord un fichier.',
    take: 'Emporter l’espace',
    takeIntro: 'Toutes les pages que vous pouvez lire, en dossiers comme l’arborescence, avec images et fichiers, et des liens qui mènent d’un fichier à l’autre.',
    formats: {
      markdown: { name: 'Markdown', help: 'Pour d’autres wikis, et pour revenir ici.' },
      html: { name: 'Pages web', help: 'À lire sans serveur : ouvrez index.html.' },
      docx: { name: 'Word (.docx)', help: 'Un fichier par page.' },
      odt: { name: 'LibreOffice (.odt)', help: 'Un fichier par page.' }
    },
    form: 'Format',
    download: 'Télécharger l’archive',
    taken: 'L’archive est sur cet appareil.'
  }
}
