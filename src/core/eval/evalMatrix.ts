import { type Accuracy, accuracyOf } from './metrics.ts';

/** One question asked of one system. A system is the base, an expert, the routed whole or a merge. */
export interface EvalOutcome {
  system: string;
  domain: string;
  correct: boolean;
}

/** How well each system answers each domain's held-out questions. */
export interface EvalMatrix {
  /** In order of first appearance. */
  systems: string[];
  /** In order of first appearance. */
  domains: string[];
  /** `[system, domain]`; null where a system was not asked. */
  cells: (Accuracy | null)[][];
  /** `[system]`: all domains' questions together. */
  overall: Accuracy[];
}

export function assembleMatrix(outcomes: readonly EvalOutcome[]): EvalMatrix {
  const systems = [...new Set(outcomes.map(outcome => outcome.system))];
  const domains = [...new Set(outcomes.map(outcome => outcome.domain))];
  const row = new Map(systems.map((system, i) => [system, i]));
  const column = new Map(domains.map((domain, i) => [domain, i]));
  const tallies = systems.map(() => domains.map(() => ({ correct: 0, total: 0 })));
  for (const { system, domain, correct } of outcomes) {
    const tally = tallies[row.get(system)!]![column.get(domain)!]!;
    tally.total++;
    tally.correct += correct ? 1 : 0;
  }
  return {
    systems,
    domains,
    cells: tallies.map(each => each.map(({ correct, total }) => (total === 0 ? null : accuracyOf(correct, total)))),
    overall: tallies.map(each =>
      accuracyOf(
        each.reduce((sum, { correct }) => sum + correct, 0),
        each.reduce((sum, { total }) => sum + total, 0),
      ),
    ),
  };
}
