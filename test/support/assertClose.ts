import assert from 'node:assert/strict';

/** Asserts |actual − expected| ≤ tolerance everywhere; the message names the worst place. Returns the largest gap. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = 'values',
): number {
  assert.equal(actual.length, expected.length, `${what}: length`);
  let worst = 0;
  let at = 0;
  for (let i = 0; i < expected.length; i++) {
    const gap = Math.abs(actual[i]! - expected[i]!);
    if (!(gap <= worst)) [worst, at] = [Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap, i];
  }
  const place = `[${at}] is ${actual[at]}, expected ${expected[at]}`;
  assert.ok(worst <= tolerance, `${what}: ${place}; gap ${worst.toExponential(2)} > ${tolerance}`);
  return worst;
}

/** Asserts that two arrays hold the same bits. */
export function assertSameBits(actual: Float32Array, expected: Float32Array, what = 'values'): void {
  const bytes = (x: Float32Array) => Buffer.from(x.buffer, x.byteOffset, x.byteLength);
  if (bytes(actual).equals(bytes(expected))) return;
  assertClose(actual, expected, 0, what);
  assert.fail(`${what}: the bits differ in a sign of zero or a NaN`);
}
