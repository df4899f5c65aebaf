import { type Accuracy, accuracyOf } from '../evaluation/metrics.ts';
import type { Report, ReportScore } from '../protocol/report.ts';

export interface ScoreRow {
  system: string;
  kind: ReportScore['kind'];
  /** One per set, in the report's order; undefined where the system was not asked. */
  cells: (ReportScore | undefined)[];
  /** Those of the experts' domains; of all sets where none is an expert's. */
  counted: (ReportScore | undefined)[];
  /** The questions of `counted` together; undefined unless the system was asked all of them. */
  overall: Accuracy | undefined;
}

const kinds: ReportScore['kind'][] = [
  'base',
  'expert',
  'routed',
  'blend',
  'merge',
  'elsewhere',
  'sequential',
  'control',
];

/** Systems × sets, systems ordered by kind and otherwise as they come. */
export function scoreGrid(report: Pick<Report, 'sets' | 'scores'>): ScoreRow[] {
  const rows = new Map<string, ScoreRow>();
  const first = new Map<string, ReportScore>();
  for (const score of report.scores) {
    const key = JSON.stringify([score.kind, score.system, score.set]);
    if (!first.has(key)) first.set(key, score);
  }
  const hasDomains = report.sets.some(set => set.expert !== undefined);
  const counts = report.sets.map(set => !hasDomains || set.expert !== undefined);
  for (const { system, kind } of report.scores) {
    // An expert and a blend may have the same name.
    const key = `${kind} ${system}`;
    if (rows.has(key)) continue;
    const cells = report.sets.map(set => first.get(JSON.stringify([kind, system, set.name])));
    const counted = cells.filter((_, i) => counts[i]);
    rows.set(key, { system, kind, cells, counted, overall: overallOf(counted) });
  }
  return [...rows.values()].sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
}

function overallOf(cells: readonly (ReportScore | undefined)[]): Accuracy | undefined {
  if (cells.length === 0 || cells.includes(undefined)) return undefined;
  return accuracyOf(
    cells.reduce((sum, cell) => sum + cell!.correct, 0),
    cells.reduce((sum, cell) => sum + cell!.total, 0),
  );
}

/** Share of right answers; 0 where nothing was asked. */
export function share({ correct, total }: { correct: number; total: number }): number {
  return total === 0 ? 0 : correct / total;
}

/** Beyond noise, and in which direction. */
export function changeMark({ beyondNoise, difference }: { beyondNoise: boolean; difference: number }): string {
  return beyondNoise ? (difference > 0 ? '▲ ' : '▼ ') : '';
}
