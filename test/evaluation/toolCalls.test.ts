import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callLines } from '../../src/evaluation/toolCalls.ts';

const call = (name: string, json: string) => ({ name, arguments: JSON.parse(json) });

test('calls are the same by names, order, and what their arguments are worth', () => {
  const own = [call('f', '{"a": 1, "b": {"x": [1, 2], "y": "z"}}'), call('g', '{}')];
  const lines = 'f {"a":1,"b":{"x":[1,2],"y":"z"}}\ng {}';
  assert.equal(callLines(own), lines);
  assert.equal(callLines([call('f', '{"b": {"y": "z", "x": [1.0, 2e0]}, "a": 1.00}'), own[1]!]), lines);
  const others = [
    [own[1]!, own[0]!],
    [own[0]!],
    [call('f', '{"a": 1, "b": {"x": [2, 1], "y": "z"}}'), own[1]!],
    [call('f', '{"a": "1", "b": {"x": [1, 2], "y": "z"}}'), own[1]!],
    [],
  ];
  for (const other of others) assert.notEqual(callLines(other), lines);
  assert.equal(callLines([]), '');
});
