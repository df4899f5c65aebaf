import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { labOf } from '../../../src/extension/blend/labOf.ts';
import type { DescribeResult } from '../../../src/protocol/engine/experts.ts';
import { mergeMethods } from '../../../src/protocol/mergeMethod.ts';
import type { Report } from '../../../src/protocol/report.ts';
import { parseRecipe } from '../../../src/recipe/parse.ts';
import { described as example } from '../ask/described.ts';

const { two } = JSON.parse(readFileSync(new URL('../../../webview/report/recorded.json', import.meta.url), 'utf8')) as {
  two: { report: Report }[];
};
const { report } = two[0]!;

const names = ['math', 'code', 'qa'];
const { recipe } = parseRecipe(
  JSON.stringify({
    experts: Object.fromEntries(names.map(name => [name, { adapter: name }])),
    merges: { 'all-ties': { method: 'ties', density: 0.3, weights: { math: 1, code: 1, qa: 1 } } },
  }),
);
const described: DescribeResult = {
  name: 'three',
  base: example.base,
  maxTokens: 64,
  answering: 'local',
  engines: [],
  experts: names.map(name => ({ name, domain: name, isTrained: true, isTrainable: false })),
  blends: [{ name: 'review', weights: { code: 0.8, qa: 0.2 }, isTrained: true }],
  merges: [],
};

test('without a report: experts, blends and methods', () => {
  const lab = labOf(described, recipe!, undefined);
  assert.deepEqual(lab.presets, [{ name: 'review', weights: { code: 0.8, qa: 0.2 }, source: 'recipe' }]);
  assert.deepEqual([lab.sets, lab.evaluated], [[], []]);
  assert.deepEqual(
    lab.methods.map(({ name }) => name),
    mergeMethods,
  );
});

test('with one: the weights it proposes, and the scores of everything that has weights', () => {
  const lab = labOf(described, recipe!, report);
  const proposed = report.blends.find(({ source }) => source === 'scores')!;
  assert.deepEqual(lab.presets[1], { name: proposed.name, weights: proposed.weights, source: 'scores' });
  assert.deepEqual(
    lab.sets,
    report.sets.map(({ name }) => name),
  );
  const math = lab.evaluated.find(({ weights }) => JSON.stringify(weights) === '{"math":1}')!;
  const score = report.scores.find(
    ({ kind, system, set }) => kind === 'expert' && system === 'math' && set === 'math',
  )!;
  assert.equal(math.scores.find(({ set }) => set === 'math')!.accuracy, score.correct / score.total);
  const ties = lab.evaluated.find(({ method }) => method === 'ties')!;
  assert.deepEqual([ties.density, ties.rank, ties.scores.length], [0.3, 16, 3]);
});
