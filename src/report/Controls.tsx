import type { ShownReport } from '../protocol/views/report.ts';
import { percent } from '../text/numbers.ts';
import { advice, controlsOf, differenceText } from './controls.ts';
import { DataTable, numeric } from './DataTable.tsx';

/** What combines experts, beside what it has to beat. */
export function Controls({ shown: { report } }: { shown: ShownReport }) {
  const controls = controlsOf(report);
  const sentence = advice(report);
  return (
    <>
      {sentence && <p class="lead">{sentence}</p>}
      {controls && (
        <>
          <p class="note">
            Points of difference over all questions, compared question by question, with the 95 % interval; ▲ and ▼ are
            beyond noise. The oracle route asks each domain’s own expert, the random route an expert that is drawn, a
            random adapter is as large as the domain’s expert, layer by layer.
          </p>
          <DataTable
            caption="Routes, blends and merges beside controls"
            columns={[
              { head: 'system' },
              { head: 'kind' },
              ...numeric('all sets', ...controls.names.map(n => `less ${n}`)),
            ]}
            rows={controls.rows.map(({ system, kind, accuracy, differences }) => [
              system,
              kind,
              percent(accuracy),
              ...differences.map(differenceText),
            ])}
          />
        </>
      )}
    </>
  );
}
