import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { WorkbenchError } from '../../../src/protocol/errors.ts';
import { runCli, testEngine } from '../../support/programs.ts';
import { tinyExperiment } from '../../support/tinyExperiment.ts';

const engine = testEngine();
const sets = {
  sums: { data: 'math.jsonl', expert: 'math', limit: 4, minimum: { math: 0, auto: 0 } },
  functions: { data: 'code.jsonl', expert: 'code', limit: 3 },
};
const recipe = tinyExperiment({ evaluation: { sets, batchSize: 2 } });

const setMinimum = (minimum: object) => {
  const text = JSON.parse(readFileSync(recipe, 'utf8'));
  text.evaluation.sets.sums.minimum = minimum;
  writeFileSync(recipe, JSON.stringify(text));
};

before(async () => {
  await engine.request('train', { recipe, resume: false });
});

test('what has a minimum is measured, as in a whole evaluation, and nothing is written', async () => {
  const { measured, gates } = await engine.request('measure', { recipe });
  assert.deepEqual(
    measured.map(m => [m.set, m.system, m.score.system, m.score.total]),
    [
      ['sums', 'math', 'math', 4],
      ['sums', 'auto', 'routed', 4],
    ],
  );
  assert.deepEqual(
    gates.map(g => [g.system, g.isPassed]),
    [
      ['math', true],
      ['auto', true],
    ],
  );
  assert.ok(!existsSync(join(dirname(recipe), 'runs', 'tiny', 'report.json')));
  const { report, gates: whole } = await engine.request('evaluate', { recipe });
  assert.deepEqual(whole, gates);
  for (const { score } of measured)
    assert.deepEqual(
      report.scores.find(s => s.system === score.system && s.set === score.set),
      score,
    );
});

test('one system on one set: wrong answers come with the line of their example', async () => {
  const told: unknown[] = [];
  const { measured } = await engine.request(
    'measure',
    { recipe, sets: ['functions'], systems: ['base'] },
    { onProgress: ({ message, done, total }) => void told.push([message, done, total]) },
  );
  // Two batches.
  assert.deepEqual(told, [
    ['base on functions', 0, 3],
    ['base on functions', 2, 3],
  ]);
  const [only, ...others] = measured;
  assert.deepEqual(others, []);
  assert.equal(only!.path, join(dirname(recipe), 'code.jsonl'));
  const lines = readFileSync(only!.path, 'utf8').split('\n');
  assert.deepEqual([only!.score.correct, only!.wrong.length], [0, 3]);
  for (const { line, prompt, expected } of only!.wrong)
    assert.deepEqual(JSON.parse(lines[line - 1]!), { prompt, completion: expected });
});

test('what cannot be measured is said, with what to do', async () => {
  const fails = (params: object, code: string, words: RegExp) =>
    assert.rejects(engine.request('measure', { recipe, ...params }), (error: WorkbenchError) => {
      assert.ok(error instanceof WorkbenchError);
      assert.equal(error.code, code);
      assert.match(`${error.message} ${error.hint}`, words);
      return true;
    });
  await fails({ sets: ['sum'], systems: ['math'] }, 'notFound', /no evaluation set 'sum'.*sums, functions/);
  await fails({ systems: ['both'] }, 'notFound', /merge 'both' has not been made yet.*multi-lora merge/);
  await fails({ sets: ['functions'] }, 'badRecipe', /sets no minimum.*"minimum"/);
});

test('a measurement that is cancelled ends', async () => {
  const abort = new AbortController();
  const measuring = engine.request(
    'measure',
    { recipe, systems: ['math', 'auto', 'base'] },
    { signal: abort.signal, onProgress: ({ done }) => done > 0 && abort.abort() },
  );
  await assert.rejects(measuring, /abort/i);
});

test('the command line fails below a minimum, and says so as JSON too', async () => {
  setMinimum({ math: 0, base: 1 });
  const people = await runCli(['eval', recipe, '--gates', '--threads', '1']);
  assert.equal(people.code, 1, people.stderr);
  assert.match(people.stdout, /^passed {2}math on sums: \d+\.\d % \(.*; \d of 4\), minimum 0\.0 %$/m);
  assert.match(people.stdout, /^FAILED {2}base on sums: .* of 4\), minimum 100\.0 %$/m);
  const machine = await runCli(['eval', recipe, '--json', '--threads', '1']);
  assert.equal(machine.code, 1, machine.stderr);
  const { gates, reportPath } = JSON.parse(machine.stdout);
  assert.deepEqual(
    gates.map((g: { system: string; isPassed: boolean }) => [g.system, g.isPassed]),
    [
      ['math', true],
      ['base', false],
    ],
  );
  assert.ok(existsSync(reportPath));
  setMinimum({ math: 0 });
  assert.equal((await runCli(['eval', recipe, '--gates', '--threads', '1'])).code, 0);
});
