import assert from 'node:assert/strict';
import test from 'node:test';
import { checkMinima } from '../../src/evaluation/minima.ts';
import type { ReportScore } from '../../src/protocol/report.ts';
import { parseRecipe } from '../../src/recipe/parse.ts';

const score = (system: string, kind: ReportScore['kind'], set: string, correct: number): ReportScore => ({
  ...{ system, kind, set, correct, total: 10 },
  low: 0,
  high: 1,
});

const recipe = (minimum: object, set = 'sums') =>
  JSON.stringify({
    experts: { math: { adapter: 'a' }, both: { adapter: 'b' } },
    blends: { both: { math: 0.5, both: 0.5 } },
    merges: { all: { weights: { math: 1, both: 1 } } },
    evaluation: { sets: { [set]: { data: 'held.jsonl', expert: 'math', minimum } } },
  });

const setsOf = (minimum: object) => parseRecipe(recipe(minimum)).recipe!.evaluation.sets;

test('a minimum is reached by as much, and missed by less; what was not measured is missed', () => {
  const scores = [
    score('base', 'base', 'sums', 1),
    score('math', 'expert', 'sums', 9),
    score('routed', 'routed', 'sums', 8),
    score('both', 'blend', 'sums', 2),
    score('both', 'expert', 'sums', 7),
    score('math', 'expert', 'others', 0),
  ];
  const checks = checkMinima(setsOf({ math: 0.9, auto: 0.81, base: 0.1, both: 0.7, all: 0 }), scores);
  assert.deepEqual(
    checks.map(c => [c.system, c.score?.kind, c.score?.correct, c.minimum, c.isPassed]),
    [
      ['math', 'expert', 9, 0.9, true],
      ['auto', 'routed', 8, 0.81, false],
      ['base', 'base', 1, 0.1, true],
      // An expert comes before a blend of its name.
      ['both', 'expert', 7, 0.7, true],
      ['all', undefined, undefined, 0, false],
    ],
  );
  assert.deepEqual(checkMinima(parseRecipe(recipe({})).recipe!.evaluation.sets, scores), []);
});

test('a minimum for a name that is not there, or above 1, is a problem of the recipe', () => {
  const problems = (minimum: object) => parseRecipe(recipe(minimum)).problems.map(p => [p.code, p.where]);
  assert.deepEqual(problems({ math: 0.9, auto: 0.5, base: 0, all: 1, both: 0.1 }), []);
  const where = 'evaluation.sets.sums.minimum.';
  assert.deepEqual(problems({ maht: 0.9 }), [['unknownExpert', `${where}maht`]]);
  assert.equal(problems({ math: 90 })[0]![1], `${where}math`);
});
