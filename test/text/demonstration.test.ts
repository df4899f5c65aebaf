import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demonstrationText, refusalText } from '../../src/text/demonstration.ts';
import { described } from '../extension/ask/described.ts';

const other = { ...described, base: { ...described.base, name: 'Qwen/Qwen3-0.6B' } };

test('the demonstration base says what it is; others do not', () => {
  assert.equal(
    demonstrationText(described),
    'This is the demonstration base of 4.95 M parameters. It answers only what its experts were trained for: math (math); js (code).',
  );
  assert.equal(demonstrationText(other), undefined);
});

test('where the router found no expert the demonstration base says what it is; elsewhere somebody may know', () => {
  assert.equal(refusalText({ abstained: true }, described), demonstrationText(described));
  assert.equal(refusalText({ abstained: false }, described), undefined);
  assert.equal(refusalText({ abstained: true }, other), undefined);
  const untrained = described.experts.map(e => ({ ...e, isTrained: false }));
  assert.equal(refusalText({ abstained: true }, { ...described, experts: untrained }), undefined);
});
