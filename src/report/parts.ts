import { type Content, html, type Markup } from './html.ts';

/** A part of the page under its own heading; `id` is the target of the contents line. */
export interface Section {
  id: string;
  heading: string;
  body: Markup;
}

/** A table that scrolls sideways where the page is too narrow, by keyboard too. */
export function scrollingTable(label: string, table: Markup): Markup {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${table}</div>`;
}

export interface Column {
  head: Content;
  /** Numbers stand right, in figures of one width. */
  numeric?: boolean;
}

/** A plain table; the first cell of each row is its head. */
export function dataTable(caption: string, columns: readonly Column[], rows: readonly Content[][]): Markup {
  const kind = (i: number) => (columns[i]?.numeric ? 'number' : 'text');
  return scrollingTable(
    caption,
    html`<table class="data"><caption>${caption}</caption>
<thead><tr>${columns.map(({ head }, i) => html`<th scope="col" class="${kind(i)}">${head}</th>`)}</tr></thead>
<tbody>
${rows.map(
  row => html`<tr>${row.map((cell, i) =>
    i === 0 ? html`<th scope="row">${cell}</th>` : html`<td class="${kind(i)}">${cell}</td>`,
  )}</tr>
`,
)}</tbody></table>`,
  );
}

/** A horizontal bar of one or more parts, each a share of the full width. The number stands beside it as text. */
export function bar(parts: readonly { share: number; className: string }[]): Markup {
  let start = 0;
  const rects = parts.map(({ share, className }) => {
    const rect = html`<rect class="${className}" x="${width(start)}" width="${width(share)}" height="100%"/>`;
    start += share;
    return rect;
  });
  return html`<svg class="bar" aria-hidden="true" width="100%" height="12">${rects}</svg>`;
}

function width(share: number): string {
  return `${Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10}%`;
}
