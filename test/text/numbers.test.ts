import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bytes,
  count,
  dateTime,
  duration,
  listing,
  magnitude,
  parseBytes,
  signedCount,
  signedPoints,
  significant,
} from '../../src/text/numbers.ts';

function check<T>(format: (value: T) => string, pairs: readonly [T, string][]): void {
  for (const [value, text] of pairs) assert.equal(format(value), text);
}

test('numbers and their units', () => {
  check(count, [
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [1234567, '1,234,567'],
  ]);
  check(bytes, [
    [0, '0 B'],
    [999, '999 B'],
    [999_960, '1.0 MB'],
    [9_909_248, '9.9 MB'],
    [8_254_390_272, '8.3 GB'],
  ]);
  check(magnitude, [
    [900, '900'],
    [9472, '9,472'],
    [577_536, '577.5 k'],
    [4_948_480, '4.95 M'],
    [1.5e9, '1.50 B'],
  ]);
  check(significant, [
    [0, '0'],
    [3.1e-8, '3.1e-8'],
    [0.2137, '0.214'],
    [2, '2'],
    [-0.5, '-0.5'],
    [2.5e7, '2.5e7'],
    [Number.NaN, '–'],
  ]);
});

test('times, dates and lists', () => {
  check(duration, [
    [4.72, '4.7 s'],
    [59.7, '1 min 0 s'],
    [611.2, '10 min 11 s'],
    [7260, '2 h 1 min'],
  ]);
  check(dateTime, [
    ['2026-01-31T12:30:15.000Z', '2026-01-31 12:30 UTC'],
    ['yesterday', 'yesterday'],
  ]);
  check(listing, [
    [[], ''],
    [['a'], 'a'],
    [['a', 'b', 'c'], 'a, b and c'],
  ]);
});

test('differences have their sign, and none where they round to nothing', () => {
  assert.deepEqual([0.0321, -0.004, 0.0004, -0.0004, 0].map(signedPoints), ['+3.2', '−0.4', '0.0', '0.0', '0.0']);
  assert.deepEqual([12, -1234, 0].map(signedCount), ['+12', '−1,234', '0']);
});

test('amounts of memory as people write them', () => {
  const check = (given: string, expected: number) => assert.equal(parseBytes(given), expected, given);
  check('8GB', 8e9);
  check(' 6.5 gb ', 6.5e9);
  check('512MiB', 512 * 2 ** 20);
  check('1000', 1000);
});

test('what is no amount of memory is refused with an example', () => {
  for (const given of ['', 'GB', '8 TBs', '-1GB', '0', '0.1B', '8,5GB'])
    assert.throws(() => parseBytes(given), { code: 'badRequest', hint: /8GB/ }, given);
});
