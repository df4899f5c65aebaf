import type { ReportScore } from '../report.ts';
import type { Tracked } from './tracked.ts';

/** A minimum that a recipe sets, held against what was measured. */
export interface MinimumCheck {
  set: string;
  /** As the recipe names who answers. */
  system: string;
  /** Least share of right answers. */
  minimum: number;
  /** Undefined where that system was not measured, such as an expert that is not trained; then it is not passed. */
  score?: ReportScore;
  isPassed: boolean;
}

/** Some systems on some sets and nothing else: no report is written. */
export interface MeasureRequest extends Tracked {
  recipe: string;
  /** Without it, those that have a minimum. */
  sets?: string[];
  /** As the recipe names who answers: `auto`, `base`, an expert, a blend or a merge. Without it, those with a minimum. */
  systems?: string[];
}
export interface MeasureResult {
  measured: Measured[];
  /** The minima of what was measured. */
  gates: MinimumCheck[];
}
export interface Measured {
  set: string;
  system: string;
  score: ReportScore;
  /** The dataset. */
  path: string;
  /** The first wrong answers, with the line of the dataset that each example begins on. */
  wrong: { line: number; prompt: string; expected: string; got: string }[];
}
