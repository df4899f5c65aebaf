import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Devices } from '../../../src/engine/devices/devices.ts';
import { onlyCpu } from '../../../src/engine/devices/devices.ts';
import { handle as ask } from '../../../src/engine/requests/ask.ts';
import { handle as train } from '../../../src/engine/requests/train.ts';
import { runOn } from '../../../src/engine/runtime/deviceUse.ts';
import { runtimeBackends } from '../../../src/engine/runtime/session.ts';
import { createWorkbench } from '../../../src/engine/workbench/workbench.ts';
import type { EngineProgress } from '../../../src/protocol/engine/engineApi.ts';
import { tinyExperiment } from '../../support/tinyExperiment.ts';

const media = fileURLToPath(new URL('../../../media', import.meta.url));

// A runtime without CUDA's libraries refuses every graph for it.
const skip = runtimeBackends().some(b => b.name === 'cuda' && !b.bundled)
  ? false
  : 'no device here that is known to the runtime and refused by it';

function refused() {
  const failures: string[] = [];
  const devices: Devices = {
    ...onlyCpu,
    use: async () => ({
      device: 'cuda',
      halfFloats: false,
      failed: error => failures.push((error as Error).message),
    }),
  };
  return { devices, failures };
}

test('training and an answer on a device that refuses the graph are the CPU’s, and the reason is told', {
  skip,
}, async () => {
  const { devices, failures } = refused();
  const recipe = tinyExperiment();
  const steps: number[] = [];
  const { signal } = new AbortController();
  const progress = (told: EngineProgress<'train'>) => {
    if (told.kind === 'event' && told.event.type === 'step') steps.push(told.event.step);
  };
  const workbench = createWorkbench({ mediaFolder: media, threads: 1, devices });
  const { finished } = await train(workbench, { recipe, resume: false }, { signal, progress });
  assert.equal(finished, true);
  assert.deepEqual(steps, [1, 2, 3, 4]);
  assert.equal(failures.length, 1);

  const prompt = { recipe, prompt: 'What is 1 + 2?', target: { kind: 'expert', name: 'math' } } as const;
  const untold = { signal, progress() {} };
  const answer = await ask(workbench, prompt, untold);
  assert.equal(failures.length, 2);
  assert.match(failures.join(), /onnxruntime could not compile the graph/);
  await workbench.dispose();

  const onCpu = createWorkbench({ mediaFolder: media, threads: 1 });
  assert.equal((await ask(onCpu, prompt, untold)).text, answer.text);
  await onCpu.dispose();
});

test('a mistake that is not the device’s is not done twice', async () => {
  const { devices, failures } = refused();
  let times = 0;
  const work = async () => {
    times++;
    throw new Error('a mistake of ours');
  };
  await assert.rejects(runOn(await devices.use(), work), /a mistake of ours/);
  assert.deepEqual([times, failures], [1, []]);
});
