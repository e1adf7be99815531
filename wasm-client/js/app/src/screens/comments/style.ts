import { css } from 'lit'

export const style = css`
  .head { display: flex; align-items: baseline; justify-content: space-between; gap: .8rem; flex-wrap: wrap; margin-bottom: .6rem }
  .head h2 { margin: 0 }
  .threads { display: grid; gap: .8rem; margin: .8rem 0 }
  .thread { border: 1px solid var(--line); border-inline-start: 4px solid var(--edge); border-radius: .6rem; background: var(--paper); padding: .7rem .9rem }
  .thread.active { border-inline-start-color: var(--accent); background: var(--bar) }
  .quote { display: block; width: 100%; text-align: start; color: var(--ink); border: 0; border-inline-start: 3px solid var(--unisson-comment, #b98900); border-radius: 0; background: none; padding: .15rem .6rem; min-height: 0; font-size: .92rem; overflow-wrap: anywhere; margin-bottom: .4rem }
  p.quote { margin-top: 0 }
  .lost { color: var(--warn); font-size: .88rem; margin: 0 0 .4rem }
  .comment { padding: .35rem 0 }
  .comment + .comment { border-top: 1px solid var(--line) }
  .by { display: flex; flex-wrap: wrap; gap: .2rem .5rem; align-items: baseline; font-size: .92rem }
  .by strong { font-weight: 650 }
  .by time, .by .soft { font-size: .85rem }
  .said { white-space: pre-wrap; overflow-wrap: anywhere; margin: .15rem 0 }
  form { display: grid; gap: .5rem; margin: .5rem 0 }
  form label { font-weight: 600; font-size: .92rem }
  textarea { min-height: 4.5rem; resize: vertical }
  .typing { position: relative; display: grid }
  .naming { position: absolute; z-index: 5; top: 100%; inset-inline: 0; margin: .2rem 0 0; padding: .3rem; list-style: none; background: var(--paper); border: 1px solid var(--edge); border-radius: .5rem; box-shadow: 0 .4rem 1.2rem rgb(0 0 0 / .18); max-height: 16rem; overflow: auto }
  .naming li { padding: .5rem .6rem; border-radius: .3rem; cursor: pointer; overflow-wrap: anywhere }
  .naming [aria-selected="true"] { background: var(--tint); outline: 2px solid var(--accent); outline-offset: -2px }
  .help { color: var(--soft); font-size: .85rem; margin: 0 }
  details { margin-top: .8rem }
  summary { cursor: pointer; min-height: 2rem; font-weight: 600 }
  @media print { form, button { display: none } }
`
