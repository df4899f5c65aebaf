import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { loadBase } from '../../../src/experiment/base.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import { readTensors } from '../../nn/lora/golden.ts';
import { adapterFolder } from '../../support/adapterFolder.ts';
import { testEngine } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { tinyExperiment } from '../../support/tinyExperiment.ts';

const engine = testEngine();
const q = 'model.layers.0.self_attn.q_proj';
const floatsOf = (folder: string) => readTensors(pathToFileURL(join(folder, 'model.safetensors')));

test('an expert that is more than factors of blocks: no adapter in GGUF, but a full model in either format, alike to rounding', async () => {
  const folder = temporaryFolder();
  const recipe = tinyExperiment({
    experts: {
      head: { adapter: adapterFolder({ [q]: [256, 256], lm_head: [2800, 256] }) },
      foreign: { adapter: adapterFolder({ [q]: [64, 64] }) },
    },
    blends: {},
    merges: {},
    evaluation: {},
  });
  const exported = (expert: string, format: 'gguf' | 'merged' | 'merged-gguf', out: string) =>
    engine.request('export', { recipe, expert, format, out, ...(format === 'merged-gguf' && { type: 'F32' }) });
  const adapter = join(folder, 'adapter.gguf');
  await assert.rejects(
    exported('head', 'gguf', adapter),
    (e: WorkbenchError) =>
      e.code === 'unsupported' && /adapts lm_head/.test(e.message) && /--format merged-gguf/.test(e.hint!),
  );
  const [copy, model] = [join(folder, 'copy'), join(folder, 'model.gguf')];
  for (const format of ['merged', 'merged-gguf'] as const)
    await assert.rejects(
      exported('foreign', format, join(folder, 'foreign')),
      (e: WorkbenchError) => e.code === 'mismatch' && /the base's layer takes 256 inputs/.test(e.message),
    );
  assert.ok(!existsSync(adapter) && !existsSync(join(folder, 'foreign')));

  await exported('head', 'merged', copy);
  const { modelfile } = await exported('head', 'merged-gguf', model);
  assert.equal(modelfile, join(folder, 'model.Modelfile'));
  const again = await loadBase(model, { cacheFolder: join(folder, 'cache') });
  assert.equal(again.config.tied, false);
  const [wanted, found] = [await floatsOf(copy), await floatsOf(again.folder)];
  assert.deepEqual([...found.keys()].sort(), [...wanted.keys()].sort());
  const [embedding, head] = ['model.embed_tokens.weight', 'lm_head.weight'].map(name => found.get(name)!.data);
  assert.ok(head!.some((x, i) => Math.abs(x - embedding![i]!) > 0.01));
  for (const [name, { data }] of wanted) {
    const exact = found.get(name)!.data;
    // The base, and so its copy, is in halves.
    for (const [i, x] of data.entries())
      assert.ok(Math.abs(x - exact[i]!) <= 2 ** -11 * Math.abs(x) + 2 ** -24, `${name}, ${i}`);
  }
});
