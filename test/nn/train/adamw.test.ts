import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSession, floats, readFloats } from '../../../src/engine/runtime/session.ts';
import { Graph } from '../../../src/nn/graph/graph.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import { type AdamWSettings, adamW, hyperNames, hyperVector } from '../../../src/nn/train/adamw.ts';
import { assertClose } from '../../support/assertClose.ts';

const settings: AdamWSettings = {
  learningRate: 0.1,
  weightDecay: 0.05,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-6,
  maxNorm: 1,
};
const size = 6;

/** torch.optim.AdamW after clip_grad_norm_, in double precision. */
function reference(
  p: number[],
  m: number[],
  v: number[],
  gradient: number[],
  s: AdamWSettings,
  step: number,
  decays: boolean,
): void {
  const norm = Math.hypot(...gradient);
  const clip = s.maxNorm > 0 ? Math.min(1, s.maxNorm / (norm + 1e-6)) : 1;
  for (let i = 0; i < p.length; i++) {
    const g = gradient[i]! * clip;
    if (decays) p[i]! *= 1 - s.learningRate * s.weightDecay;
    m[i] = s.beta1 * m[i]! + (1 - s.beta1) * g;
    v[i] = s.beta2 * v[i]! + (1 - s.beta2) * g * g;
    const denominator = Math.sqrt(v[i]!) / Math.sqrt(1 - s.beta2 ** step) + s.epsilon;
    p[i]! -= ((s.learningRate / (1 - s.beta1 ** step)) * m[i]!) / denominator;
  }
}

for (const decays of [true, false])
  for (const maxNorm of [1, 0])
    test(`twenty steps are torch's to 1e-5 (decay ${decays}, largest norm ${maxNorm})`, async () => {
      const g = new Graph();
      const input = (name: string, length = size) => g.input(name, 'float32', length ? [length] : []);
      const values = {
        parameter: input('p'),
        m: input('m'),
        v: input('v'),
        gradient: input('g'),
        norm: input('norm', 0),
        hyper: input('h', hyperNames.length),
      };
      for (const [name, value] of Object.entries(adamW(g, values, decays))) g.output(`${name}.out`, value);
      const session = await createSession(g, { threads: 1 });
      const random = new Random(3);
      const s = { ...settings, maxNorm };
      let [p, m, v]: Float32Array[] = [
        Float32Array.from({ length: size }, () => random.normal()),
        new Float32Array(size),
        new Float32Array(size),
      ];
      const expected = [[...p!], [...m!], [...v!]] as [number[], number[], number[]];
      for (let step = 1; step <= 20; step++) {
        const gradient = Float32Array.from({ length: size }, () => random.normal() * (step % 2 ? 3 : 0.1));
        reference(...expected, [...gradient], s, step, decays);
        const out = await session.run({
          p: floats(p!, [size]),
          m: floats(m!, [size]),
          v: floats(v!, [size]),
          g: floats(gradient, [size]),
          norm: floats(Float32Array.of(Math.hypot(...gradient)), []),
          h: floats(hyperVector(s, s.learningRate, step), [hyperNames.length]),
        });
        [p, m, v] = [readFloats(out['parameter.out']!), readFloats(out['m.out']!), readFloats(out['v.out']!)];
      }
      assertClose(p!, expected[0], 1e-5, 'parameter');
      assertClose(m!, expected[1], 1e-5, 'm');
      assertClose(v!, expected[2], 1e-5, 'v');
      await session.dispose();
    });

test('the vector of a step holds the bias corrections, and a largest norm of 0 is none', () => {
  const vector = hyperVector({ ...settings, maxNorm: 0 }, 0.02, 2);
  assertClose(vector.subarray(0, 7), [0.02, 0.05, 0.9, 0.99, 1e-6, 1 - 0.81, Math.sqrt(1 - 0.9801)], 1e-7);
  assert.ok(vector[7]! > 1e38 && Number.isFinite(vector[7]));
});
