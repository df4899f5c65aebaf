import type { MinimumCheck } from '../protocol/engine/evaluating.ts';
import type { ReportScore } from '../protocol/report.ts';

/** The kinds of systems that a name of a recipe can mean; the first kind that has one of that name wins. */
const named: readonly ReportScore['kind'][] = ['expert', 'blend', 'merge'];

/** The system that a recipe names: `auto` is the routed whole, `base` the base, else an expert, a blend or a merge. */
export function findSystem<S extends { kind: ReportScore['kind'] }>(
  systems: readonly S[],
  name: string,
  nameOf: (system: S) => string,
): S | undefined {
  if (name === 'auto') return systems.find(s => s.kind === 'routed');
  if (name === 'base') return systems.find(s => s.kind === 'base');
  return named.flatMap(kind => systems.filter(s => s.kind === kind && nameOf(s) === name))[0];
}

/** Compares the minima of sets with the scores on these sets; a system without a score does not pass. */
export function checkMinima(
  sets: Record<string, { minimum?: Record<string, number> }>,
  scores: readonly ReportScore[],
): MinimumCheck[] {
  return Object.entries(sets).flatMap(([set, { minimum = {} }]) => {
    const own = scores.filter(s => s.set === set);
    return Object.entries(minimum).map(([system, least]): MinimumCheck => {
      const score = findSystem(own, system, s => s.system);
      return { set, system, minimum: least, score, isPassed: score !== undefined && accuracyOf(score) >= least };
    });
  });
}

/** Share of right answers. */
function accuracyOf({ correct, total }: ReportScore): number {
  return total === 0 ? 0 : correct / total;
}
