import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
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

  await t.test(
    'methods that are fitted to data, where they are asked for; a merge goes on from what was fitted',
    async () => {
      const told = new Set<string>();
      const onProgress = ({ message }: { message: string }) => void told.add(message);
      const wish = { recipe, weights, examples: 4, epochs: 2, steps: 3 };
      const { methods } = await engine.request(
        'compareMerges',
        { ...wish, methods: ['regmean', 'learned', 'distilled'] },
        { onProgress },
      );
      for (const { result, problem } of methods) assert.ok(result!.relativeError! > 0, problem);
      assert.ok(told.has('reading texts') && told.has('learning weights') && told.has('distilling'));
      const kept = join(dirname(recipe), 'runs', 'tiny', 'checkpoints', 'merge~~learned.safetensors');
      assert.ok(existsSync(kept));
      told.clear();
      const out = join(dirname(recipe), 'learned');
      const merged = await engine.request('merge', { ...wish, method: 'learned', out }, { onProgress });
      assert.equal(merged.relativeError, methods[1]!.result!.relativeError);
      assert.ok(!told.has('learning weights'), 'no step is taken again');
      assert.equal(existsSync(kept), false);
    },
  );

  await t.test('weights that mean nothing', async () => {
    const asked = (given: Record<string, number>) => engine.request('compareMerges', { recipe, weights: given });
    await assert.rejects(asked({ math: 0 }), /all weights are zero/);
    await assert.rejects(asked({ chess: 1 }), /has no expert 'chess'/);
    await assert.rejects(engine.request('merge', { recipe, weights }), /a folder to write to/);
  });
});
