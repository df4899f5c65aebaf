import type { ComponentChildren } from 'preact';
import type { Report } from '../protocol/report.ts';
import { bytes, count, magnitude, significant } from '../text/numbers.ts';
import { DataTable, numeric } from './DataTable.tsx';

/** What was trained, and its loss curves, which the page draws. */
export function Training({ report, children }: { report: Report; children: ComponentChildren }) {
  return (
    <>
      {report.experts.length > 0 && <ExpertTable experts={report.experts} />}
      {children}
    </>
  );
}

function ExpertTable({ experts }: { experts: Report['experts'] }) {
  return (
    <DataTable
      caption="Experts"
      columns={[
        { head: 'expert' },
        ...numeric('rank', 'alpha', 'scaling'),
        { head: 'targets' },
        ...numeric('parameters', 'size', 'examples', 'steps', 'tokens', 'best validation loss'),
      ]}
      rows={experts.map(expert => [
        <>
          {expert.name}
          {expert.domain && expert.domain !== expert.name && <span class="sub">{expert.domain}</span>}
        </>,
        count(expert.rank),
        significant(expert.alpha),
        significant(expert.scaling),
        targetList(expert.targets),
        magnitude(expert.parameters),
        bytes(expert.bytes),
        count(expert.trainExamples),
        count(expert.steps),
        magnitude(expert.tokens),
        significant(expert.bestValidationLoss ?? Number.NaN),
      ])}
    />
  );
}

/** `q_proj, k_proj` → `q, k`: the suffix says nothing in a column of targets. */
function targetList(targets: readonly string[]): string {
  return targets.map(target => target.replace(/_proj$/, '')).join(' ');
}
