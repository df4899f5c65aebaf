import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startEngine } from '../../../src/client/engineClient.ts';
import { probeDevice } from '../../../src/engine/devices/probeDevice.ts';
import { engineArguments, engineOptions, enginePath, finished, fromSource, startCli } from '../../support/programs.ts';
import { softwareGpu, softwareGpuMissing } from '../../support/softwareGpu.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

/*
 * WebGPU against the CPU, on a GPU in software. Losses, logits and norms are of the order of 1 to 10, in F32; another
 * order of additions explains gaps of 1e-5.
 */

const skip = softwareGpuMissing ?? false;
const cases = fileURLToPath(new URL('../../support/webgpuCases.ts', import.meta.url));
const results = new Map<string, unknown>();
const result = <T>(name: string) => results.get(name) as T;

before(async () => {
  if (skip) return;
  const { stdout } = await promisify(execFile)(process.execPath, [...fromSource, cases], {
    env: { ...process.env, ...softwareGpu },
  });
  for (const line of stdout.split('\n').filter(text => text.startsWith('{'))) {
    const { name, result } = JSON.parse(line) as { name: string; result: unknown };
    results.set(name, result);
  }
});

type States = Record<'parameter' | 'm' | 'v' | 'best', number>;

function assertWithin(gaps: States, limits: States): void {
  for (const part of ['parameter', 'm', 'v', 'best'] as const)
    assert.ok(gaps[part] <= limits[part], `${part}: gap ${gaps[part]} > ${limits[part]}`);
}

test('three training steps of two experts: losses and norms to 5e-5, factors and moments to 1e-5', { skip }, () => {
  const { numbers, ...states } = result<{ numbers: number } & States>('steps');
  assert.ok(numbers <= 5e-5, `losses and norms: gap ${numbers}`);
  assertWithin(states, { parameter: 1e-5, m: 1e-5, v: 1e-5, best: 1e-5 });
});

test("a run stopped and resumed ends in the device's own bits, and within 1e-5 of the CPU's", { skip }, () => {
  const { cpu, webgpu } = result<{ cpu: States; webgpu: States }>('resumed');
  assertWithin(webgpu, { parameter: 0, m: 0, v: 0, best: 0 });
  assertWithin(cpu, { parameter: 1e-5, m: 1e-5, v: 1e-5, best: 1e-5 });
});

for (const name of ['llama_tied', 'qwen3_tied_headdim', 'gemma3_tied', 'phi3_longrope_partial', 'cohere2_tied'])
  test(`${name}: a batch of two experts, the base and a blend, of several lengths: logits to 5e-5`, { skip }, () => {
    const gap = result<number>(`mixed ${name}`);
    assert.ok(gap <= 5e-5, `gap ${gap}`);
  });

test('two rows that read the factors of their own expert alone: logits to 5e-5', { skip }, () => {
  const gap = result<number>('own');
  assert.ok(gap <= 5e-5, `gap ${gap}`);
});

for (const dtype of ['F16', 'BF16'])
  test(`a base in ${dtype}, on a GPU that has neither: logits to 5e-5`, { skip }, () => {
    const gap = result<number>(dtype);
    assert.ok(gap <= 5e-5, `gap ${gap}`);
  });

test('a decode gives the same tokens, while rows leave the batch', { skip }, () => {
  const [cpu, webgpu] = result<[unknown, unknown]>('decode');
  assert.deepEqual(webgpu, cpu);
});

test('with all gates at zero the bits are those of the base on the same device', { skip }, () => {
  assert.deepEqual(result('gate zero'), { difference: 0, bitEqual: true, tokens: 4 });
});

test('a software GPU is right, and never chosen for its speed', { skip }, async () => {
  const saved = { ...process.env };
  Object.assign(process.env, softwareGpu);
  try {
    const verdict = await probeDevice('webgpu', 1);
    assert.equal(verdict.state, 'slow', verdict.reason);
    assert.ok(verdict.timing!.device > verdict.timing!.cpu);
    assert.equal(verdict.halfFloats, false);
  } finally {
    process.env = saved;
  }
});

test('doctor shows what was found of a device, and why', { skip }, async () => {
  const doctor = async (driver: Record<string, string>) => {
    const env = { ...process.env, ...driver, MULTI_LORA_CACHE: temporaryFolder() };
    const { code, stdout, stderr } = await finished(startCli(['doctor', '--probe', '--threads', '1'], undefined, env));
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ *device +cpu: /m);
    return stdout;
  };
  assert.match(await doctor(softwareGpu), /^ +webgpu works, but not for speed: .*\d/m);
  assert.match(await doctor({ ...softwareGpu, VK_ICD_FILENAMES: '/nowhere' }), /^ +webgpu cannot be used: .*\w/m);
});

test('an engine that dies while it computes on a device: the next one answers on the CPU and says so', {
  skip: skip || (process.platform === 'win32' && 'no signals'),
}, async t => {
  const args = [...engineArguments.filter(a => a !== '--device' && a !== 'cpu'), '--device', 'webgpu'];
  const engine = startEngine({
    enginePath,
    execArgv: engineOptions,
    args: [...args, '--cache', temporaryFolder()],
    env: softwareGpu,
  });
  t.after(() => engine.dispose());
  const warnings: string[] = [];
  engine.onNotice(({ level, message }) => level === 'warning' && warnings.push(message));
  const ask = () =>
    engine.request('ask', { prompt: 'What is 2 + 3?', target: { kind: 'base' }, settings: { maxTokens: 2 } });
  const onGpu = await ask();
  assert.deepEqual((await engine.request('doctor', {})).device.used, 'webgpu');
  assert.deepEqual(warnings, []);

  const died = new Promise(resolve => engine.onExit(resolve));
  process.kill(engine.pid!, 'SIGABRT');
  await died;
  const onCpu = await ask();
  assert.equal(onCpu.text, onGpu.text);
  const { device } = await engine.request('doctor', {});
  assert.equal(device.used, 'cpu');
  assert.equal(device.verdicts.find(v => v.device === 'webgpu')?.state, 'broken');
  assert.match(warnings.join(), /webgpu cannot be used: the engine process ended while it computed on it/);
});
