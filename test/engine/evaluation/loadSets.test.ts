import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadSets, problemsOf } from '../../../src/engine/evaluation/loadSets.ts';
import { openExperiment } from '../../../src/experiment/experiment.ts';
import { tinyExperiment, writeJsonLines } from '../../support/tinyExperiment.ts';

const media = fileURLToPath(new URL('../../../media', import.meta.url));

test('what of held-out data is not used is told once for each dataset', async () => {
  const set = { data: 'held.jsonl', expert: 'math' };
  const recipe = tinyExperiment({ evaluation: { sets: { one: set, two: { ...set, limit: 1 } } } });
  const row = { prompt: 'a', completion: 'b', tests: ['f(1) === 1'], topic: 'x' };
  writeJsonLines(join(dirname(recipe), 'held.jsonl'), [row, row]);
  const sets = await loadSets(await openExperiment(recipe, media));
  assert.deepEqual(
    sets.map(s => s.items.map(i => i.tests)),
    [[row.tests, row.tests], [row.tests]],
  );
  assert.deepEqual(
    problemsOf(sets).map(p => p.message),
    ["held.jsonl:1: the field 'topic' is not used (2 lines have it)."],
  );
});

test('examples with tools are refused, since questions are answered without', async () => {
  const recipe = tinyExperiment({ evaluation: { sets: { one: { data: 'held.jsonl', expert: 'math' } } } });
  const row = { prompt: 'a', completion: 'b' };
  writeJsonLines(join(dirname(recipe), 'held.jsonl'), [row, { ...row, tools: [{ name: 'f' }] }]);
  await assert.rejects(loadSets(await openExperiment(recipe, media)), {
    code: 'badData',
    message: /^held\.jsonl:2: a set of questions is answered without tools/,
  });
});
