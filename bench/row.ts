import type { BaseName } from './bases.ts';

/** One line of the table: what was measured, against what, and what is to be reached. */
export interface Row {
  /** The group, as on the command line. */
  group: string;
  name: string;
  unit: string;
  value: number;
  /** What the value is compared with; undefined where it stands alone. */
  against: { name: string; value: number } | undefined;
  /** Both sides' fastest turns, where turns were taken: what they do while nothing else runs. */
  fastest?: { value: number; against: number };
  /** Undefined where the row is told and not judged. */
  target: Target | undefined;
  /** What a reader must know to believe the row: agreement of results, shapes, how it was counted. */
  notes: string[];
}

type Target =
  | { kind: 'ratioAtLeast'; is: number }
  | { kind: 'ratioAtMost'; is: number }
  | { kind: 'valueAtMost'; is: number }
  /** Of what a check has to tell from the others. */
  | { kind: 'valueAtLeast'; is: number };

/** A group of rows: one file each in rows/. */
export interface RowGroup {
  name: string;
  about: string;
  run(context: BenchContext): Promise<Row[]>;
}

export interface BenchContext {
  /** Threads each side may use. */
  threads: number;
  /** Seeds that the example's experts are trained with, where their scores are compared; 0 for not at all. */
  seeds: number;
  /** Bases that rows are measured on. */
  bases: readonly BaseName[];
  /** Folder for what is drawn. */
  out: string;
  /** Says what is under way. */
  say(message: string): void;
}

const timeUnits = new Set(['ms', 's']);

/** value / peer; for times peer / value, so that above 1 is always faster. */
export function ratioOf(row: Row): number | undefined {
  return row.against && ratio(row.unit, row.value, row.against.value);
}

/** The same for the fastest turns. */
export function fastestRatioOf(row: Row): number | undefined {
  return row.fastest && ratio(row.unit, row.fastest.value, row.fastest.against);
}

function ratio(unit: string, value: number, against: number): number {
  return timeUnits.has(unit) ? against / value : value / against;
}

/** Undefined where nothing is to be reached. */
export function isReached(row: Row): boolean | undefined {
  const { target } = row;
  if (!target) return undefined;
  if (target.kind === 'valueAtMost') return row.value <= target.is;
  if (target.kind === 'valueAtLeast') return row.value >= target.is;
  const ratio = ratioOf(row);
  if (ratio === undefined) return undefined;
  return target.kind === 'ratioAtLeast' ? ratio >= target.is : ratio <= target.is;
}

export function targetText(row: Row): string {
  const { target } = row;
  if (!target) return '';
  if (target.kind === 'valueAtMost') return `≤ ${target.is} ${row.unit}`;
  if (target.kind === 'valueAtLeast') return `≥ ${target.is} ${row.unit}`;
  return `${target.kind === 'ratioAtLeast' ? '≥' : '≤'} ${target.is}×`;
}
