import type { ShownReport } from '../protocol/views/report.ts';
import { fitText } from '../text/mergeFit.ts';
import { count, points, significant, weightList } from '../text/numbers.ts';
import { DataTable, numeric } from './DataTable.tsx';

/** Permanent merges: how each was made, how far it is from the exact sum, and what that did to its scores. */
export function Merges({ shown }: { shown: ShownReport }) {
  const { merges, sets } = shown.report;
  return (
    <>
      <p class="lead">
        Relative error is ‖merged − exact weighted sum‖ / ‖exact weighted sum‖, Frobenius norms over all layers; scores
        are per cent right.
      </p>
      <DataTable
        caption="Permanently merged adapters"
        columns={[
          { head: 'merge' },
          { head: 'method' },
          { head: 'weights' },
          ...numeric('rank', 'relative error', ...sets.map(set => `${set.name} %`)),
        ]}
        rows={merges.map(merge => [
          <>
            {merge.name}
            <span class="sub path">{merge.path}</span>
          </>,
          <>
            {merge.method}
            {merge.fit && <span class="sub">{fitText(merge.fit)}</span>}
          </>,
          weightList(merge.weights),
          count(merge.rank),
          significant(merge.relativeError),
          ...setScores(shown, 'merge', merge.name),
        ])}
      />
    </>
  );
}

/** Per cent right on each set; a dash where the system was not asked. */
export function setScores({ report, rows }: ShownReport, kind: 'merge' | 'blend', name: string): string[] {
  const row = rows.find(each => each.kind === kind && each.system === name);
  return report.sets.map((_, i) => {
    const accuracy = row?.cells[i]?.accuracy;
    return accuracy ? points(accuracy.accuracy) : '–';
  });
}
