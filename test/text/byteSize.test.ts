import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBytes } from '../../src/text/byteSize.ts';

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
