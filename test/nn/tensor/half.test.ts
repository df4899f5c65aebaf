import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bfloatToFloat, floatToBfloat, floatToHalf, halfToFloat } from '../../../src/nn/tensor/half.ts';
import { Random } from '../../../src/nn/tensor/random.ts';

const everyCode = Array.from({ length: 65536 }, (_, i) => i);

for (const [name, toFloat, fromFloat, exponent] of [
  ['half', halfToFloat, floatToHalf, 0x7c00],
  ['brain float', bfloatToFloat, floatToBfloat, 0x7f80],
] as const) {
  test(`${name}: all 65536 codes survive a trip through single precision`, () => {
    const wrong = everyCode.filter(code => {
      const notANumber = (code & exponent) === exponent && (code & ~exponent & 0x7fff) !== 0;
      return notANumber ? !Number.isNaN(toFloat(fromFloat(toFloat(code)))) : fromFloat(toFloat(code)) !== code;
    });
    assert.deepEqual(wrong, []);
  });

  test(`${name}: rounds to the nearest code, ties to the even one`, () => {
    const random = new Random(1);
    for (let i = 0; i < 20_000; i++) {
      const code = random.integer(0, exponent - 2);
      const [low, high] = [toFloat(code), toFloat(code + 1)];
      const middle = (low + high) / 2;
      assert.equal(fromFloat(middle), code + (code & 1), `the middle of ${low} and ${high}`);
      assert.equal(fromFloat(low + (high - low) * 0.4375), code);
      assert.equal(fromFloat(-(low + (high - low) * 0.5625)), 0x8000 | (code + 1));
    }
  });
}

test('known values', () => {
  const table: [number, number, number][] = [
    [1, 0x3c00, 0x3f80],
    [-2, 0xc000, 0xc000],
    [65504, 0x7bff, 0x4780],
    [65520, 0x7c00, 0x4780],
    [2 ** -24, 0x0001, 0x3380],
    [2 ** -25, 0x0000, 0x3300],
    [0.1, 0x2e66, 0x3dcd],
    [Number.POSITIVE_INFINITY, 0x7c00, 0x7f80],
    [Number.NEGATIVE_INFINITY, 0xfc00, 0xff80],
    [-0, 0x8000, 0x8000],
  ];
  for (const [x, half, brain] of table) assert.deepEqual([x, floatToHalf(x), floatToBfloat(x)], [x, half, brain]);
});
