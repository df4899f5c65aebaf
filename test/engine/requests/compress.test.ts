import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readAdapter } from '../../../src/experiment/adapterFiles.ts';
import { adapterFolder } from '../../support/adapterFolder.ts';
import { testEngine } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

test('an adapter at a rank, at a share of energy, and as it is', async t => {
  const engine = testEngine(t);
  const adapter = adapterFolder({ 'model.layers.0.self_attn.q_proj': [64, 64] }, { rank: 6 });
  const out = join(temporaryFolder(), 'small');
  const cut = await engine.request('compress', { adapter, rank: 2, out });
  assert.deepEqual([cut.path, cut.before.rank, cut.after], [out, 6, { rank: 2, parameters: 256 }]);
  assert.equal(cut.curve.length, 6);
  assert.ok(Math.abs(cut.relativeError! - cut.curve[1]!.relativeError) < 1e-6);
  assert.equal((await readAdapter(out)).config.rank, 2);
  const energy = await engine.request('compress', { adapter, energy: 0.5, out });
  assert.ok(energy.after!.rank < 6 && energy.relativeError! ** 2 <= 0.5);
  const { path, after, curve } = await engine.request('compress', { adapter });
  assert.deepEqual([path, after, curve.length], [undefined, undefined, 6]);
  await assert.rejects(engine.request('compress', { adapter, rank: 2 }), /needs a folder to write to/);
  await assert.rejects(
    engine.request('compress', { adapter, rank: 2, out: adapter }),
    /the folder of an adapter that goes into the result/,
  );
  assert.ok(existsSync(join(adapter, 'adapter_config.json')));
});
