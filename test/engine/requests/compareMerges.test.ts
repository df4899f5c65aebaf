import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { fixedMethods } from '../../../src/protocol/mergeMethod.ts';
import { testEngine } from '../../support/programs.ts';
import { tinyExperiment } from '../../support/tinyExperiment.ts';

const weights = { math: 0.5, code: 0.5 };

test('merges of weights that no recipe names', async t => {
  const engine = testEngine(t);
  const recipe = tinyExperiment({
    experts: { math: { data: { train: 'math.jsonl' } }, code: { data: { train: 'code.jsonl' }, lora: { rank: 4 } } },
  });
  await engine.request('train', { recipe, resume: false });

  await t.test('every method with its error, or why it cannot merge them', async () => {
    const told: string[] = [];
    const { methods } = await engine.request(
      'compareMerges',
      { recipe, weights, density: 0.5, rank: 3 },
      { onProgress: ({ message }) => told.push(message) },
    );
    assert.deepEqual(
      methods.map(({ method }) => method),
      fixedMethods,
    );
    assert.deepEqual(told, fixedMethods);
    const of = (wanted: string) => methods.find(({ method }) => method === wanted)!;
    assert.ok(of('cat').result!.relativeError! < 1e-6);
    assert.equal(of('cat').result!.rank, 6);
    assert.equal(of('svd').result!.rank, 3);
    const [svd, ties] = [of('svd').result!.relativeError!, of('ties_svd').result!.relativeError!];
    assert.ok(svd > 0 && svd < ties, `the best of its rank: ${svd} < ${ties}`);
    assert.match(of('linear').problem!, /linear needs equal ranks/);
  });

  await t.test('what is written has the error that was told before', async () => {
    const { methods } = await engine.request('compareMerges', { recipe, weights, methods: ['svd'] });
    const out = join(dirname(recipe), 'merged');
    const merged = await engine.request('merge', { recipe, weights, method: 'svd', out });
    assert.equal(methods.length, 1);
    const told = methods[0]!.result!;
    assert.deepEqual([merged.rank, merged.relativeError], [told.rank, told.relativeError]);
    assert.equal(merged.path, out);
  });

  await t.test('weights that mean nothing', async () => {
    const asked = (given: Record<string, number>) => engine.request('compareMerges', { recipe, weights: given });
    await assert.rejects(asked({ math: 0 }), /all weights are zero/);
    await assert.rejects(asked({ chess: 1 }), /has no expert 'chess'/);
    await assert.rejects(engine.request('merge', { recipe, weights }), /a folder to write to/);
  });
});
