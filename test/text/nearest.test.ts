import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from '../../src/text/nearest.ts';

const check = (word: string, expected: string | undefined) =>
  test(`'${word}' → ${expected}`, () =>
    assert.equal(nearest(word, ['seed', 'learningRate', 'lora', 'rank', 'targets']), expected));

check('sed', 'seed');
check('SEED', 'seed');
check('esed', 'seed');
check('learning_rate', 'learningRate');
check('target', 'targets');
check('rnak', 'rank');
check('completelyOther', undefined);
