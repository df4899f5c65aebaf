import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { evaluateRecipe } from '../../../src/engine/evaluation/evaluate.ts';
import { handle as ask } from '../../../src/engine/requests/ask.ts';
import { handle as trainRequest } from '../../../src/engine/requests/train.ts';
import { createWorkbench } from '../../../src/engine/workbench/workbench.ts';
import { hashBase, loadBase } from '../../../src/experiment/base.ts';
import type { EngineProgress } from '../../../src/protocol/engine/engineApi.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import { assertClose } from '../../support/assertClose.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { tinyExperiment } from '../../support/tinyExperiment.ts';

const cacheFolder = temporaryFolder();
const workbench = createWorkbench({ mediaFolder: resolve('media'), threads: 1, cacheFolder });
after(() => workbench.dispose());

const told: string[] = [];
const losses: number[] = [];
const call = {
  signal: new AbortController().signal,
  progress: (now: EngineProgress<'train'>) => {
    if (now.kind === 'work' && now.message !== 'tokenising the data') told.push(now.message);
    if (now.kind === 'event' && now.event.type === 'step') losses.push(now.event.experts.math!.loss);
  },
};
const untold = { signal: call.signal, progress() {} };
const edit = (recipe: string, changes: object) =>
  writeFileSync(recipe, JSON.stringify({ ...JSON.parse(readFileSync(recipe, 'utf8')), ...changes }));

test('a recipe with a quantised base: trained, asked and evaluated on it, the stored base and its hash unchanged', async () => {
  const stored = await hashBase(await loadBase(resolve('media/base')));
  // What is told is of the quantised copy alone: products in 8 bits have one of their own.
  const training = { steps: 4, batchSize: 2, validateEvery: 0, checkpointEvery: 2, arithmetic: 'float' };
  const recipe = tinyExperiment({ quantization: 'none', training });
  const train = (resume: boolean) => trainRequest(workbench, { recipe, resume }, call);
  await train(false);
  assert.deepEqual(told, []);
  const full = losses.splice(0);

  edit(recipe, { quantization: 'int8' });
  // The checkpoint is of another computation.
  await assert.rejects(train(true), (e: WorkbenchError) => e.code === 'mismatch');
  await train(false);
  assertClose(losses, full, 0.05, 'losses of the same steps');
  assert.notDeepEqual(losses, full);
  assert.equal((await readdir(join(cacheFolder, 'quantized'))).length, 1);
  assert.deepEqual([...new Set(told)], ['preparing the base']);
  const copied = told.length;

  const answer = await ask(
    workbench,
    { recipe, prompt: 'What is 2 + 3?', target: { kind: 'expert', name: 'math' } },
    untold,
  );
  assert.ok(answer.answerTokens > 0);
  assert.equal((await workbench.open(recipe)).model.base.quantization, 'int8');
  assert.equal(told.length, copied, 'the copy is made once');

  const { report } = await evaluateRecipe(workbench, { recipe, sets: ['math'] }, call);
  assert.deepEqual([report.base.quantization, report.base.hashBefore, report.base.hashAfter], ['int8', stored, stored]);
  assert.equal(report.forgetting.gateZeroBitEqual, true);

  // Another number format of the same base is another compiled base.
  edit(recipe, { quantization: 'none' });
  assert.equal((await workbench.open(recipe)).model.base.quantization, undefined);
});
