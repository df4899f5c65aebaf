import type { DescribeResult } from '../../protocol/engine/experts.ts';
import { mergeMethods, mergeMethodTexts } from '../../protocol/mergeMethod.ts';
import type { Report, ReportScore } from '../../protocol/report.ts';
import type { Weights } from '../../protocol/target.ts';
import type { Evaluated, Lab } from '../../protocol/views/blend.ts';
import type { Recipe } from '../../recipe/schema.ts';
import { refusalText } from '../../text/demonstration.ts';

/** What can be blended, what blends can begin with, and what a report says of blends and merges. */
export function labOf(
  described: DescribeResult,
  recipe: Recipe,
  report: Report | undefined,
): Pick<Lab, 'base' | 'demonstration' | 'experts' | 'presets' | 'sets' | 'evaluated' | 'methods'> {
  const { experts, blends, base } = described;
  const proposed = (report?.blends ?? []).filter(({ source }) => source === 'scores');
  return {
    base: recipe.base === 'embedded' ? `embedded base (${base.architecture})` : recipe.base,
    demonstration: refusalText({ abstained: true }, described),
    experts: experts.map(({ name, domain, description, isTrained }) => ({ name, domain, description, isTrained })),
    presets: [
      ...blends.map(({ name, weights }) => ({ name, weights, source: 'recipe' as const })),
      ...proposed.map(({ name, weights }) => ({ name, weights, source: 'scores' as const })),
    ],
    sets: report?.sets.map(({ name }) => name) ?? [],
    evaluated: report ? evaluatedIn(report, recipe) : [],
    methods: mergeMethods.map(name => ({ name, text: mergeMethodTexts[name] })),
  };
}

/** Base, experts, blends and merges by their weights, with their scores. */
function evaluatedIn({ experts, blends, merges, scores }: Report, recipe: Recipe): Evaluated[] {
  const scored = (kind: ReportScore['kind'], system: string, weights: Weights) => ({
    weights,
    scores: scores
      .filter(score => score.kind === kind && score.system === system)
      .map(({ set, correct, total }) => ({ set, accuracy: total > 0 ? correct / total : 0, total })),
  });
  return [
    scored('base', 'base', {}),
    ...experts.map(({ name }) => scored('expert', name, { [name]: 1 })),
    ...blends.map(({ name, weights }) => scored('blend', name, weights)),
    ...merges.map(({ name, method, rank, weights }) => ({
      ...scored('merge', name, weights),
      method,
      rank,
      // A report does not say it; where the recipe still has the merge, it is the recipe's.
      density: recipe.merges[name]?.method === method ? recipe.merges[name].density : undefined,
    })),
  ];
}
