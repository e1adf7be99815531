import { css } from 'lit'

export const style = css`
  .layout { display: grid; gap: 1.4rem 2rem; grid-template-columns: minmax(0, 1fr) }
  @media (min-width: 64rem) { .layout { grid-template-columns: minmax(0, 1fr) 17rem } .side { grid-column: 2; grid-row: 1 } .shown { grid-column: 1; grid-row: 1 } }
  .side h2 { margin: 0 0 .5rem; font-size: 1.05rem } .side form { margin-bottom: 1.6rem }
  .timeline { list-style: none; margin: 0 0 .8rem; padding: 0; max-height: 70vh; overflow: auto; border-inline-start: 2px solid var(--line) }
  .timeline button { display: grid; justify-items: start; justify-content: start; gap: .15rem; width: 100%; text-align: start; border: 0; border-radius: 0 .4rem .4rem 0; background: none; color: var(--ink); padding: .5rem .7rem }
  .timeline button:hover { background: var(--tint) }
  .timeline button[aria-pressed="true"] { background: var(--tint); box-shadow: inset 3px 0 0 var(--accent) }
  .timeline strong { overflow-wrap: anywhere }
  .timeline small { color: var(--soft) }
  .faces { display: flex; gap: .2rem; flex-wrap: wrap }
  .face { display: inline-grid; place-items: center; width: 1.6rem; height: 1.6rem; border-radius: 50%; background: var(--person, var(--soft)); color: #fff; font: 600 .65rem/1 var(--font); flex: none }
  .views { display: flex; flex-wrap: wrap; gap: .3rem; margin-bottom: 1rem }
  .views button[aria-pressed="true"] { background: var(--accent); color: var(--paper); border-color: var(--accent) }
  .compare { display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: end; margin-bottom: 1rem }
  .compare .field { margin: 0; flex: 1 1 12rem } .compare select { width: 100% }
  .paper { border: 1px solid var(--line); border-radius: .6rem; padding: 1rem clamp(.8rem, 4%, 2rem); background: var(--paper); min-height: 6rem }
  .text section { display: contents }
  ins { text-decoration: underline; text-decoration-thickness: 2px; text-decoration-color: color-mix(in srgb, var(--person, var(--good)) 60%, var(--ink)); text-underline-offset: .18em; background: var(--good-tint); color: inherit }
  del { text-decoration: line-through; text-decoration-thickness: 2px; text-decoration-color: color-mix(in srgb, var(--person, var(--bad)) 60%, var(--ink)); background: var(--bad-tint); color: inherit }
  ins[data-block], del[data-block] { display: block; text-decoration: none; border-inline-start: 4px solid var(--good); padding-inline-start: .7rem }
  del[data-block] { border-inline-start-color: var(--bad) } del[data-block] * { text-decoration: line-through }
  [data-change="formatted"] { border-bottom: 2px dotted var(--accent) }
  .text [data-attribute] { display: none }
  .who span[data-author] { border-bottom: 2px solid color-mix(in srgb, var(--person) 55%, transparent) }
  .who span[data-marked] { background: color-mix(in srgb, var(--person) 22%, transparent) }
  .people { list-style: none; margin: 0 0 1rem; padding: 0; display: flex; flex-wrap: wrap; gap: .4rem }
  .people button { color: var(--ink) } .people button[aria-pressed="true"] { background: var(--tint); border-color: var(--accent) }
  .held { position: sticky; bottom: 0; user-select: none; -webkit-user-select: none }
  .selected { border: 1px solid var(--line); border-inline-start: 4px solid var(--accent); background: var(--bar); border-radius: .3rem; padding: .5rem .9rem; margin: 1rem 0 0; max-height: 40vh; overflow: auto }
  .selected p { margin: 0 } .selected ul { margin: .2rem 0 0; padding-inline-start: 1.2rem }
  .sittings { list-style: none; margin: 0; padding: 0 } .sittings > li { border-bottom: 1px solid var(--line); padding: .7rem 0 }
  .sittings time { color: var(--soft); font-size: .92rem }
  .work { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem .7rem; padding: .3rem 0 } .work .soft { flex: 1 1 12rem }
  .two { display: flex; flex-wrap: wrap; gap: 0 1rem } .two .field { flex: 1 1 12rem }
  @media print { .side, .views, .compare, .actions { display: none } .paper { border: 0; padding: 0 } }
`
