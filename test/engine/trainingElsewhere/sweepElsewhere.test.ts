import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { SweepEvent } from '../../../src/protocol/sweep.ts';
import { testEngine } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { tinyExperiment } from '../../support/tinyExperiment.ts';
import { scriptInPlaceOfPython, shellInPlaceOfSsh } from '../../support/trainingScript.ts';

const skip = process.platform === 'win32' && 'a shell of POSIX stands in for the other machine';
const home = temporaryFolder();
process.env.MULTI_LORA_SSH = skip ? '' : shellInPlaceOfSsh(home);
const engine = testEngine();

/** A sweep of three rates on another machine: what comes of it, and what it tells. */
async function sweepThere(recipe: string, python: string, hear = (_: SweepEvent, __: () => void) => {}) {
  const events: SweepEvent[] = [];
  const stop = new AbortController();
  const grid = { recipe, rates: [1e-3, 2e-3, 4e-3], ranks: [2], steps: 2 };
  const result = await engine.request(
    'sweepElsewhere',
    { ...grid, on: { place: 'ssh:box', python } },
    {
      signal: stop.signal,
      onProgress(told) {
        if (told.kind !== 'event') return;
        events.push(told.event);
        hear(told.event, () => stop.abort());
      },
    },
  );
  const of = (type: SweepEvent['type']) => events.filter(event => event.type === type);
  return { ...result, grid, of, rates: result.sweep.points.map(point => point.learningRate) };
}

test('points of a sweep on another machine are one comparison with those of here; one that fails leaves the others', {
  skip,
}, async () => {
  // In 8 bits here it would be another comparison.
  const recipe = tinyExperiment({ training: { arithmetic: 'float', batchSize: 2 } });
  const python = scriptInPlaceOfPython({ steps: 1 });
  writeFileSync(join(dirname(python), '0.002'), '');
  const first = await sweepThere(recipe, python);
  assert.deepEqual([first.finished, first.rates], [false, [1e-3, 4e-3]]);
  assert.deepEqual(first.of('failed'), [{ type: 'failed', learningRate: 2e-3, rank: 2, message: 'out of memory' }]);
  assert.deepEqual([first.of('step').length, first.of('point').length], [3, 2]);
  assert.equal(first.sweep.startLoss, 2);
  assert.deepEqual(
    first.sweep.points.map(({ loss, diverged }) => [loss.toFixed(6), diverged]),
    [
      ['1.001000', false],
      ['1.004000', false],
    ],
  );
  assert.ok(existsSync(first.pagePath));
  assert.deepEqual(readdirSync(join(dirname(recipe), 'runs', 'tiny')), ['sweeps']);

  rmSync(join(dirname(python), '0.002'));
  const rest = await sweepThere(recipe, python);
  assert.deepEqual([rest.finished, rest.of('point').length], [true, 1]);
  assert.deepEqual(rest.rates, [1e-3, 2e-3, 4e-3]);

  const here = await engine.request('sweep', { ...rest.grid, rates: [1e-3, 8e-3] });
  assert.equal(here.dataPath, first.dataPath);
  assert.equal(here.sweep.points.length, 4);
  assert.deepEqual(here.sweep.points.slice(0, 3), rest.sweep.points);
});

test('a sweep elsewhere that is stopped keeps what was done, and the same one goes on', { skip }, async () => {
  const recipe = tinyExperiment();
  const python = scriptInPlaceOfPython({ steps: 1 });
  const waits = join(dirname(python), 'waits');
  writeFileSync(waits, '');
  const first = await sweepThere(recipe, python, (event, stop) => {
    if (event.type === 'point') stop();
  });
  assert.deepEqual([first.finished, first.rates], [false, [1e-3]]);
  assert.deepEqual(first.of('cancelled'), [{ type: 'cancelled', done: 1, points: 3 }]);
  rmSync(waits);
  const rest = await sweepThere(recipe, python);
  assert.deepEqual([rest.finished, rest.of('point').length], [true, 2]);
});
