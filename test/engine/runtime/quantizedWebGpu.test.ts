import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { assertClose } from '../../support/assertClose.ts';
import { fromSource } from '../../support/programs.ts';
import { softwareGpu, softwareGpuMissing } from '../../support/softwareGpu.ts';

const skip = softwareGpuMissing ?? false;
const cases = fileURLToPath(new URL('../../support/quantizedWebGpuCases.ts', import.meta.url));

interface Found {
  quantization: string;
  /** On the CPU, and on WebGPU. */
  logits: [number[], number[]];
  losses: [number[], number[]];
}
const results = new Map<string, Found>();

before(async () => {
  if (skip) return;
  const { stdout } = await promisify(execFile)(process.execPath, [...fromSource, cases], {
    env: { ...process.env, ...softwareGpu },
    maxBuffer: 1 << 24,
  });
  for (const line of stdout.split('\n'))
    if (line.startsWith('{')) {
      const found = JSON.parse(line) as Found;
      results.set(found.quantization, found);
    }
});

for (const quantization of ['int8', 'int4']) {
  test(`${quantization}: three training steps on WebGPU have the CPU's losses to 5e-5`, { skip }, () => {
    const [cpu, gpu] = results.get(quantization)!.losses;
    assert.ok(cpu[2]! < cpu[0]!);
    assertClose(gpu, cpu, 5e-5);
  });

  // The CPU quantises what products read; this GPU does not.
  test(`${quantization}: logits on WebGPU are within 3 % of the CPU's`, { skip }, () => {
    const [cpu, gpu] = results.get(quantization)!.logits;
    const norm = (f: (i: number) => number) => Math.sqrt(cpu.reduce((sum, _, i) => sum + f(i) ** 2, 0));
    assert.ok(norm(i => gpu[i]! - cpu[i]!) <= 0.03 * norm(i => cpu[i]!));
  });
}
