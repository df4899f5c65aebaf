import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { columnMaxima, encodeBackward, encodeForward, smoothingScales } from '../../../src/nn/quant/int8Weights.ts';
import { assertClose } from '../../support/assertClose.ts';

const matrix = fc.record({ out: fc.integer({ min: 1, max: 6 }), width: fc.integer({ min: 1, max: 9 }) }).chain(shape =>
  fc.record({
    ...{ out: fc.constant(shape.out), width: fc.constant(shape.width) },
    W: fc
      .array(fc.oneof(fc.constant(0), fc.float({ min: -2, max: 2, noNaN: true }), fc.constantFrom(1e-6, -30)), {
        minLength: shape.out * shape.width,
        maxLength: shape.out * shape.width,
      })
      .map(list => Float32Array.from(list, w => (Math.abs(w) < 1e-20 ? 0 : w))),
  }),
);

test('no weight moves by more than half a step of its output, for x Wᵀ, and of its input, for dy W', () => {
  fc.assert(
    fc.property(matrix, ({ out, width, W }) => {
      const [forward, backward] = [encodeForward(W, out, width), encodeBackward(W, out, width)];
      for (let o = 0; o < out; o++)
        for (let i = 0; i < width; i++) {
          const w = W[o * width + i]!;
          const ahead = forward.codes[i * out + o]! * forward.scales[o]!;
          const back = backward.codes[o * width + i]! * backward.scales[i]!;
          assert.ok(Math.abs(ahead - w) <= forward.scales[o]! * 0.5001, `${ahead} for ${w}`);
          assert.ok(Math.abs(back - w) <= backward.scales[i]! * 0.5001, `${back} for ${w}`);
        }
    }),
  );
});

test('the largest weight of an output, or of an input, has the code of largest magnitude; a row of zeros has zeros', () => {
  const W = Float32Array.of(1, -4, 0, 0, 2, 3);
  const { codes, scales } = encodeForward(W, 3, 2);
  assert.deepEqual([...codes], [32, 0, 85, -127, 0, 127]);
  assertClose(scales, [4 / 127, 0, 3 / 127], 1e-7, 'scales');
  assert.deepEqual([...encodeBackward(W, 3, 2).codes], [64, -127, 0, 0, 127, 95]);
});

test('smoothing multiplies W and divides x by the same, so that their columns have equal maxima', () => {
  const [inputs, weights] = [Float32Array.of(16, 0.25, 0), Float32Array.of(1, 1, 4)];
  const s = smoothingScales(inputs, weights);
  assertClose(s.slice(0, 2), [4, 0.5], 1e-6, 's');
  // A column that the texts never excited.
  assert.ok(s[2]! > 0);
  const W = Float32Array.of(0.5, 1, 4, 1, -1, 2);
  const { codes, scales } = encodeForward(W, 2, 3, s);
  const row = [W[0]! * s[0]!, W[1]! * s[1]!, W[2]! * s[2]!];
  row.forEach((w, i) => assert.ok(Math.abs(codes[i * 2]! * scales[0]! - w) <= scales[0]! * 0.5001));
});

test('maxima of columns', () => {
  assert.deepEqual([...columnMaxima(Float32Array.of(1, -4, 0, -5, 2, 3), 3, 2)], [2, 5]);
});
