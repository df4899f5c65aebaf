import type { ShownReport } from '../protocol/views/report.ts';
import { bytes, count, milliseconds, plural } from '../text/numbers.ts';
import { Figure, Keys } from './Figure.tsx';
import { Bar, type BarPart } from './Picture.tsx';

/** One base with its adapters against one full model per expert: disk, memory, and what switching costs. */
export function Storage({ shown }: { shown: ShownReport }) {
  const { baseBytes, adaptersBytes, fullCopiesBytes, adaptersResident, fullCopiesResident } = shown.report.storage;
  const n = shown.report.experts.length;
  const [shared, copies] = [`one base, ${plural(n, 'adapter')}`, plural(n, 'full model')];
  return (
    <>
      <p class="lead">{storageSentence(shown)}</p>
      <div class="columns">
        <div>
          <Figure title="On disk">
            <BarTable
              title="On disk"
              rows={[
                {
                  label: shared,
                  parts: [
                    { bytes: baseBytes, colour: 'soft' },
                    { bytes: adaptersBytes, colour: 'accent' },
                  ],
                },
                { label: copies, parts: [{ bytes: fullCopiesBytes, colour: 'grey' }] },
              ]}
            />
            <Keys
              keys={[
                ['block soft', 'base'],
                ['block accent', 'adapters'],
              ]}
            />
          </Figure>
        </div>
        {adaptersResident !== undefined && fullCopiesResident !== undefined && (
          <div>
            <Figure title="Peak resident memory">
              <BarTable
                title="Peak resident memory"
                rows={[
                  { label: shared, parts: [{ bytes: adaptersResident, colour: 'accent' }] },
                  { label: copies, parts: [{ bytes: fullCopiesResident, colour: 'grey' }] },
                ]}
              />
            </Figure>
          </div>
        )}
      </div>
    </>
  );
}

function storageSentence({ report, storage: { sharedBytes, copiesBytes } }: ShownReport): string {
  const { storage, switching, experts } = report;
  const size = `The base takes ${bytes(storage.baseBytes)} and ${plural(experts.length, 'adapter')} ${bytes(storage.adaptersBytes)} more, ${bytes(sharedBytes)} together; ${plural(experts.length, 'full model')} would take ${bytes(copiesBytes)}.`;
  if (!switching) return size;
  return `${size} Changing experts or weights takes ${milliseconds(switching.medianMs)} (median of ${count(switching.changes)} changes, at worst ${milliseconds(switching.worstMs)}).`;
}

interface BarRow {
  label: string;
  parts: { bytes: number; colour: BarPart['colour'] }[];
}

function BarTable({ title, rows }: { title: string; rows: readonly BarRow[] }) {
  const total = ({ parts }: BarRow) => parts.reduce((sum, part) => sum + part.bytes, 0);
  const longest = rows.map(total).reduce((a, b) => Math.max(a, b), 1);
  return (
    <table class="bars">
      <caption class="hidden">{title}</caption>
      <tbody>
        {rows.map((row, i) => (
          <tr key={i}>
            <th scope="row">{row.label}</th>
            <td class="number">{bytes(total(row))}</td>
            <td>
              <Bar parts={row.parts.map(part => ({ share: part.bytes / longest, colour: part.colour }))} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
