import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type EngineClient, startEngine } from '../../../src/client/engineClient.ts';
import { probeDevice } from '../../../src/engine/devices/probeDevice.ts';
import { parseSafetensorsHeader, readTensorF32 } from '../../../src/nn/files/safetensors.ts';
import { assertClose } from '../../support/assertClose.ts';
import { engineArguments, engineOptions, enginePath, finished, fromSource, startCli } from '../../support/programs.ts';
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
  const engine = startEngine({ failsWhenLost: true, enginePath, execArgv: engineOptions, args, env: halfFloatGpu });
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
  assert.match(stdout, /^ +webgpu works, .*; it has half floats$/m, stderr);
});

test('weights in F16 and activations stay so on the device: losses, norms and factors of training are near those of the CPU', {
  skip,
}, async context => {
  const [onCpu, onGpu] = [recipeFor('F16', 'cpu'), recipeFor('F16', 'gpu')];
  const gpu = engineOn('webgpu', context);
  const plan = await gpu.request('plan', { recipe: onGpu });
  assert.deepEqual([plan.device, plan.widensAtUse, plan.halfActivations], ['webgpu', true, true]);
  const [own, expected] = [await trained(gpu, onGpu), await trained(engineOn('cpu', context), onCpu)];
  // Nothing made the CPU take over.
  assert.equal((await gpu.request('doctor', {})).device.used, 'webgpu');
  assert.equal(expected.numbers.length, 6);
  assertClose(own.numbers, expected.numbers, 1e-4, 'losses and norms');
  assert.ok(meanGap(own.factors, expected.factors) <= 1e-5, `mean gap ${meanGap(own.factors, expected.factors)}`);
});

interface Found {
  numbers: number[];
  factors: number[];
}
let cases: Promise<Map<string, Found>> | undefined;

/** What the program of cases has found of a way of training, on the CPU and on this GPU. */
async function found(way: string): Promise<[cpu: Found, gpu: Found]> {
  cases ??= runCases();
  const all = await cases;
  return [all.get(`${way} cpu`)!, all.get(`${way} webgpu`)!];
}

async function runCases(): Promise<Map<string, Found>> {
  const program = fileURLToPath(new URL('../../support/halfFloatCases.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...fromSource, program], { maxBuffer: 1 << 24 });
  const lines = stdout.split('\n').filter(line => line.startsWith('{'));
  return new Map(lines.map(line => JSON.parse(line)).map(f => [`${f.name} ${f.device}`, f]));
}

test('weights in F16: losses, norms and factors after three steps are those of the CPU', { skip }, async () => {
  const [cpu, gpu] = await found('weights');
  assertClose(gpu.numbers, cpu.numbers, 1e-4, 'losses and norms');
  assertClose(gpu.factors, cpu.factors, 1e-5, 'factors');
});

// A number that is rounded the other way moves a gradient near zero across it, and with it a factor by a step of Adam's,
// 1e-3: factors are compared by their mean.
for (const way of ['activations', 'activations, computed again'])
  test(`${way}, in half floats: losses and norms of three steps are those of the CPU with the same rounding`, {
    skip,
  }, async () => {
    const [cpu, gpu] = await found(way);
    assertClose(gpu.numbers.slice(0, 1), cpu.numbers.slice(0, 1), 1e-5, 'first loss');
    assertClose(gpu.numbers, cpu.numbers, 2e-4, 'losses and norms');
    assert.ok(meanGap(gpu.factors, cpu.factors) <= 1e-5, `mean gap ${meanGap(gpu.factors, cpu.factors)}`);
  });

function meanGap(a: number[], b: number[]): number {
  return a.reduce((sum, x, i) => sum + Math.abs(x - b[i]!), 0) / a.length;
}

test('weights in BF16 are widened before: no GPU has an operator for them', { skip }, async context => {
  const plan = await engineOn('webgpu', context).request('plan', { recipe: recipeFor('BF16', 'bf16') });
  assert.deepEqual([plan.device, plan.widensAtUse, plan.halfActivations], ['webgpu', false, true]);
});
