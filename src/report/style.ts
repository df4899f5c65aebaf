import { heatRules } from './heat.ts';

/**
 * How a report is laid out, in the editor and in a file. Whoever uses it gives the colours: `--paper`, `--panel`, `--ink`,
 * `--muted`, `--line`, `--accent`, `--soft`, `--band`, `--grey`, `--good`, `--bad`, the font `--mono`, and `heatRules`.
 * Sizes follow the page's own font.
 */
export const structure = `
h1, h2, h3, h4, p, dl, dd, ul, figure { margin: 0; padding: 0 }
h1 { font-size: 1.85em; line-height: 1.25; font-weight: 650; letter-spacing: -0.01em; text-wrap: balance }
h2 { font-size: 1.3em; line-height: 1.3; font-weight: 650 }
h3 { font-size: 1em; font-weight: 600 }
h4 { font-size: 0.93em; font-weight: 600 }
.subtitle, .note, .sub, caption, .keys, .route { color: var(--muted) }
.note, .data, .bars, .keys { font-size: 0.93em }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
.sub { display: block; font-size: 0.84em; font-weight: 400; line-height: 1.35 }
.unit { font-weight: 400 }

.headline { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(250px, 100%), 1fr)); margin: 20px 0 16px;
  border-block: 1px solid var(--line) }
.headline > div { padding: 14px 20px 16px; border-left: 1px solid var(--line) }
.headline > div:first-child { padding-left: 0; border-left: 0 }
.headline dt { font-size: 0.9em; color: var(--muted) }
.headline strong { display: block; font-size: 2.55em; line-height: 1.2; font-weight: 600; letter-spacing: -0.02em }
.headline .unit { font-size: 0.48em; letter-spacing: 0; color: var(--muted) }
.headline dd > span { font-size: 0.93em }
.headline .proved strong { color: var(--good) }
.headline .warning strong, .headline .warning dd > span { color: var(--bad) }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none }

section { margin-top: 36px; padding-top: 14px; border-top: 1px solid var(--line) }
.lead { margin: 6px 0 14px; max-width: 90ch }
.note { margin: 4px 0 6px; max-width: 90ch }
.columns { display: grid; gap: 20px 40px; grid-template-columns: repeat(auto-fit, minmax(min(470px, 100%), 1fr)) }
.columns > div { min-width: 0 }
.plot-figure { width: fit-content; max-width: 100%; margin-top: 4px }
.scroll + .plot-figure { margin-top: 22px }
.columns .plot-figure { margin-top: 0 }
.picture { width: fit-content }
.plot-figure figcaption { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: center; justify-content: space-between; margin-bottom: 4px }

.scroll { overflow-x: auto; max-width: 100% }
table { border-collapse: collapse; overflow-wrap: normal }
caption { text-align: left; padding-bottom: 4px }
th { text-align: left; font-weight: 600 }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
.data th, .data td { padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top }
.data th:last-child, .data td:last-child { padding-right: 0 }
.data thead th { max-width: 24ch; color: var(--muted); font-weight: 500; vertical-align: bottom; white-space: normal }
.data tbody th { font-weight: 600 }
section > .scroll > .data { min-width: min(100%, 760px) }
.columns > div > .scroll > .data { width: 100%; max-width: 560px }
.with-bar { display: inline-flex; align-items: center; gap: 8px }
.with-bar .bar { width: 70px; height: 8px }
.path, .hashes dd { font-family: var(--mono); font-size: 0.8em }
.heat { border-collapse: separate; border-spacing: 2px; margin-left: -2px; font-variant-numeric: tabular-nums }
.heat thead th { padding: 2px 6px 4px; text-align: center; vertical-align: bottom }
.heat .sub { white-space: nowrap }
.heat tbody th { position: sticky; left: 0; padding: 3px 12px 3px 2px; background: var(--paper); white-space: nowrap }
.heat tbody td { min-width: 4.8em; padding: 5px 8px; text-align: center; font-weight: 600; border-radius: 3px }
.heat td:has(.sub) { min-width: 7.6em }
.heat td .sub { color: inherit }
.heat .own { outline: 2px solid currentColor; outline-offset: -4px }
.heat .plain { color: var(--muted) }
.hashes { margin-top: 10px; font-size: 0.9em; display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 2px 12px }
.hashes dt { color: var(--muted) }
.hashes dd { overflow-wrap: anywhere }

.plot { display: block; overflow: visible; flex: none }
.plot text { font-size: 11px; fill: var(--ink) }
.plot .title { font-size: 12.5px; font-weight: 600 }
.plot .value { font-weight: 600; paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round }
.plot .axes line { stroke: var(--line); stroke-width: 1 }
.plot .axes text { fill: var(--muted) }
.plot .line { fill: none; stroke-linejoin: round; stroke-linecap: round }
.plot .line.accent { stroke: var(--accent); stroke-width: 2 }
.plot .line.muted { stroke: var(--muted); stroke-width: 1; opacity: 0.75 }
.plot .dashed { stroke: var(--muted); stroke-width: 1.25; stroke-dasharray: 4 3 }
.plot .gap { stroke: var(--accent); stroke-width: 1 }
.plot .dot { fill: var(--accent); stroke: var(--paper); stroke-width: 1 }
.plot .see-through { fill-opacity: 0.55; stroke: var(--accent) }
.band { fill: var(--band) }
rect.accent { fill: var(--accent) }
.soft { fill: var(--soft) }
.grey { fill: var(--grey) }
.multiples { display: flex; flex-wrap: wrap; gap: 14px 20px; margin-top: 8px }
.multiples .plot { flex: 1 1 250px; min-width: 0; max-width: 380px; height: auto }
.multiples.small .plot { flex-basis: 145px; max-width: 240px }
.bar { display: block; width: 240px; height: 12px }
.bars th, .bars td { padding: 4px 14px 4px 0; font-weight: 400; white-space: nowrap }
.keys { display: flex; flex-wrap: wrap; gap: 2px 16px; list-style: none; margin: 6px 0 4px }
.keys li { display: flex; align-items: center; gap: 6px }

summary { cursor: pointer; padding: 3px 0; font-size: 0.93em; color: var(--muted) }
summary h3 { display: inline; color: var(--ink); margin-right: 8px }
article { margin-top: 8px; padding: 9px 12px; background: var(--panel); border: 1px solid var(--line); border-left: 3px solid;
  border-radius: 3px }
.right article { border-left-color: var(--good) }
.wrong article { border-left-color: var(--bad) }
article dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 4px 12px; font-size: 0.9em }
article dt { color: var(--muted) }
article dd { max-height: 20em; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate;
  font-family: var(--mono); line-height: 1.45 }
.route { margin-top: 6px; font-size: 0.9em }

footer { margin-top: 40px; padding-top: 14px; border-top: 1px solid var(--line); font-size: 0.9em }
footer h2 { font-size: 1.1em; margin-bottom: 6px }
.facts div { display: grid; grid-template-columns: 7em minmax(0, 1fr); gap: 12px; margin-top: 3px }
.facts dt { color: var(--muted) }
.facts dd { overflow-wrap: anywhere }

@media (min-width: 860px) {
.columns.uneven { grid-template-columns: minmax(0, 2fr) minmax(0, 3fr) }
}
@media (max-width: 859px) {
.headline > div { padding-left: 0; border-left: 0 }
.headline > div + div { border-top: 1px solid var(--line) }
.data tbody th, .data tbody td { white-space: nowrap }
}
@media (max-width: 560px) {
.heat tbody td, .heat td:has(.sub) { min-width: 0; padding-inline: 5px }
.heat tbody th { padding-right: 6px }
.heat thead th { padding-inline: 2px }
.heat thead .sub { white-space: normal }
.heat td .sub { font-size: 0.76em }
.bars th { white-space: normal }
.bar { width: 110px }
}
`;

const lightColours = `--paper: #fff; --panel: #f6f8fa; --ink: #1b1f24; --muted: #57606a; --line: #d8dee4;
--accent: #1f5fa6; --soft: #a3c5e8; --band: #eaf1f8; --grey: #8a939d; --good: var(--accent); --bad: #a13a12;`;
const darkColours = `--paper: #14171b; --panel: #1b2026; --ink: #e3e7eb; --muted: #9da7b1; --line: #323940;
--accent: #7db6f0; --soft: #35628f; --band: #1e2a37; --grey: #717b86; --good: var(--accent); --bad: #f2a07a;`;

/** The only style sheet of a report's file. Print always takes the light colours. */
export const fileStyle = `
:root { --mono: ui-monospace, 'Cascadia Mono', Menlo, Consolas, monospace; ${lightColours} }
${heatRules('light')}
@media screen and (prefers-color-scheme: dark) {
:root { ${darkColours} }
${heatRules('dark')}
}
* { box-sizing: border-box }
body { margin: 0 auto; padding: 28px 24px 40px; max-width: 1080px; background: var(--paper); color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif; font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere; text-rendering: optimizeLegibility }
a { color: var(--accent); text-underline-offset: 3px; text-decoration-thickness: 1px }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.kind { font-size: 0.9em; color: var(--muted) }
nav { font-size: 0.93em }
${structure}
.right h4 { color: var(--good) }
.wrong h4 { color: var(--bad) }
#examples details { border-top: 1px solid var(--line); padding: 6px 0 }
#examples .columns { margin: 6px 0 10px }
@media (max-width: 560px) {
body { padding: 16px 14px 28px }
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
`;
