import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exactLine, exactMatch, finalAnswer, textScorers } from '../../src/evaluation/scorers.ts';

test('exact match overlooks form', () => {
  const check = (expected: string, got: string, same: boolean) =>
    assert.equal(exactMatch(expected, got), same, `${expected} | ${got}`);
  check('Paris', ' paris. ', true);
  check('the kitchen', 'Kitchen', true);
  check('the kitchen', '"The kitchen."', true);
  check('the kitchen', '“the kitchen”.', true);
  check('an  apple', 'Apple', true);
  check('ﬁne', 'fine', true);
  check("rock 'n' roll", "rock 'n' roll", true);
  check('theatre', 'atre', false);
  check('Paris', 'Paris, France', false);
  check('3.5', '35', false);
  check('a', 'the', false);
});

test('final answers are found and compared by value', () => {
  const check = (expected: string, got: string, same: boolean) =>
    assert.equal(finalAnswer(expected, got), same, `${expected} | ${got}`);
  check('3', '3.0', true);
  check('1200', '1,200', true);
  check('1,234,567', '1234567.', true);
  check('#### 72', 'He sold 48/2 = 24.\n#### 72', true);
  check('Answer: 7', 'First 3 + 3. Answer: 6, no. Answer: 7', true);
  check('Answer: 7', 'Answer: 7\nBecause seven.', true);
  check('-3', '−3', true);
  check('0', '-0', true);
  check('$5', '5', true);
  check('-$5', '-5', true);
  check('0.5', '1/2', true);
  check('50%', '50 %', true);
  check('50%', '50', false);
  check('x = 2, x = 3', 'x = 3, x = 2', true);
  check('x = -3, x = -2', 'x = -2 and x = -3', true);
  check('x = 2, x = 3', '3 or 2', true);
  check('x = 2, x = 2', 'x = 2', false);
  check('x = 2, x = 2', 'x = 2, x = 3', false);
  check('x = 2', '2', true);
  check('x = 2', 'y = 2', false);
  check('2, 4, 8', '8, 4, 2', false);
  check('2, 4, 8', '2,4,8', true);
  check('the kitchen', 'Answer: Kitchen.', true);
  check('12', 'First 5 + 7.\nThat makes\n12', true);
  check('12', '', false);
  check('12', '12 apples', false);
});

test('a filled gap is compared by its first line, or by what would have to be changed', () => {
  assert.ok(exactLine('  return a;\n}', 'return a; \nlet b;'));
  assert.ok(exactLine('\n  a();', 'a();'));
  assert.ok(!exactLine('return a;', 'return b;'));
  assert.ok(!exactLine('a', ''));
  assert.ok(textScorers.similar('abcdefghij', 'abcdefghXY'));
  assert.ok(!textScorers.similar('abcdefghij', 'abcdefgXYZ'));
});
