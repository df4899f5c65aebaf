import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { compressLines } from '../../../src/cli/verbs/compress.ts';
import { adapterFolder } from '../../support/adapterFolder.ts';
import { runCli } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

test('compress: what each rank loses; a folder alone says not what to cut down to', async () => {
  const adapter = adapterFolder({ 'model.layers.0.self_attn.q_proj': [64, 64] }, { rank: 3 });
  const shown = await runCli(['compress', adapter]);
  assert.match(shown.stdout, /^rank 3, 384 numbers\nrank {2}relative error {2}energy kept\n {3}1 .*\n {3}2 .*\n {3}3 /);
  const refused = await runCli(['compress', adapter, '--out', join(temporaryFolder(), 'none')]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /cut down to what\?\nhint: Add --rank R or --energy SHARE/);
});

test('compress: the lines of a result, at most some of its ranks', () => {
  const curve = Array.from({ length: 48 }, (_, i) => ({ rank: i + 1, relativeError: i === 47 ? 0 : 1 / (i + 2) }));
  const lines = compressLines({
    path: 'out',
    before: { rank: 48, parameters: 4800 },
    after: { rank: 5, parameters: 500 },
    relativeError: 1 / 6,
    curve,
  });
  assert.equal(lines[0], 'out  rank 48 → 5, 4,800 → 500 numbers, relative error 0.167');
  assert.deepEqual(
    lines.slice(2).map(line => Number(line.slice(0, 4))),
    [1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 48],
  );
  assert.equal(lines[6], '   5           0.167       97.2 %');
});
