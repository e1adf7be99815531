import { css } from 'lit'

export const style = css`
  :host { font-size: .97rem }
  ul { list-style: none; margin: 0; padding: 0 }
  ul ul { padding-inline-start: 1.05rem }
  .row { position: relative; display: flex; align-items: center; border-radius: .4rem }
  .row:hover, .row:focus-within { background: var(--tint) }
  .row.here { background: var(--tint); box-shadow: inset 3px 0 0 var(--accent) }
  .row a { flex: 1; min-width: 0; color: var(--ink); text-decoration: none; padding: .45rem .25rem; overflow-wrap: anywhere; line-height: 1.3 }
  .row a:hover { text-decoration: underline }
  .here a { font-weight: 650 }
  .twist, .gap { flex: none; width: 1.9rem; min-height: 2.1rem }
  .twist, .more { padding: 0; border: 0; background: none; color: var(--soft) }
  .more { flex: none; width: 2.1rem; min-height: 2.1rem; opacity: 0 }
  .row:hover .more, .row:focus-within .more { opacity: 1 }
  @media (hover: none) { .more { opacity: 1 } }
  .more .icon { stroke-width: 3 } .menu::backdrop { background: rgb(0 0 0 / .12) }
  .row .icon { width: 1.05rem; height: 1.05rem }
  .unread::after { content: ""; display: inline-block; width: .55rem; height: .55rem; border-radius: 50%; background: var(--accent); border: 2px solid var(--accent); margin-inline-start: .45rem; vertical-align: .05em }
  .unread.below::after { background: none }
  .sign { color: var(--soft); flex: none; margin-inline: .2rem }
  .moving { opacity: .5 }
  .row.before::after, .row.behind::after { content: ""; position: absolute; inset-inline: 1.4rem 0; border-top: 3px solid var(--accent); pointer-events: none }
  .row.before::after { top: -1px } .row.behind::after { bottom: -1px }
  .row.inside { outline: 2px solid var(--accent); outline-offset: -2px }
  .head { display: flex; align-items: center; justify-content: space-between; gap: .5rem; margin-bottom: .3rem }
  .head h2 { font-size: .95rem; margin: 0; color: var(--soft); font-weight: 650 }
  .help { color: var(--soft); font-size: .85rem; margin: .8rem 0 0 }
  @media (hover: none) { .help { display: none } }
  .menu { padding: .4rem; width: max-content; max-width: 94vw; margin: 0; position: fixed }
  .menu button { display: flex; justify-content: flex-start; width: 100%; border: 0; color: var(--ink); font-weight: 400 }
  .menu button.danger { color: var(--bad) }
  .menu h2 { font-size: .85rem; color: var(--soft); margin: .3rem .6rem .4rem; max-width: 18rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
  @media (max-width: 40rem) { .menu { inset: auto 0 0 0 !important; width: 100vw; max-width: none; border-radius: .9rem .9rem 0 0; padding: .8rem } }
  @media print { :host { display: none } }
`
