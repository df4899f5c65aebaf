import { pairedDifference } from '../evaluation/metrics.ts';
import type { Report, ReportScore } from '../protocol/report.ts';
import { bytes, listing, percent, plural, signedPoints } from '../text/numbers.ts';
import { changeMark, type ScoreRow, scoreGrid } from './scoreGrid.ts';

/** A way of answering beside what it has to beat, over all questions. */
interface Comparison {
  system: string;
  kind: ReportScore['kind'];
  /** Share of right answers, over all sets. */
  accuracy: number;
  /** Its share less that of each control, in the order of the controls. */
  differences: Difference[];
}

/** In shares, with the 95 % interval over questions that both answered. */
interface Difference {
  difference: number;
  low: number;
  high: number;
  /** The interval leaves zero out. */
  beyondNoise: boolean;
}

export interface Controls {
  /** Names of what is compared with. */
  names: string[];
  rows: Comparison[];
}

/**
 * What combines experts beside the best single expert and the controls, question by question. Undefined where the report
 * holds too little for it, as those of earlier versions do.
 */
export function controlsOf(report: Report): Controls | undefined {
  const rows = scoreGrid(report).filter(row => row.overall && rightsOf(row));
  const single = best(rows.filter(row => row.kind === 'expert'));
  const controls = [single, ...rows.filter(row => row.kind === 'control')].filter(row => row !== undefined);
  const combined = rows.filter(({ kind }) => kind === 'routed' || kind === 'blend' || kind === 'merge');
  if (!single || controls.length < 2 || combined.length === 0) return undefined;
  return {
    names: controls.map(row => (row === single ? `best expert (${row.system})` : row.system)),
    rows: combined.map(row => ({
      system: row.system,
      kind: row.kind,
      accuracy: row.overall!.accuracy,
      differences: controls.map(control => difference(control, row)),
    })),
  };
}

/** Marked where it is beyond noise, with its interval. */
export function differenceText(d: Difference): string {
  return `${changeMark(d)}${signedPoints(d.difference)} (${signedPoints(d.low)} to ${signedPoints(d.high)})`;
}

/** One sentence on which to use: the router, a blend, a merge or one expert, and what it costs. */
export function advice(report: Report): string | undefined {
  const rows = scoreGrid(report).filter(row => row.overall && rightsOf(row));
  const routed = rows.find(row => row.kind === 'routed');
  if (!routed) return undefined;
  const figure = ({ overall }: ScoreRow) => percent(overall!.accuracy);
  const merge = best(rows.filter(row => row.kind === 'merge'));
  const single = best(rows.filter(row => row.kind === 'expert'));
  const blend = best(rows.filter(row => row.kind === 'blend'));
  // What is simpler comes first: it is used where the best of all is not better beyond noise.
  const candidates = [single, merge, routed, blend].filter(row => row !== undefined);
  const highest = best(candidates)!;
  const chosen = candidates.find(row => !difference(row, highest).beyondNoise)!;
  const others = candidates
    .filter(row => row !== chosen)
    .map(row => `${nameOf(row)} ${figure(row)}${difference(row, chosen).beyondNoise ? '' : ' (within noise)'}`);
  const { adaptersBytes } = report.storage;
  const costs: Partial<Record<ReportScore['kind'], string>> = {
    expert: 'it costs one adapter and no router',
    merge: 'it costs one adapter and no router',
    routed: `it costs ${plural(report.experts.length, 'adapter')} (${bytes(adaptersBytes)}) beside the base`,
    blend: `it costs ${plural(report.experts.length, 'adapter')} (${bytes(adaptersBytes)}) beside the base`,
  };
  const beside = others.length > 0 ? ` (${listing(others)})` : '';
  return `Use ${nameOf(chosen)}: ${figure(chosen)} of all questions${beside}; ${costs[chosen.kind]}.`;
}

function nameOf({ kind, system }: ScoreRow): string {
  return kind === 'routed' ? 'the router' : `the ${kind} ${system}`;
}

function best(rows: readonly ScoreRow[]): ScoreRow | undefined {
  return rows.reduce<ScoreRow | undefined>(
    (kept, row) => (kept && kept.overall!.accuracy >= row.overall!.accuracy ? kept : row),
    undefined,
  );
}

/** Which answers are right, over all sets in their order; undefined where a report does not say it. */
function rightsOf({ counted }: ScoreRow): number[] | undefined {
  if (counted.some(cell => cell?.right === undefined || cell.right.length !== cell.total)) return undefined;
  return counted.flatMap(cell => Array.from(cell!.right!, Number));
}

function difference(from: ScoreRow, to: ScoreRow): Difference {
  const [before, after] = [rightsOf(from)!, rightsOf(to)!];
  if (before.length !== after.length) return { difference: 0, low: -1, high: 1, beyondNoise: false };
  const found = pairedDifference(
    before,
    after,
    before.map(() => 1),
  );
  return { ...found, beyondNoise: found.low > 0 || found.high < 0 };
}
