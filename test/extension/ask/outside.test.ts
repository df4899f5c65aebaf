import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outsideText, weightsOfTarget } from '../../../src/extension/ask/outside.ts';
import { described } from './described.ts';

const offered = {
  ...described,
  experts: described.experts.map(e =>
    e.name === 'js' ? { ...e, skills: { tasks: [], languages: ['JavaScript'] } } : e,
  ),
};
const check = (prompt: string, weights: Record<string, number>) => outsideText(prompt, weights, offered);

test('a request for another language than the expert’s is said', () => {
  assert.match(check('Write a Python function', { js: 1 })!, /^js was trained on JavaScript, not on Python/);
  assert.equal(check('Write a JavaScript function', { js: 1 }), undefined);
  assert.equal(check('Write a function', { js: 1 }), undefined);
  assert.equal(check('Turn Python into JavaScript', { js: 1 }), undefined);
  // Of one whose data name no language nothing is known.
  assert.equal(check('Write a Python function', { math: 1 }), undefined);
});

test('whom a target stands for', () => {
  assert.deepEqual(weightsOfTarget({ kind: 'expert', name: 'js' }, offered), { js: 1 });
  assert.deepEqual(weightsOfTarget({ kind: 'blend', name: 'half' }, offered), { math: 0.5, qa: 0.5 });
  assert.deepEqual(weightsOfTarget({ kind: 'auto' }, offered), {});
});
