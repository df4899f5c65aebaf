import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type EngineClient, startEngine } from '../../../src/client/engineClient.ts';
import { parseSafetensorsHeader, readTensorF32 } from '../../../src/core/files/safetensors.ts';
import { probeDevice } from '../../../src/engine/devices/probeDevice.ts';
import { assertClose } from '../../support/assertClose.ts';
import { engineArguments, enginePath, finished, fromSource, startCli } from '../../support/programs.ts';
import { randomBase } from '../../support/randomBase.ts';
import { halfFloatGpu, halfFloatGpuMissing } from '../../support/softwareGpu.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { tinyExperiment } from '../../support/tinyExperiment.ts';
import { train } from '../../support/train.ts';

/* A GPU that has half floats; SwiftShader, on which the other tests of WebGPU run, has none. */

Object.assign(process.env, halfFloatGpu);
const verdict = halfFloatGpuMissing ? undefined : await probeDevice('webgpu', 1);
const refused = verdict?.state === 'failed' && `the runtime cannot use mesa's driver: ${verdict.reason}`;
const skip = halfFloatGpuMissing ?? refused;

/** 19 M weights in linear layers: a base that is not held packed. */
const shape = { hidden_size: 512, intermediate_size: 1408, num_attention_heads: 8, num_hidden_layers: 6 };

const folder = temporaryFolder();
const cache = temporaryFolder();

function engineOn(device: string, context: TestContext): EngineClient {
  const args = [...engineArguments, '--device', device, '--cache', cache];
  const engine = startEngine({ enginePath, execArgv: fromSource, args, env: halfFloatGpu });
  context.after(() => engine.dispose());
  return engine;
}

function recipeFor(dtype: 'F16' | 'BF16', name: string): string {
  randomBase(join(folder, dtype), dtype, shape);
  const training = { steps: 3, batchSize: 2, validateEvery: 0 };
  return tinyExperiment(
    { base: `../${dtype}`, training, experts: { math: mathData }, blends: {}, merges: {}, evaluation: {} },
    join(folder, name),
  );
}

const mathData = { data: { train: 'math.jsonl' } };

/** Trains a recipe; its losses and norms, and the factors that it ends with. */
async function trained(engine: EngineClient, recipe: string) {
  const events = await train(engine, recipe);
  const steps = events.flatMap(e => (e.type === 'step' ? Object.values(e.experts) : []));
  const numbers = steps.flatMap(e => [e.loss, e.gradientNorm]);
  const path = join(recipe, '..', 'runs', 'tiny', 'adapters', 'math', 'adapter_model.safetensors');
  const bytes = new Uint8Array(readFileSync(path));
  const { tensors } = parseSafetensorsHeader(bytes, bytes.length, path);
  const factors = [...tensors.values()].flatMap(t => [...readTensorF32(t, bytes.subarray(t.begin, t.end))]);
  return { numbers, factors };
}

test('a device that has half floats is known by its verdict, and doctor says so', { skip }, async () => {
  assert.equal(verdict!.halfFloats, true);
  const env = { ...process.env, MULTI_LORA_CACHE: cache };
  const { stdout, stderr } = await finished(startCli(['doctor', '--probe', '--threads', '1'], undefined, env));
  assert.match(stdout, /^ +webgpu works, .*; weights in F16 can stay so$/m, stderr);
});

test('weights in F16 stay so on the device: the losses, norms and factors of training are those of the CPU', {
  skip,
}, async context => {
  const [onCpu, onGpu] = [recipeFor('F16', 'cpu'), recipeFor('F16', 'gpu')];
  const gpu = engineOn('webgpu', context);
  const plan = await gpu.request('plan', { recipe: onGpu });
  assert.deepEqual([plan.device, plan.widensAtUse], ['webgpu', true]);
  const [found, expected] = [await trained(gpu, onGpu), await trained(engineOn('cpu', context), onCpu)];
  // Nothing made the CPU take over.
  assert.equal((await gpu.request('doctor', {})).device.used, 'webgpu');
  assert.equal(expected.numbers.length, 6);
  assertClose(found.numbers, expected.numbers, 1e-4, 'losses and norms');
  assertClose(found.factors, expected.factors, 1e-5, 'factors');
});

test('weights in BF16 are widened before: no GPU has an operator for them', { skip }, async context => {
  const plan = await engineOn('webgpu', context).request('plan', { recipe: recipeFor('BF16', 'bf16') });
  assert.deepEqual([plan.device, plan.widensAtUse], ['webgpu', false]);
});
