import { type Child, element } from './dom.ts';

export interface Column {
  head: Child;
  /** Numbers stand right, in figures of one width. */
  numeric?: boolean;
}

/** For screen readers alone, in a cell that the eye understands without words. */
export function spoken(text: string): HTMLElement {
  return element('span', { class: 'hidden' }, text);
}

/** A part that scrolls sideways where the page is too narrow, by keyboard too. */
function scrolling(label: string, content: Child): HTMLElement {
  return element('div', { class: 'scroll', role: 'region', 'aria-label': label, tabindex: 0 }, content);
}

/** A table of data; the first cell of each row is its head. */
export function dataTable(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Child[])[],
): HTMLElement {
  const kind = (i: number) => (columns[i]?.numeric ? 'number' : undefined);
  const head = columns.map((column, i) => element('th', { scope: 'col', class: kind(i) }, column.head));
  const body = rows.map(row => {
    const cells = row.map((cell, i) =>
      i === 0 ? element('th', { scope: 'row', class: kind(i) }, cell) : element('td', { class: kind(i) }, cell),
    );
    return element('tr', {}, cells);
  });
  return scrolling(
    caption,
    element(
      'table',
      { class: 'data' },
      element('caption', { class: 'hidden' }, caption),
      element('thead', {}, element('tr', {}, head)),
      element('tbody', {}, body),
    ),
  );
}
