import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli } from '../../support/programs.ts';
import { tinyExperiment } from '../../support/tinyExperiment.ts';

test('sweep: how long it takes, a table, what to write; the same again trains nothing; --json has an event a line', async () => {
  const recipe = tinyExperiment();
  const args = ['sweep', recipe, '--rates', '1e-3,1e-2', '--steps', '2'];
  const first = await runCli(args);
  assert.equal(first.code, 0, first.stderr);
  assert.match(
    first.stderr,
    /math: 2 learning rates × 1 rank, 2 steps each on 11 examples; 1 example for validation, set aside/,
  );
  assert.match(first.stderr, /about \d.* for 2 points, [\d.]+ MB of memory/);
  assert.match(first.stdout, /^learning rate {2}rank {2}validation loss {2}tokens\/s +time\n─+\n0\.001 /);
  assert.match(first.stdout, /\nBefore training: [\d.]+\. (For math, write "learningRate": 0\.0|No point ended below)/);
  const again = await runCli([...args, '--json']);
  const lines = again.stdout.trim().split('\n');
  const [planned, swept] = lines.map(line => JSON.parse(line) as Record<string, unknown>);
  assert.equal(lines.length, 2);
  assert.deepEqual([planned!.type, planned!.points, planned!.done], ['planned', 2, 2]);
  assert.deepEqual([swept!.type, swept!.finished], ['swept', true]);
});
