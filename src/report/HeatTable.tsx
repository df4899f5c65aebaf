import { heatClass } from './heat.ts';

interface Head {
  text: string;
  /** In small letters below. */
  sub?: string | undefined;
}

export interface HeatCell {
  text: string;
  sub?: string | undefined;
  /** From 0 to 1, its colour; a cell without one has none. */
  share?: number | undefined;
  /** Where a row is expected to be good. */
  isOwn?: boolean;
}

export interface HeatRow {
  head: Head;
  cells: readonly HeatCell[];
}

/** A table whose cells are coloured by a share. Every cell has its number, so that colour carries nothing alone. */
export function HeatTable(props: { caption: string; columns: readonly Head[]; rows: readonly HeatRow[] }) {
  return (
    <table class="heat">
      <caption class="hidden">{props.caption}</caption>
      <thead>
        <tr>
          <td />
          {props.columns.map((head, i) => (
            <th key={i} scope="col">
              <WithSub {...head} />
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {props.rows.map(({ head, cells }, row) => (
          <tr key={row}>
            <th scope="row">
              <WithSub {...head} />
            </th>
            {cells.map((cell, i) => (
              <td key={i} class={cellClass(cell)}>
                <WithSub {...cell} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function cellClass({ share, isOwn }: HeatCell): string {
  if (share === undefined) return 'plain';
  return isOwn ? `${heatClass(share)} own` : heatClass(share);
}

function WithSub({ text, sub }: Head) {
  return (
    <>
      {text}
      {sub && <span class="sub">{sub}</span>}
    </>
  );
}
