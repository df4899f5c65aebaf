import { heatRules } from './heat.ts';
import { html } from './html.ts';

const lightColours = `--paper: #fff; --panel: #f6f8fa; --ink: #1b1f24; --muted: #57606a; --line: #d8dee4;
--accent: #1f5fa6; --accent-soft: #a3c5e8; --band: #eaf1f8; --grey: #8a939d; --warn: #a13a12;`;
const darkColours = `--paper: #14171b; --panel: #1b2026; --ink: #e3e7eb; --muted: #9da7b1; --line: #323940;
--accent: #7db6f0; --accent-soft: #35628f; --band: #1e2a37; --grey: #717b86; --warn: #f2a07a;`;

/** The page's only style sheet. Colours are custom properties; print always takes the light ones. */
export const style = html`<style>
:root { ${lightColours} }
${heatRules('light')}
@media screen and (prefers-color-scheme: dark) {
:root { ${darkColours} }
${heatRules('dark')}
}
* { box-sizing: border-box }
body { margin: 0 auto; padding: 28px 24px 40px; max-width: 1080px; background: var(--paper); color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif; font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere; text-rendering: optimizeLegibility }
h1, h2, h3, h4, p, dl, dd, ul { margin: 0; padding: 0 }
h1 { font-size: 26px; line-height: 1.25; font-weight: 650; letter-spacing: -0.01em; text-wrap: balance }
h2 { font-size: 18px; line-height: 1.3; font-weight: 650 }
h3 { font-size: 14px; font-weight: 600 }
h4 { font-size: 13px; font-weight: 600 }
a { color: var(--accent); text-underline-offset: 3px; text-decoration-thickness: 1px }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.kind, .subtitle, .note, .sub, caption, .key, .route { color: var(--muted) }
.kind, .note, caption, .key, .route { font-size: 12.5px }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
.sub { display: block; font-size: 11.5px; font-weight: 400; line-height: 1.35 }
.unit { font-weight: 400 }

.headline { display: grid; grid-template-columns: repeat(auto-fit, minmax(250px, 1fr)); margin: 20px 0 16px;
  border-block: 1px solid var(--line) }
.headline > div { padding: 14px 20px 16px; border-left: 1px solid var(--line) }
.headline > div:first-child { padding-left: 0; border-left: 0 }
.headline dt { font-size: 12.5px; color: var(--muted) }
.headline strong { display: block; font-size: 36px; line-height: 1.2; font-weight: 600; letter-spacing: -0.02em }
.headline .unit { font-size: 17px; letter-spacing: 0; color: var(--muted) }
.headline dd > span { font-size: 13px }
.headline .proved strong { color: var(--accent) }
.headline .warning strong, .headline .warning dd > span { color: var(--warn) }
nav { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 13px }

section { margin-top: 36px; padding-top: 14px; border-top: 1px solid var(--line) }
section > p { margin: 6px 0 14px; max-width: 78ch }
.columns { display: grid; gap: 24px 36px; grid-template-columns: minmax(0, 1fr) }
.columns > div { min-width: 0 }
.columns h3 + p, .columns h3 + ul, h3 + .scroll { margin-top: 4px }
section > .scroll:first-of-type { margin-top: 8px }
section > .scroll + h3 { margin-top: 22px }
.note { margin-bottom: 10px }

.scroll { overflow-x: auto; max-width: 100% }
table { border-collapse: collapse; overflow-wrap: normal }
caption { text-align: left; padding-bottom: 4px }
th { text-align: left; font-weight: 600 }
.number { text-align: right; white-space: nowrap }
.data { width: 100%; font-size: 13px }
.data th, .data td { padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top }
.data th:last-child, .data td:last-child { padding-right: 0 }
.data thead th { color: var(--muted); font-weight: 500; font-size: 12.5px; vertical-align: bottom }
.with-bar { display: inline-flex; align-items: center; gap: 8px }
.with-bar .bar { width: 90px; height: 8px }
.path { font-family: ui-monospace, 'Cascadia Mono', Menlo, Consolas, monospace; font-size: 11px }
.heat { border-collapse: separate; border-spacing: 2px; margin-left: -2px }
.heat thead th { padding: 2px 6px 4px; text-align: center; vertical-align: bottom }
.heat thead .sub { white-space: nowrap }
.heat tbody th { position: sticky; left: 0; padding: 3px 12px 3px 2px; background: var(--paper); white-space: nowrap }
.heat tbody td { min-width: 66px; padding: 5px 8px; text-align: center; font-weight: 600; border-radius: 3px }
.heat tbody td .sub { color: inherit; white-space: nowrap }
.heat td.own { outline: 2px solid currentColor; outline-offset: -4px }
.heat td.empty { color: var(--muted); font-weight: 400 }
.matrix { width: 100%; table-layout: auto }
.matrix tbody td { padding-block: 7px }
.hashes { margin-top: 10px; font-size: 12px; display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 2px 12px }
.hashes dt { color: var(--muted) }
.hashes dd { font-family: ui-monospace, 'Cascadia Mono', Menlo, Consolas, monospace; font-size: 11px; line-height: 18px }

svg { display: block; overflow: visible }
svg[role=img] { width: 100%; max-width: 380px; height: auto }
.narrow svg[role=img] { max-width: 240px }
svg text { font-size: 11px; fill: var(--ink) }
svg .title { font-size: 12.5px; font-weight: 600 }
svg .value { font-size: 11px; font-weight: 600; paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round }
.axes line { stroke: var(--line); stroke-width: 1 }
.axes text { fill: var(--muted) }
.line { fill: none; stroke-linejoin: round; stroke-linecap: round }
.line.accent { stroke: var(--accent); stroke-width: 2 }
.line.muted { stroke: var(--muted); stroke-width: 1; opacity: 0.75 }
line.dashed { stroke: var(--muted); stroke-width: 1.25; stroke-dasharray: 4 3 }
.gap { stroke: var(--accent); stroke-width: 1 }
.dot { fill: var(--accent); stroke: var(--paper); stroke-width: 1 }
.dot.see-through { fill-opacity: 0.55; stroke: var(--accent) }
.band { fill: var(--band) }
.bar rect.accent { fill: var(--accent) }
.bar rect.accent-soft { fill: var(--accent-soft) }
.bar rect.muted { fill: var(--grey) }
.multiples { display: grid; gap: 16px 24px; grid-template-columns: repeat(auto-fill, minmax(min(260px, 100%), 1fr)); margin-top: 8px }
.multiples.narrow { grid-template-columns: repeat(auto-fill, minmax(min(170px, 100%), 1fr)); gap: 12px 14px }
.bars { width: 100%; margin-top: 6px; font-size: 13px }
.bars th, .bars td { padding: 4px 12px 4px 0; font-weight: 400; white-space: nowrap }
.bars td:last-child { width: 60%; padding-right: 0 }
.key { display: flex; flex-wrap: wrap; gap: 2px 16px; list-style: none; margin: 6px 0 4px }
.key li { display: flex; align-items: center; gap: 6px }
.key-line { width: 18px; border-top: 2px solid var(--accent) }
.key-line.muted { border-top: 1px solid var(--muted) }
.key-line.dashed { border-top: 2px dashed var(--muted) }
.key-dot { width: 8px; height: 8px; border-radius: 50%; background: var(--accent) }
.key-block { width: 12px; height: 12px; border-radius: 2px; background: var(--band); border: 1px solid var(--line) }
.key-block.accent { background: var(--accent); border: 0 }
.key-block.accent-soft { background: var(--accent-soft); border: 0 }

details { margin-top: 8px }
summary { cursor: pointer; font-size: 13px; color: var(--muted); padding: 3px 0 }
summary h3 { display: inline; color: var(--ink); margin-right: 8px }
#examples details { border-top: 1px solid var(--line); padding: 6px 0 }
#examples .columns { margin: 6px 0 10px }
article { background: var(--panel); border-left: 3px solid var(--line); border-radius: 3px; padding: 9px 12px; margin-top: 8px }
.right article { border-left-color: var(--accent) }
.wrong article { border-left-color: var(--warn) }
.right h4 { color: var(--accent) }
.wrong h4 { color: var(--warn) }
article dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 4px 12px; font-size: 12.5px }
article dt { color: var(--muted) }
article dd { white-space: pre-wrap; unicode-bidi: isolate; font-family: ui-monospace, 'Cascadia Mono', Menlo, Consolas, monospace;
  font-size: 12px; line-height: 1.45; max-height: 20em; overflow: auto }
.route { margin-top: 6px }

footer { margin-top: 40px; padding-top: 14px; border-top: 1px solid var(--line); font-size: 12.5px }
footer h2 { font-size: 14px; margin-bottom: 6px }
footer dl div { display: grid; grid-template-columns: 90px minmax(0, 1fr); gap: 12px; margin-top: 3px }
footer dt { color: var(--muted) }

@media (min-width: 860px) {
.columns.two { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr) }
.columns.uneven { grid-template-columns: minmax(0, 2fr) minmax(0, 3fr) }
}
@media (max-width: 859px) {
.headline > div { padding-left: 0; border-left: 0 }
.headline > div + div { border-top: 1px solid var(--line) }
.data tbody th, .data tbody td { white-space: nowrap }
}
@media (max-width: 560px) {
body { padding: 16px 14px 28px }
.heat tbody td { min-width: 0; padding-inline: 4px }
.heat tbody th { padding-right: 6px }
.heat thead th { padding-inline: 2px }
.matrix thead .sub { white-space: normal }
.matrix tbody td .sub { font-size: 10.5px }
.bars th { white-space: normal }
.bars td:last-child { width: 45% }
}
@media print {
body { max-width: none; padding: 0; font-size: 10.5pt }
* { print-color-adjust: exact; -webkit-print-color-adjust: exact }
nav { display: none }
.scroll, article dd { overflow: visible; max-height: none }
tr, article, svg, .headline { break-inside: avoid }
h2, h3, h4 { break-after: avoid }
details::details-content { content-visibility: visible; display: block; height: auto }
}
</style>`;
