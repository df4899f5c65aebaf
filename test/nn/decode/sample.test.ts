import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSampler, type SamplerSettings } from '../../../src/nn/decode/sample.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';

const settings: SamplerSettings = {
  temperature: 1,
  topK: 0,
  topP: 1,
  repetitionPenalty: 1,
  seed: 7,
};
/** Logits whose softmax is 0.5, 0.25, 0.15, 0.1. */
const logits = Float32Array.from([0.15, 0.5, 0.1, 0.25], Math.log);

/** How often each id is drawn in 20,000. */
function shares(overrides: Partial<SamplerSettings>, history: number[] = [], from = logits): number[] {
  const sample = createSampler({ ...settings, ...overrides });
  const counts = new Array<number>(from.length).fill(0);
  for (let i = 0; i < 20000; i++) counts[sample(from, history)]!++;
  return counts.map(count => count / 20000);
}

function assertNear(got: number[], expected: number[]): void {
  // Three standard errors of a share of 1/2.
  const near = got.every((share, i) => Math.abs(share - expected[i]!) < 0.011);
  assert.ok(near, `${got} is not near ${expected}`);
}

test('greedy takes the first of the best', () => {
  const greedy = createSampler({ ...settings, temperature: 0 });
  assert.equal(greedy(logits, []), 1);
  assert.equal(greedy(Float32Array.of(1, 3, 3, -Infinity), []), 1);
});

test('temperature 1 draws from the softmax, 0.5 from its square', () => {
  assertNear(shares({}), [0.15, 0.5, 0.1, 0.25]);
  const squares = [0.0225, 0.25, 0.01, 0.0625].map(p => p / 0.345);
  assertNear(shares({ temperature: 0.5 }), squares);
});

test('top-k keeps the k best and ties with the k-th', () => {
  assertNear(shares({ topK: 2 }), [0, 2 / 3, 0, 1 / 3]);
  assert.deepEqual(shares({ topK: 1 }), [0, 1, 0, 0]);
  assertNear(shares({ topK: 2 }, [], Float32Array.of(1, 1, 1, 0)), [1 / 3, 1 / 3, 1 / 3, 0]);
  assertNear(shares({ topK: 99 }), [0.15, 0.5, 0.1, 0.25]);
});

test('top-p keeps the smallest set that holds the probability', () => {
  assert.deepEqual(shares({ topP: 0.4 }), [0, 1, 0, 0]);
  assertNear(shares({ topP: 0.6 }), [0, 2 / 3, 0, 1 / 3]);
  assertNear(shares({ topP: 0.8 }), [1 / 6, 5 / 9, 0, 5 / 18]);
  // After top-k the probabilities are shared out anew, as in transformers: 2/3 and 1/3.
  assert.deepEqual(shares({ topK: 2, topP: 0.6 }), [0, 1, 0, 0]);
});

test('property: top-p keeps what transformers’ rule keeps', () => {
  const numbers = fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(numbers, fc.constantFrom(0.1, 0.35, 0.5, 0.77, 0.9, 0.95), fc.nat(), (raw, topP, seed) => {
      // Distinct values, so that the order of ties does not matter.
      const scores = Float32Array.from(raw, (value, i) => value / 4 + i * 1e-3);
      const max = Math.max(...scores);
      const weights = [...scores].map((score, i) => ({ i, p: Math.exp(score - max) })).sort((a, b) => a.p - b.p);
      const total = weights.reduce((sum, { p }) => sum + p, 0);
      let sum = 0;
      const kept = new Set<number>();
      weights.forEach(({ i, p }, place) => {
        sum += p / total;
        // A hair's breadth around the border may go either way.
        if (sum > 1 - topP - 1e-6 || place === weights.length - 1) kept.add(i);
      });
      const sample = createSampler({ ...settings, topP, seed });
      for (let draw = 0; draw < 20; draw++) assert.ok(kept.has(sample(scores, [])));
    }),
  );
});

test('the repetition penalty divides positive and multiplies negative logits, once for each id', () => {
  const sample = createSampler({ ...settings, temperature: 0, repetitionPenalty: 2 });
  const scores = Float32Array.of(3, 2, -1);
  assert.equal(sample(scores, [0]), 1);
  assert.equal(sample(scores, [0, 0, 1, 1, 1]), 0);
  assert.equal(sample(Float32Array.of(-1, -1.5, -9), [0, 77]), 1);
  assert.deepEqual(scores, Float32Array.of(3, 2, -1));
  // log(p) of ids 0 and 1 doubles: p becomes p².
  const total = 0.0225 + 0.25 + 0.1 + 0.25;
  const expected = [0.0225, 0.25, 0.1, 0.25].map(p => p / total);
  assertNear(shares({ repetitionPenalty: 2 }, [1, 0, 1]), expected);
});

test('the same seed draws the same, another seed something else', () => {
  const run = (seed: number) => {
    const sample = createSampler({ ...settings, seed });
    return Array.from({ length: 30 }, () => sample(logits, [])).join('');
  };
  assert.equal(run(1), run(1));
  assert.notEqual(run(1), run(2));
});

test('an id whose logit is minus infinity is never drawn', () => {
  assertNear(shares({}, [], Float32Array.of(0, -Infinity, 0)), [0.5, 0, 0.5]);
});

test('logits that are not numbers are an error', () => {
  for (const temperature of [0, 1]) {
    for (const value of [Number.NaN, -Infinity, Infinity]) {
      assert.throws(
        () => createSampler({ ...settings, temperature })(new Float32Array(4).fill(value), []),
        (error: WorkbenchError) => error.code === 'runtime',
      );
    }
  }
});

test('tokens that a mask leaves out do not count, for any setting', () => {
  const mask = Int32Array.of(0b1101);
  const masked = (overrides: Partial<SamplerSettings>, history: number[] = []) => {
    const sample = createSampler({ ...settings, ...overrides });
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 20000; i++) counts[sample(logits, history, mask)]!++;
    return counts.map(count => count / 20000);
  };
  assertNear(masked({}), [0.3, 0, 0.2, 0.5]);
  assertNear(masked({ topK: 2 }), [0.375, 0, 0, 0.625]);
  assertNear(masked({ topK: 4 }), [0.3, 0, 0.2, 0.5]);
  assertNear(masked({ topP: 0.7 }), [0.375, 0, 0, 0.625]);
  assert.deepEqual(masked({ temperature: 0 }), [0, 0, 0, 1]);
  assert.deepEqual(masked({ temperature: 0, repetitionPenalty: 3 }, [1, 3]), [1, 0, 0, 0]);
});

test('what is beyond a mask is left out, and a mask of nothing is refused', () => {
  const many = Float32Array.from({ length: 70 }, (_, i) => i);
  for (const temperature of [0, 1e-3]) {
    const sample = createSampler({ ...settings, temperature });
    assert.equal(sample(many, [], Int32Array.of(-1, 1 << 31)), 63);
    assert.equal(sample(many, [], Int32Array.of(-1)), 31);
    assert.equal(sample(many, [], Int32Array.of(0, 0, -1, -1)), 69);
    assert.throws(() => sample(many, [], new Int32Array(3)), { code: 'runtime' });
  }
  assert.deepEqual(many.slice(0, 2), Float32Array.of(0, 1));
});
