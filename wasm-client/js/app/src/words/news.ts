import type { Both } from '../words.js'

export type NewsKind = 'mention' | 'task' | 'due' | 'comment' | 'answer'

export interface NewsWords {
  intro: string
  empty: string
  unseen: string
  before: string
  more: string
  somebody: string
  done: string
  due: (day: string) => string
  on: (page: string, space: string | null) => string
  what: Record<NewsKind, (name: string) => string>
  shown: (count: number) => string
  /** Of the link at the top of every page. */
  count: (count: number) => string
}

/** The server counts no further. */
export const COUNT_MAX = 99

export const newsWords: Both<NewsWords> = {
  en: {
    intro: 'You were named, somebody answered you, or a task is yours: on every page that you may read.',
    empty: 'Nothing yet. You read here when somebody writes “@you” on a page or in a comment, answers your comment, or gives you a task.',
    unseen: 'New',
    before: 'Earlier',
    more: 'Show more',
    somebody: 'Somebody',
    done: 'done',
    due: (day) => `due ${day}`,
    on: (page, space) => space === null ? page : `${page} (${space})`,
    what: {
      mention: (name) => `${name} named you`,
      task: (name) => `${name} gave you a task`,
      due: (name) => `${name} changed the day of your task`,
      comment: (name) => `${name} named you in a comment`,
      answer: (name) => `${name} answered`
    },
    shown: (count) => count === 1 ? '1 message' : `${count} messages`,
    count: (count) => count > COUNT_MAX - 1 ? `${COUNT_MAX} or more are new` : `${count} new`
  },
  fr: {
    intro: 'On vous a mentionné, on vous a répondu, une tâche vous revient : sur toutes les pages que vous pouvez lire.',
    empty: 'Rien pour l’instant. Vous lirez ici quand quelqu’un écrit « @vous » dans une page ou un commentaire, répond à votre commentaire ou vous confie une tâche.',
    unseen: 'Nouveau',
    before: 'Plus tôt',
    more: 'Afficher la suite',
    somebody: 'Quelqu’un',
    done: 'faite',
    due: (day) => `pour le ${day}`,
    on: (page, space) => space === null ? page : `${page} (${space})`,
    what: {
      mention: (name) => `${name} vous a mentionné`,
      task: (name) => `${name} vous a confié une tâche`,
      due: (name) => `${name} a changé la date de votre tâche`,
      comment: (name) => `${name} vous a mentionné dans un commentaire`,
      answer: (name) => `${name} a répondu`
    },
    shown: (count) => count > 1 ? `${count} messages` : `${count} message`,
    count: (count) => count > COUNT_MAX - 1 ? `${COUNT_MAX} nouveautés ou plus` : count > 1 ? `${count} nouveautés` : `${count} nouveauté`
  }
}
