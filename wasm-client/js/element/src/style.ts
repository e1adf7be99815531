/** The looks, as a sheet that a strict content security policy takes. Colours and sizes can be set from outside. */
const CSS = `
:host {
  --ink: var(--unisson-ink, #161616);
  --soft: var(--unisson-soft, #5b5b66);
  --paper: var(--unisson-paper, #ffffff);
  --bar: var(--unisson-bar, #f7f7fb);
  --line: var(--unisson-line, #dddde6);
  --accent: var(--unisson-accent, #000091);
  --tint: var(--unisson-tint, #e9e9fb);
  --good: var(--unisson-good, #18753c);
  --bad: var(--unisson-bad, #b3262a);
  --comment: var(--unisson-comment, #b98900);
  --warn: var(--unisson-warn, #8a4b00);
  --font: var(--unisson-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif);
  --mono: var(--unisson-mono, ui-monospace, "SFMono-Regular", "DejaVu Sans Mono", Menlo, monospace);
  display: block;
}
:host([hidden]) { display: none }
:host([theme="dark"]) {
  --ink: var(--unisson-ink, #ececf1); --soft: var(--unisson-soft, #a9a9b8); --paper: var(--unisson-paper, #17171c);
  --bar: var(--unisson-bar, #202028); --line: var(--unisson-line, #3a3a46); --accent: var(--unisson-accent, #a9a9ff);
  --tint: var(--unisson-tint, #2d2d4d); --good: var(--unisson-good, #6fd692); --bad: var(--unisson-bad, #ff9a94); --warn: var(--unisson-warn, #ffbe6e);
}
@media (prefers-color-scheme: dark) {
  :host(:not([theme="light"])) {
    --ink: var(--unisson-ink, #ececf1); --soft: var(--unisson-soft, #a9a9b8); --paper: var(--unisson-paper, #17171c);
    --bar: var(--unisson-bar, #202028); --line: var(--unisson-line, #3a3a46); --accent: var(--unisson-accent, #a9a9ff);
    --tint: var(--unisson-tint, #2d2d4d); --good: var(--unisson-good, #6fd692); --bad: var(--unisson-bad, #ff9a94); --warn: var(--unisson-warn, #ffbe6e);
  }
}
* { box-sizing: border-box }
[hidden] { display: none !important }
.frame, .unseen { all: initial; box-sizing: border-box; color: var(--ink); font: 1rem/1.65 var(--font); user-select: text; -webkit-user-select: text }
.frame { display: flex; flex-direction: column; height: 100%; min-height: 16rem; background: var(--paper); border: 1px solid var(--line); border-radius: .6rem; position: relative }
.frame:focus-within { border-color: var(--accent) }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
.icon { width: 1.25rem; height: 1.25rem; fill: none; stroke: currentColor; stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; flex: none }

.banner { padding: .45rem .8rem; font-weight: 600; background: var(--tint); border-bottom: 1px solid var(--line); border-radius: .6rem .6rem 0 0 }
.banner[data-level="warning"], .banner[data-level="danger"] { border-inline-start: 4px solid var(--bad) }
.banner[data-level="danger"] { color: var(--bad) }
.toolbar { position: sticky; top: 0; z-index: 3; background: var(--bar); border-bottom: 1px solid var(--line); border-radius: .6rem .6rem 0 0; padding: .3rem .4rem }
.tools { display: flex; flex-wrap: wrap; align-items: center; gap: .1rem }
.tables, .callouts { border-top: 1px solid var(--line); margin-top: .3rem; padding-top: .3rem }
.line { width: 1px; height: 1.4rem; background: var(--line); margin: 0 .35rem }
button, select { font: inherit; color: inherit }
.toolbar button { display: inline-grid; place-items: center; min-width: 2.25rem; height: 2.25rem; padding: 0 .45rem; border: 0; border-radius: .4rem; background: none; cursor: pointer; overflow: visible }
.toolbar button.text { flex: none; font-size: .85rem; height: 2rem; line-height: 1.2; white-space: nowrap }
.toolbar button:hover, .toolbar select:hover { background: var(--tint) }
.toolbar button[aria-pressed="true"] { background: var(--tint); color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent) }
.toolbar button[aria-disabled="true"] { opacity: .45; cursor: default }
.toolbar select { height: 2.25rem; border: 0; border-radius: .4rem; background-color: transparent; padding: 0 .4rem; cursor: pointer; max-width: 9rem }
.toolbar option { color: #161616; background: #fff }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 1px }

.form { position: absolute; z-index: 4; inset-inline: .6rem; top: 3.4rem; margin: 0 auto; max-width: 30rem; background: var(--paper); border: 1px solid var(--line); border-radius: .6rem; box-shadow: 0 .6rem 2rem rgb(0 0 0 / .18); padding: 1rem }
.field { display: grid; gap: .2rem; margin-bottom: .8rem }
.field label { font-size: .9rem; font-weight: 600 }
.field input { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--soft); border-radius: .4rem; padding: .45rem .6rem; width: 100% }
.problem { color: var(--bad); margin: 0 0 .6rem; font-size: .9rem }
.problem:empty { display: none }
.actions { display: flex; gap: .5rem; flex-wrap: wrap }
.actions button { border: 1px solid var(--line); background: none; border-radius: .4rem; padding: .4rem .9rem; cursor: pointer }
.actions .strong { background: var(--accent); color: var(--paper); border-color: var(--accent); font-weight: 600 }
.actions .quiet { border-color: transparent; color: var(--soft); margin-inline-start: auto }

.text { flex: 1; min-height: 0; overflow-y: auto; display: flex; flex-direction: column; scroll-padding: 4rem 0 }
.ProseMirror { flex: 1; position: relative; white-space: pre-wrap; white-space: break-spaces; overflow-wrap: break-word; font-variant-ligatures: none; padding: 1.6rem clamp(1rem, 6%, 4rem) 3rem; outline: none; width: 100%; max-width: 56rem; margin: 0 auto }
.ProseMirror > :first-child { margin-top: 0 }
.ProseMirror p { margin: 0 0 .9em }
.ProseMirror :is(h1, h2, h3, h4, h5, h6) { line-height: 1.25; margin: 1.5em 0 .5em; font-weight: 700; letter-spacing: -.01em }
.ProseMirror h1 { font-size: 2rem } .ProseMirror h2 { font-size: 1.5rem } .ProseMirror h3 { font-size: 1.2rem } .ProseMirror h4 { font-size: 1.05rem }
.ProseMirror :is(ul, ol) { margin: 0 0 .9em; padding-inline-start: 1.6rem }
.ProseMirror li { margin: .15em 0 } .ProseMirror li p { margin-bottom: .3em }
.ProseMirror ul[data-type="taskList"] { list-style: none; padding-inline-start: .2rem }
.ProseMirror li[data-type="taskItem"] { display: flex; gap: .6rem; align-items: flex-start }
.ProseMirror li[data-type="taskItem"] > label { margin-top: .22em; user-select: none }
.ProseMirror li[data-type="taskItem"] > div { flex: 1; min-width: 0 }
.ProseMirror li[data-type="taskItem"][data-checked="true"] > div { color: var(--soft); text-decoration: line-through }
.ProseMirror input[type="checkbox"] { width: 1.1rem; height: 1.1rem; accent-color: var(--accent); margin: 0 }
.ProseMirror blockquote { margin: 0 0 .9em; padding: .1em 0 .1em 1.1em; border-inline-start: 4px solid var(--accent); color: var(--soft) }
.ProseMirror blockquote[data-callout] { --tone: var(--accent); color: var(--ink); background: color-mix(in srgb, var(--tone) 8%, var(--paper)); border-inline-start-color: var(--tone); border-radius: 0 .4rem .4rem 0; padding: .7em 1.1em .1em }
.ProseMirror blockquote[data-callout="tip"] { --tone: var(--good) } .ProseMirror blockquote[data-callout="warning"] { --tone: var(--warn) } .ProseMirror blockquote[data-callout="danger"] { --tone: var(--bad) }
.ProseMirror blockquote[data-callout]::before { content: attr(data-label); display: block; font-weight: 700; color: var(--tone); margin-bottom: .2em }
.ProseMirror .chip { border-radius: .3rem } .ProseMirror .chip.page { text-decoration: underline }
.ProseMirror a:has(.chip.person, .chip.day) { text-decoration: none; color: inherit }
.ProseMirror .chip:is(.person, .day) { background: var(--tint); padding: .05em .3em; font-weight: 600 } .ProseMirror .chip.person { color: var(--accent) }
.ProseMirror .chip:is(.new-page, .missing) { color: var(--bad); text-decoration: underline dashed }
.ProseMirror .chip.stale { display: none } .ProseMirror .present-title { color: var(--accent); text-underline-offset: .15em; cursor: pointer }
.ProseMirror .contents-title { font-weight: 700; margin-bottom: .2em } .ProseMirror .contents-title a { color: var(--ink); text-decoration: none }
.contents { border-inline-start: 4px solid var(--line); margin: 0 0 1em; padding: .2em 0 .2em .8em; color: var(--soft) } .contents p { margin: 0 }
.ProseMirror .contents ol { list-style: none; margin: 0; padding: 0 } .contents li { padding-inline-start: calc(var(--level) * 1.2rem) }
.contents button { border: 0; background: none; padding: .15rem .2rem; color: var(--accent); text-align: start; cursor: pointer; border-radius: .3rem } .contents button:hover { text-decoration: underline }
.suggestions { position: absolute; z-index: 5; margin: 0; padding: .3rem; list-style: none; min-width: 14rem; max-width: min(26rem, calc(100% - 1rem)); max-height: 17rem; overflow-y: auto; background: var(--paper); border: 1px solid var(--line); border-radius: .6rem; box-shadow: 0 .6rem 2rem rgb(0 0 0 / .18) }
.suggestions [role="option"] { display: flex; gap: 1rem; justify-content: space-between; align-items: baseline; padding: .4rem .6rem; border-radius: .4rem; cursor: pointer; overflow-wrap: anywhere }
.suggestions [aria-selected="true"] { background: var(--tint); box-shadow: inset 3px 0 0 var(--accent) } .suggestions .detail { color: var(--soft); font-size: .85rem; text-align: end }
.ProseMirror pre { background: var(--bar); border: 1px solid var(--line); border-radius: .5rem; padding: .9rem 1.1rem; overflow-x: auto; font: .9rem/1.55 var(--mono); margin: 0 0 .9em; white-space: pre-wrap }
.ProseMirror code { font: .92em var(--mono) }
.ProseMirror :not(pre) > code { background: var(--tint); border-radius: .3rem; padding: .1em .35em }
.ProseMirror a { color: var(--accent); text-underline-offset: .15em }
.ProseMirror hr { border: 0; border-top: 1px solid var(--line); margin: 1.8em 0 }
.ProseMirror img.missing { padding: .8rem 1rem; border: 1px dashed var(--line); color: var(--soft); font-style: italic; width: auto; min-height: 1.5em }
.ProseMirror img { max-width: 100%; height: auto; border-radius: .4rem; display: block; margin: 0 0 .9em }
.ProseMirror .upload { display: inline-flex; align-items: center; gap: .6rem; background: var(--bar); border: 1px solid var(--line); border-radius: .4rem; padding: .2rem .6rem; font-size: .9rem; color: var(--soft); user-select: none; max-width: 100% }
.ProseMirror .upload progress { width: 8rem; accent-color: var(--accent) }
.ProseMirror .upload.failed { color: var(--bad); border-color: var(--bad) }
.ProseMirror .upload button { border: 0; background: none; cursor: pointer; padding: 0 .3rem; min-width: 1.5rem; min-height: 1.5rem }
.ProseMirror table { border-collapse: collapse; width: 100%; table-layout: fixed; margin: 0 0 1em }
.ProseMirror :is(td, th) { border: 1px solid var(--line); padding: .45rem .65rem; vertical-align: top; text-align: start; position: relative }
.ProseMirror th { background: var(--bar); font-weight: 600 }
.ProseMirror :is(td, th) > :last-child { margin-bottom: 0 }
.ProseMirror .selectedCell { background: var(--tint) }
.ProseMirror .is-empty::before { content: attr(data-placeholder); color: var(--soft); float: inline-start; height: 0; pointer-events: none }
.ProseMirror-selectednode { outline: 2px solid var(--accent); outline-offset: 2px }
.ProseMirror-hideselection *::selection { background: transparent }
.ProseMirror-gapcursor { display: none; pointer-events: none; position: absolute }
.ProseMirror-gapcursor::after { content: ""; display: block; position: absolute; top: -2px; width: 20px; border-top: 2px solid var(--ink) }
.ProseMirror-focused .ProseMirror-gapcursor { display: block }
.ProseMirror-separator { display: inline !important; border: none !important; margin: 0 !important; width: 0 !important; height: 0 !important }
.drop-cursor { background: var(--accent) }
.unisson-unsupported { background: var(--bar); border: 1px dashed var(--soft); border-radius: .4rem; padding: .2rem .6rem; color: var(--soft) }
div.unisson-unsupported { margin: 0 0 .9em; padding: .6rem .9rem }
.unisson-selection { background: color-mix(in srgb, var(--unisson-person) 22%, transparent) }
.unisson-comment { background: color-mix(in srgb, var(--comment) 28%, transparent); border-bottom: 2px solid var(--comment); cursor: pointer }
.unisson-comment.active { background: color-mix(in srgb, var(--comment) 55%, transparent) }
.comment-here { position: absolute; z-index: 4; display: inline-flex; align-items: center; gap: .4rem; min-height: 2.25rem; padding: .25rem .7rem; color: var(--paper); background: var(--accent); border: 0; border-radius: .4rem; box-shadow: 0 .3rem 1rem rgb(0 0 0 / .25); cursor: pointer }
.unisson-caret { position: relative; border-inline-start: 2px solid var(--unisson-person); margin-inline: -1px; word-break: normal; pointer-events: none }
.unisson-caret-name { position: absolute; bottom: 100%; inset-inline-start: -2px; background: var(--unisson-person); color: #fff; font: 600 .7rem/1.35 var(--font); padding: .1rem .4rem; border-radius: .35rem .35rem .35rem 0; white-space: nowrap; user-select: none; pointer-events: none; max-width: 14rem; overflow: hidden; text-overflow: ellipsis; z-index: 2 }
.unisson-caret-name:empty { display: none }

.status-line { display: flex; align-items: center; gap: 1rem; flex-wrap: wrap; border-top: 1px solid var(--line); background: var(--bar); border-radius: 0 0 .6rem .6rem; padding: .4rem .9rem; font-size: .88rem; color: var(--soft); min-height: 2.7rem }
.state { display: inline-flex; align-items: center; gap: .4rem }
.state .icon { width: 1.1rem; height: 1.1rem }
.state[data-state="saved"] { color: var(--good) }
.room { display: inline-flex; align-items: center; gap: .4rem; color: var(--ink) }
.room:empty { display: none }
.room .icon { width: 1.1rem; height: 1.1rem }
.state:is([data-state="refused"], [data-state="failed"], [data-state^="full"]) { color: var(--bad); font-weight: 600 }
.state[data-state^="offline"] { color: var(--ink); font-weight: 600 }
.state:is([data-state="saving"], [data-state="syncing"], [data-state="connecting"]) .icon { animation: turn 1.2s linear infinite }
@keyframes turn { to { transform: rotate(1turn) } }
@media (prefers-reduced-motion: reduce) { .state .icon { animation: none !important } }
.people { display: flex; list-style: none; margin: 0 0 0 auto; padding: 0 }
.face { width: 1.9rem; height: 1.9rem; margin-inline-start: -.35rem; border-radius: 50%; display: grid; place-items: center; background: var(--unisson-person, var(--soft)); color: #fff; font: 600 .72rem/1 var(--font); box-shadow: 0 0 0 2px var(--bar) }
.face.more { background: var(--soft) }
@media (max-width: 40rem) {
  .toolbar { overflow-x: auto; scrollbar-width: none }
  .tools { flex-wrap: nowrap; width: max-content }
  .tools > * { flex: none }
}
@media print {
  .toolbar, .status-line, .unisson-caret, .comment-here { display: none }
  .unisson-comment { background: none; border: 0 }
  .frame { border: 0; min-height: 0 } .text { overflow: visible } .ProseMirror { padding: 0; max-width: none }
}
`

/**
 * Sizes follow what the reader has set, but not a page that sets its root to ten pixels, as Bootstrap 3
 * does. Media queries never heard of the root's size.
 */
const ROOT_SIZES = /(?<!@media[^{]*)(-?[\d.]+)rem\b/g

let sheet: CSSStyleSheet | null = null

/** One sheet for all editors of a page. */
export const styleSheet = (): CSSStyleSheet => {
  if (sheet === null) {
    sheet = new CSSStyleSheet()
    sheet.replaceSync(`:host { --rem: max(1rem, 16px) }${CSS.replace(ROOT_SIZES, 'calc($1 * var(--rem))')}`)
  }
  return sheet
}
