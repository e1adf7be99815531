import { setBlockType } from 'prosemirror-commands'
import type { Command } from 'prosemirror-state'
import type { EditorView } from 'prosemirror-view'
import { CALLOUTS } from '@unisson/prosemirror/schema'
import { insertRule, insertTable, setCallout, setStyle, toggleList, toggleQuote } from '../editing/commands.js'
import type { Locale, Words } from '../words.js'
import { insertChip } from './chips.js'
import { insertContents } from './contents.js'
import { folded, meantDays } from './days.js'
import type { PageEntry, Wiki } from './host.js'
import type { Range, Suggestion, TriggerName } from './suggest.js'

/** As many are shown; whoever wants another types on. */
const SHOWN_MAX = 8

export interface MenuOptions {
  wiki: Wiki
  words: Words
  locale: Locale
  image: () => void
  /** Writes the page that was only linked to. */
  create: (view: EditorView, title: string) => void
}

/** What each list holds for what was typed. */
export const menus = (options: MenuOptions) => (trigger: TriggerName, query: string): Promise<Suggestion[]> => {
  switch (trigger) {
    case 'page': return pagesMeant(options, query)
    case 'mention': return peopleAndDays(options, query)
    case 'block': return Promise.resolve(blocksMeant(options, query))
  }
}

/** 0 is best; null where the words are not in it. */
const rank = (text: string, query: string): number | null => {
  const [letters, wanted] = [folded(text), folded(query)]
  if (letters === wanted) return 0
  if (letters.startsWith(wanted)) return 1
  if (letters.split(/[^\p{L}\p{N}]+/u).some((word) => word.startsWith(wanted))) return 2
  return wanted !== '' && letters.includes(wanted) ? 3 : null
}

const best = <Entry> (entries: Entry[], query: string, textOf: (entry: Entry) => string): Entry[] => entries
  .map((entry) => ({ entry, rank: rank(textOf(entry), query) }))
  .filter((ranked): ranked is { entry: Entry, rank: number } => ranked.rank !== null)
  .sort((one, other) => one.rank - other.rank || textOf(one.entry).localeCompare(textOf(other.entry)))
  .slice(0, SHOWN_MAX)
  .map(({ entry }) => entry)

const pagesMeant = async ({ wiki, words, create }: MenuOptions, typed: string): Promise<Suggestion[]> => {
  const { space } = wiki
  if (space === null) return []
  const query = typed.replace(/\]{1,2}$/, '').trim()
  const pages = await wiki.pages()
  const above = new Map(pages.map(({ id, title }) => [id, title]))
  const found = best(pages.filter(({ id }) => id !== wiki.page), query, ({ title }) => title)
  const toPage = ({ id, title, parent }: PageEntry): Suggestion => ({
    label: title,
    ...(parent === null || !above.has(parent) ? {} : { detail: above.get(parent)! }),
    act: (view, range) => view.dispatch(insertChip(view.state, range, { kind: 'page', space, page: id }, title))
  })
  const later = (view: EditorView, range: Range): void => view.dispatch(insertChip(view.state, range, { kind: 'new-page', space, title: query }, query))
  const isThere = pages.some(({ title }) => folded(title) === folded(query))
  const added: Suggestion[] = query === '' || isThere ? [] : [
    { label: words.wiki.create(query), act: (view, range) => { later(view, range); create(view, query) } },
    { label: words.wiki.later(query), act: later }
  ]
  // Other spaces come behind one's own, and only where there is room for them.
  const others = query.length < 2 || found.length >= SHOWN_MAX ? [] : await wiki.pagesElsewhere(query).catch(() => [])
  const elsewhere: Suggestion[] = others.slice(0, SHOWN_MAX - found.length).map(({ space, id, title, spaceTitle }) => ({
    label: title,
    detail: spaceTitle,
    act: (view, range) => view.dispatch(insertChip(view.state, range, { kind: 'page', space, page: id }, title))
  }))
  // Whoever closes the brackets means just these words.
  if (typed.endsWith(']]') && !isThere) return added.reverse()
  return [...found.map(toPage), ...elsewhere, ...added]
}

const peopleAndDays = async ({ wiki, words, locale }: MenuOptions, query: string): Promise<Suggestion[]> => {
  const days: Suggestion[] = meantDays(query, locale, new Date(), words.wiki).map(({ day, label, text }) => ({
    label,
    ...(label === text ? {} : { detail: text }),
    act: (view, range) => view.dispatch(insertChip(view.state, range, { kind: 'day', day }, text))
  }))
  const people = await wiki.people(query).catch(() => [])
  const found: Suggestion[] = best(people, query, ({ name }) => name).map(({ id, name }) => ({
    label: `@${name}`,
    act: (view, range) => view.dispatch(insertChip(view.state, range, { kind: 'person', id }, `@${name}`))
  }))
  // A day that was typed in full is what is meant.
  return /\d[-/.]\d/.test(query) ? [...days, ...found] : [...found, ...days]
}

/** Without what was typed, as if the button had been pressed. */
const after = (command: Command) => (view: EditorView, { from, to }: Range): void => {
  view.dispatch(view.state.tr.delete(from, to))
  command(view.state, view.dispatch, view)
}

const type = (letters: string) => (view: EditorView, { from, to }: Range): void =>
  view.dispatch(view.state.tr.insertText(letters, from, to))

const blocksMeant = ({ words, wiki, image }: MenuOptions, query: string): Suggestion[] => {
  const ask: Command = () => { image(); return true }
  const blocks: Array<[string, (view: EditorView, range: Range) => void]> = [
    ...(['heading1', 'heading2', 'heading3'] as const).map((style): [string, ReturnType<typeof after>] => [words.styles[style], after(setStyle(style))]),
    [words.styles.paragraph, after((state, dispatch) => setBlockType(state.schema.nodes.paragraph!)(state, dispatch))],
    [words.bulletList, after(toggleList('bulletList'))],
    [words.orderedList, after(toggleList('orderedList'))],
    [words.taskList, after(toggleList('taskList'))],
    ...CALLOUTS.map((kind): [string, ReturnType<typeof after>] => [words.wiki.callout(words.callouts[kind]), after(setCallout(kind))]),
    [words.blockquote, after(toggleQuote)],
    [words.table, after(insertTable)],
    [words.contents, after(insertContents(words))],
    [words.codeBlock, after(setStyle('codeBlock'))],
    [words.horizontalRule, after(insertRule)],
    [words.image, after(ask)],
    ...(wiki.space === null ? [] : [[words.wiki.linkToPage, type('[[')], [words.wiki.mention, type('@')]] as Array<[string, ReturnType<typeof type>]>)
  ]
  const ranked = blocks.map(([label, act]) => ({ label, act, rank: rank(label, query) ?? Infinity }))
  return ranked.filter(({ rank }) => Number.isFinite(rank)).sort((one, other) => query === '' ? 0 : one.rank - other.rank).map(({ label, act }) => ({ label, act }))
}
