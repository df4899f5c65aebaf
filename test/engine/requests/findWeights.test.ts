import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import type { FoundWeights } from '../../../src/protocol/engine/weighing.ts';
import { engineArguments, runCli, testEngine } from '../../support/programs.ts';
import { tinyExperiment, writeJsonLines } from '../../support/tinyExperiment.ts';

const withoutTime = ({ seconds: _, ...found }: FoundWeights) => found;

test('weights of a blend from a few examples', async t => {
  const engine = testEngine(t);
  const recipe = tinyExperiment({ training: { steps: 30, batchSize: 4, learningRate: 2e-3, validateEvery: 0 } });
  await engine.request('train', { recipe, resume: false });
  const folder = dirname(recipe);
  // Sums that math has not seen, of its form; code has nothing to say of them.
  writeJsonLines(
    join(folder, 'few.jsonl'),
    Array.from({ length: 10 }, (_, i) => ({
      prompt: `What is ${i + 20} + ${i + 21}?`,
      completion: String(2 * i + 41),
    })),
  );

  await t.test(
    'by the loss of their answers: math has the weight, and the judgement is of examples not used',
    async () => {
      const wish = { recipe, data: 'few.jsonl', evaluations: 10 };
      const told: string[] = [];
      const onProgress = ({ message }: { message: string }) => void told.push(message);
      const found = await engine.request('findWeights', wish, { onProgress });
      assert.deepEqual([found.by, found.source, found.examples, found.of], ['loss', 'few.jsonl', 10, 10]);
      assert.ok(told.includes('trying weights'));
      const { math, code } = found.weights as { math: number; code: number };
      assert.ok(math > 0.3 && math > code + 0.2, JSON.stringify(found.weights));
      assert.equal(found.parts.length, 5);
      const of = (kind: string) => found.controls.find(control => control.kind === kind)!;
      assert.equal(of('expert').expert, 'math');
      for (const { figure, difference, low, high } of found.controls) {
        assert.ok(Math.abs(found.figure - figure - difference) < 1e-6);
        assert.ok(low <= difference && difference <= high);
      }
      assert.ok(of('base').high < 0, `better than the base, beyond noise: ${JSON.stringify(of('base'))}`);
      assert.ok(of('equal').difference < 0, JSON.stringify(of('equal')));
      const again = await engine.request('findWeights', wish);
      assert.deepEqual(withoutTime(again), withoutTime(found));
      const other = await engine.request('findWeights', { ...wish, examples: 6, evaluations: 2, seed: 5 });
      assert.notDeepEqual(other.parts, found.parts);
    },
  );

  await t.test('by scored answers: within the bounds, the same with the same seed', async () => {
    await assert.rejects(
      engine.request('findWeights', { recipe, set: 'math', scorer: 'exact' }),
      /math\.jsonl has 4 examples/,
    );
    const wanted = { recipe, data: 'few.jsonl', scorer: 'final' as const, evaluations: 4, examples: 6 };
    const found = await engine.request('findWeights', wanted);
    assert.deepEqual([found.by, found.examples, found.of, found.parts.length], ['final', 6, 10, 2]);
    for (const weight of Object.values(found.weights)) assert.ok(Math.abs(weight) <= 1.5);
    assert.ok(found.figure >= 0 && found.figure <= 1);
    assert.deepEqual(withoutTime(await engine.request('findWeights', wanted)), withoutTime(found));
  });

  await t.test('the command line tells and saves them', async () => {
    const few = join(folder, 'few.jsonl');
    const { code, stdout, stderr } = await runCli([
      ...['weights', recipe, '--data', few, '--examples', '5', '--evaluations', '4', '--save', 'found'],
      ...engineArguments.slice(2),
    ]);
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^math \d\.\d\d, code -?\d\.\d\d\nFound by the loss of their answers, from 5 of 10 examples of /,
    );
    const { math } = JSON.parse(readFileSync(recipe, 'utf8')).blends.found;
    assert.ok(stdout.startsWith(`math ${math.toFixed(2)}, `), stdout);
  });

  await t.test('it can be cancelled, and says what is missing', async () => {
    const stop = new AbortController();
    const cancelled = engine.request(
      'findWeights',
      { recipe, data: 'few.jsonl' },
      { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) },
    );
    await assert.rejects(cancelled, /enough|cancelled/);
    const asked = (params: object) => engine.request('findWeights', { recipe, ...params });
    await assert.rejects(asked({}), /weights are found from examples/);
    await assert.rejects(asked({ set: 'chess' }), /no evaluation set 'chess'/);
    await assert.rejects(asked({ data: 'few.jsonl', experts: ['chess'] }), /no trained expert 'chess'/);
    await assert.rejects(asked({ data: 'few.jsonl', experts: ['math'] }), /a blend needs two experts; only 'math'/);
  });
});
