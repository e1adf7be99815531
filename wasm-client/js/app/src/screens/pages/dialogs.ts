/** The dialogs of the page tree: a menu of what to do, and a form for each thing that needs words. */
import { html, nothing, type TemplateResult } from 'lit'
import { icon, type IconName } from '../../icons.js'
import type { CommonWords } from '../../words.js'
import type { Access, PagesWords } from '../../words/pages.js'
import { isAtLeast, type Page, type Place, type Role, type Tree } from '../../tree.js'

/** What is asked. */
export type Dialog =
  | { kind: 'menu', page: string, at: DOMRect }
  | { kind: 'create', parent: string | null }
  | { kind: 'move', page: string, parent: string | null }
  | { kind: 'rename' | 'trash' | 'access', page: string }

/** What the dialogs do. */
export interface Acts {
  ask: (dialog: Dialog) => void
  cancel: () => void
  closed: () => void
  create: (parent: string | null, title: string, from: string, write: boolean) => void
  rename: (page: string, title: string) => void
  move: (page: string, place: Place) => void
  trash: (page: string) => void
  star: (page: string) => void
  template: (page: string, isOne: boolean) => void
  restrict: (page: string, change: Restriction) => void
}

/** What is left out stays; null takes a restriction away. */
export interface Restriction { readers?: Role | null, writers?: Role | null, locked: boolean }

/** A page that new pages may begin as. */
export interface Template { document: string, space: string, page: string, title: string, space_title: string }

export interface Scene {
  tree: Tree
  words: PagesWords
  common: CommonWords
  acts: Acts
  isPerson: boolean
  isStarred: (page: string) => boolean
  /** Those of the space and of all spaces. */
  templates: Template[]
  space: string
  /** The address of a page of the wiki. */
  link: (path: string) => string
}

export const renderDialog = (dialog: Dialog, scene: Scene): TemplateResult | typeof nothing => {
  if (dialog.kind === 'create') return creating(dialog.parent, scene)
  const page = scene.tree.get(dialog.page)
  if (page === undefined) return nothing
  switch (dialog.kind) {
    case 'menu': return menu(page, dialog.at, scene)
    case 'rename': return renaming(page, scene)
    case 'move': return moving(page, dialog.parent, scene)
    case 'trash': return trashing(page, scene)
    case 'access': return restricting(page, scene)
  }
}

const menu = (page: Page, at: DOMRect, { tree, words, acts, isPerson, isStarred, templates, space }: Scene): TemplateResult => {
  const { id } = page
  const item = (name: IconName, text: string, act: () => void, kind = ''): TemplateResult =>
    html`<button class=${kind} @click=${act}>${icon(name)} ${text}</button>`
  const step = (name: IconName, text: string, place: Place | null): TemplateResult | typeof nothing =>
    place === null ? nothing : item(name, text, () => acts.move(id, place))
  const manages = isPerson && isAtLeast(page.role, 'facilitator')
  const isTemplate = templates.some((template) => template.space === space && template.page === id)
  // Beside its button, but within the window.
  const place = `left: ${Math.max(8, Math.min(at.left, window.innerWidth - 280))}px; top: ${Math.max(8, Math.min(at.bottom, window.innerHeight - 420))}px`
  return html`
    <dialog class="menu" aria-labelledby="menu-title" .style=${place} @close=${acts.closed} @click=${outside(acts)}>
      <h2 id="menu-title">${page.title}</h2>
      ${isPerson && isAtLeast(page.role, 'editor') ? item('plus', words.below, () => acts.ask({ kind: 'create', parent: id })) : nothing}
      ${item('star', isStarred(id) ? words.unstar : words.star, () => acts.star(id))}
      ${manages
        ? html`
          ${item('pen', words.rename, () => acts.ask({ kind: 'rename', page: id }))}
          ${step('up', words.up, tree.up(id))} ${step('down', words.down, tree.down(id))}
          ${step('deeper', words.deeper, tree.deeper(id))} ${step('out', words.out, tree.out(id))}
          ${item('move', words.move, () => acts.ask({ kind: 'move', page: id, parent: tree.parentOf(id) }))}
          ${item('lock', words.access, () => acts.ask({ kind: 'access', page: id }))}
          ${item('copy', isTemplate ? words.noTemplate : words.makeTemplate, () => acts.template(id, !isTemplate))}
          ${item('trash', words.trash, () => acts.ask({ kind: 'trash', page: id }), 'danger')}`
        : nothing}
    </dialog>`
}

/** A click beside a menu closes it. */
const outside = (acts: Acts) => (event: MouseEvent): void => {
  if (event.target !== event.currentTarget) return
  const { left, right, top, bottom } = (event.currentTarget as HTMLElement).getBoundingClientRect()
  const isInside = event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom
  if (!isInside) acts.cancel()
}

const cancel = ({ common, acts }: Scene): TemplateResult =>
  html`<button type="button" class="quiet" @click=${acts.cancel}>${common.cancel}</button>`

const fieldsOf = (event: SubmitEvent): Map<string, string> => {
  event.preventDefault()
  const data = new FormData(event.currentTarget as HTMLFormElement)
  return new Map([...data].map(([name, value]) => [name, String(value).trim()]))
}

const creating = (parent: string | null, scene: Scene): TemplateResult => {
  const { words, acts, tree, templates, space } = scene
  const above = parent === null ? undefined : tree.get(parent)
  const submit = (event: SubmitEvent): void => {
    const fields = fieldsOf(event)
    const title = fields.get('title') ?? ''
    if (title !== '') acts.create(parent, title, fields.get('from') ?? '', (event.submitter as HTMLButtonElement | null)?.value === 'write')
  }
  return html`
    <dialog aria-labelledby="dialog-title" @close=${acts.closed}>
      <form @submit=${submit}>
        <h2 id="dialog-title">${above === undefined ? words.newPage : words.newPageIn(above.title)}</h2>
        <div class="field">
          <label for="title">${words.title}</label>
          <input id="title" name="title" required maxlength="200" autocomplete="off" aria-describedby="title-help" autofocus>
          <p class="help" id="title-help">${words.titleHelp}</p>
        </div>
        ${templates.length === 0
          ? nothing
          : html`<div class="field"><label for="from">${words.begin}</label>
              <select id="from" name="from"><option value="">${words.beginEmpty}</option>
                ${templates.map((template) => html`<option value=${template.document}>${template.title}${template.space === space ? nothing : ` (${template.space_title})`}</option>`)}
              </select></div>`}
        <div class="actions">
          <button class="strong" value="write">${words.createAndWrite}</button>
          <button value="stay">${words.create}</button>
          ${cancel(scene)}
        </div>
      </form>
    </dialog>`
}

const renaming = (page: Page, scene: Scene): TemplateResult => {
  const { words, common, acts } = scene
  const submit = (event: SubmitEvent): void => {
    const title = fieldsOf(event).get('title') ?? ''
    if (title !== '') acts.rename(page.id, title)
  }
  return html`
    <dialog aria-labelledby="dialog-title" @close=${acts.closed}>
      <form @submit=${submit}>
        <h2 id="dialog-title">${words.renaming(page.title)}</h2>
        <div class="field">
          <label for="title">${words.title}</label>
          <input id="title" name="title" required maxlength="200" autocomplete="off" .defaultValue=${page.title} autofocus>
        </div>
        <div class="actions"><button class="strong">${common.save}</button> ${cancel(scene)}</div>
      </form>
    </dialog>`
}

const moving = (page: Page, chosen: string | null, scene: Scene): TemplateResult => {
  const { tree, words, acts } = scene
  const choose = (event: Event): void => {
    const { value } = event.currentTarget as HTMLSelectElement
    acts.ask({ kind: 'move', page: page.id, parent: value === '' ? null : value })
  }
  const submit = (event: SubmitEvent): void => {
    const fields = fieldsOf(event)
    const parent = fields.get('parent') ?? ''
    acts.move(page.id, { parent: parent === '' ? null : parent, position: (fields.get('position') ?? 'last') as Place['position'] })
  }
  const targets = tree.ids.filter((id) => !tree.isWithin(id, page.id))
  return html`
    <dialog aria-labelledby="dialog-title" @close=${acts.closed}>
      <form @submit=${submit}>
        <h2 id="dialog-title">${words.moving(page.title)}</h2>
        <div class="field">
          <label for="parent">${words.parent}</label>
          <select id="parent" name="parent" autofocus @change=${choose}>
            <option value="" ?selected=${chosen === null}>${words.top}</option>
            ${targets.map((id) => html`<option value=${id} ?selected=${id === chosen}>${'\u2003'.repeat(tree.chain(id).length - 1)}${tree.get(id)?.title}</option>`)}
          </select>
        </div>
        <div class="field">
          <label for="position">${words.position}</label>
          <select id="position" name="position">${positions(tree, page.id, chosen, words)}</select>
        </div>
        <div class="actions"><button class="strong">${words.move.replace('…', '')}</button> ${cancel(scene)}</div>
      </form>
    </dialog>`
}

const positions = (tree: Tree, id: string, parent: string | null, words: PagesWords): TemplateResult[] => [
  html`<option value="last">${words.last}</option>`,
  html`<option value="first">${words.first}</option>`,
  ...tree.children(parent).filter((page) => page.id !== id)
    .map((page) => html`<option value="after:${page.id}">${words.after(page.title)}</option>`)
]

const trashing = (page: Page, scene: Scene): TemplateResult => {
  const { tree, words, acts } = scene
  const below = tree.ids.filter((id) => id !== page.id && tree.isWithin(id, page.id)).length
  return html`
    <dialog aria-labelledby="dialog-title" @close=${acts.closed}>
      <h2 id="dialog-title">${words.trash}</h2>
      <p>${words.trashing(page.title, below)}</p>
      <div class="actions">
        <button class="danger" autofocus @click=${() => acts.trash(page.id)}>${words.trash}</button> ${cancel(scene)}
      </div>
    </dialog>`
}

const ACCESS: Access[] = ['open', 'write', 'read']

const restricting = (page: Page, scene: Scene): TemplateResult => {
  const { words, common, acts } = scene
  const now: Access = page.readers !== undefined ? 'read' : page.writers !== undefined ? 'write' : 'open'
  const submit = (event: SubmitEvent): void => {
    const fields = fieldsOf(event)
    const chosen = fields.get('access')
    acts.restrict(page.id, {
      // Portals restrict to other roles as well: what was not touched stays.
      ...(chosen !== now && { readers: chosen === 'read' ? 'facilitator' : null, writers: chosen === 'write' ? 'facilitator' : null }),
      locked: fields.has('locked')
    })
  }
  return html`
    <dialog aria-labelledby="dialog-title" @close=${acts.closed}>
      <form @submit=${submit}>
        <h2 id="dialog-title">${words.accessOf(page.title)}</h2>
        <fieldset><legend>${words.access.replace('…', '')}</legend>
          ${ACCESS.map((access) => html`
            <div class="choice"><input type="radio" name="access" id="access-${access}" value=${access} ?checked=${access === now}>
              <label for="access-${access}"><strong>${words.accessChoices[access]}</strong><br><span class="soft">${words.accessHelp[access]}</span></label></div>`)}
        </fieldset>
        <div class="choice"><input type="checkbox" name="locked" id="locked" ?checked=${page.locked}>
          <label for="locked"><strong>${words.lock}</strong><br><span class="soft">${words.lockHelp}</span></label></div>
        <p><a href=${scene.link(`s/${encodeURIComponent(scene.space)}/${encodeURIComponent(page.id)}/-/access`)}>${words.accessMore}</a></p>
        <div class="actions"><button class="strong">${common.save}</button> ${cancel(scene)}</div>
      </form>
    </dialog>`
}
