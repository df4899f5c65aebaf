import type { ComponentChildren } from 'preact';

/** A part that scrolls sideways where the page is too narrow, by keyboard too. */
export function Scrolling({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a section of the page has a heading; this part has a label alone.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <div class="scroll" role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

export interface Column {
  head: string;
  /** Numbers stand right, in figures of one width. */
  numeric?: boolean;
}

/** Columns of numbers, by their heads. */
export function numeric(...heads: readonly string[]): Column[] {
  return heads.map(head => ({ head, numeric: true }));
}

/** A plain table; the first cell of each row is its head. */
export function DataTable(props: {
  caption: string;
  columns: readonly Column[];
  rows: readonly (readonly ComponentChildren[])[];
}) {
  const { caption, columns, rows } = props;
  const kind = (i: number) => (columns[i]?.numeric ? 'number' : undefined);
  return (
    <Scrolling label={caption}>
      <table class="data">
        <caption>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ head }, i) => (
              <th key={i} scope="col" class={kind(i)}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              {row.map((cell, i) =>
                i === 0 ? (
                  <th key={i} scope="row" class={kind(i)}>
                    {cell}
                  </th>
                ) : (
                  <td key={i} class={kind(i)}>
                    {cell}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  );
}
