import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whoDoes } from '../../../src/extension/ask/whoDoes.ts';
import type { DescribeResult } from '../../../src/protocol/engine/experts.ts';
import { described } from './described.ts';

const withSkills = (skills: DescribeResult['experts'][number]['skills'], followsInstructions = false) => ({
  ...described,
  base: { ...described.base, followsInstructions },
  experts: described.experts.map(e => (e.name === 'js' ? { ...e, skills } : e)),
});
const js = { target: { kind: 'expert', name: 'js' } };

test('an expert does what its data asks for, in its languages', () => {
  const skills = withSkills({ tasks: ['explain'], languages: ['JavaScript'] });
  assert.deepEqual(whoDoes('explain', 'JavaScript', skills), js);
  assert.deepEqual(whoDoes('explain', '', skills), js);
  assert.deepEqual(whoDoes('explain', 'Python', skills), {
    reason: 'Nobody here can explain code in Python: js was trained on JavaScript.',
  });
  assert.match(
    JSON.stringify(whoDoes('document', 'JavaScript', skills)),
    /No expert here was trained to document code/,
  );
});

test('a base that follows instructions does what no expert was trained for', () => {
  assert.deepEqual(whoDoes('document', 'Python', withSkills({ tasks: [], languages: [] }, true)), {
    target: { kind: 'base' },
  });
});

test('without either nobody does it', () =>
  assert.deepEqual(whoDoes('writeTests', 'JavaScript', withSkills({ tasks: [], languages: ['JavaScript'] })), {
    reason: 'No expert here was trained to write tests, and the demonstration base cannot.',
  }));
