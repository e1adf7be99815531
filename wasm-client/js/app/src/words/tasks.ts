import type { Both } from '../words.js'

export type TaskGroup = 'overdue' | 'today' | 'week' | 'later' | 'undated'

export interface TasksWords {
  intro: string
  empty: string
  emptyDone: string
  open: string
  done: string
  groups: Record<TaskGroup, string>
  due: (day: string) => string
  on: (page: string, space: string | null) => string
  more: string
  shown: (count: number) => string
}

export const tasksWords: Both<TasksWords> = {
  en: {
    intro: 'Every task that names you, on all pages that you may read. Tick them on their page.',
    empty: 'Nothing to do. A task is yours when somebody names you in it: “[ ] order the leek @you @tomorrow”.',
    emptyDone: 'Nothing is ticked yet.',
    open: 'To do',
    done: 'Done',
    groups: { overdue: 'Overdue', today: 'Today', week: 'In the next seven days', later: 'Later', undated: 'Without a date' },
    due: (day) => `due ${day}`,
    on: (page, space) => space === null ? page : `${page} (${space})`,
    more: 'Show more',
    shown: (count) => count === 1 ? '1 task' : `${count} tasks`
  },
  fr: {
    intro: 'Toutes les tâches qui vous nomment, sur toutes les pages que vous pouvez lire. Cochez-les sur leur page.',
    empty: 'Rien à faire. Une tâche est à vous quand quelqu’un vous y nomme : « [ ] commander les poireaux @vous @demain ».',
    emptyDone: 'Rien n’est encore coché.',
    open: 'À faire',
    done: 'Faites',
    groups: { overdue: 'En retard', today: 'Aujourd’hui', week: 'Dans les sept jours', later: 'Plus tard', undated: 'Sans date' },
    due: (day) => `pour le ${day}`,
    on: (page, space) => space === null ? page : `${page} (${space})`,
    more: 'Afficher la suite',
    shown: (count) => count > 1 ? `${count} tâches` : `${count} tâche`
  }
}
