import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { int8Support } from '../../../src/engine/runtime/int8Support.ts';
import { chooseArithmetic } from '../../../src/engine/training/chooseArithmetic.ts';
import { withInt8Codes } from '../../../src/engine/training/int8Base.ts';
import { loadBase } from '../../../src/experiment/base.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

test("a cache that cannot hold the base's codes leaves 'auto' in F32, and says why", async t => {
  const { isFast } = await int8Support(1);
  if (!isFast) return t.skip('this processor is no faster in 8 bits');
  const base = await loadBase('media/base');
  const cacheFolder = temporaryFolder();
  const notes: string[] = [];
  const tell = (note: string) => void notes.push(note);
  const choose = (wish: 'auto' | 'int8') =>
    chooseArithmetic({ base, wished: [wish], device: 'cpu', threads: 1, cacheFolder, tell });
  assert.equal(await choose('auto'), 'int8');
  assert.equal(notes.length, 0);
  // Root may write everywhere, but into no file as if it were a folder.
  const folder = join(cacheFolder, 'quantized');
  rmSync(folder, { recursive: true });
  writeFileSync(folder, '');
  assert.equal(await choose('auto'), 'float');
  assert.match(notes.join('\n'), /^products .* F32, because its 8-bit codes cannot be kept: .*quantized/);
  // Who asks for 8 bits gets the reason when the codes are written.
  assert.equal(await choose('int8'), 'int8');
  await assert.rejects(withInt8Codes(base, { cacheFolder, threads: 1 }), { code: 'storage' });
});
