import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import test from 'node:test';
import { applyEdits } from 'jsonc-parser';
import { type Moved, pathEdits } from '../../src/experiment/movedPaths.ts';

const at = (...parts: string[]) => join(resolve('/work/space'), ...parts);
const text = `{
  "base": "models/small", // a folder
  "experts": {
    "math": { "data": { "train": "data/math.jsonl", "validation": 0.1 } },
    "hub": { "data": { "train": "openai/gsm8k:main:train" } },
    "old": { "adapter": "adapters/old" }
  },
  "evaluation": { "sets": { "math": { "data": "data/heldout.jsonl", "expert": "math" } } }
}`;
const there = new Set(['models/small', 'data/math.jsonl', 'data/heldout.jsonl', 'adapters/old'].map(path => at(path)));

function moved(moves: [string, string][]): string {
  const all: Moved[] = moves.map(([from, to]) => ({ from: at(from), to: at(to) }));
  return applyEdits(
    text,
    pathEdits(at('a.lora.json'), text, all, path => there.has(path)),
  );
}

test('a recipe names its files where they have gone', () => {
  assert.equal(moved([['data/math.jsonl', 'data/sums.jsonl']]), text.replace('data/math.jsonl', 'data/sums.jsonl'));
  assert.equal(moved([['data', 'sets/all']]), text.replaceAll('"data/', '"sets/all/'));
  assert.equal(moved([['models', 'bases']]), text.replace('models/small', 'bases/small'));
  assert.equal(
    moved([
      ['dat', 'x'],
      ['other.jsonl', 'y.jsonl'],
    ]),
    text,
  );
});

test('a recipe that goes elsewhere names them from there, and models of the hub as before', () => {
  const there = moved([['a.lora.json', 'recipes/b.lora.json']]);
  assert.match(there, /"base": "..\/models\/small"/);
  assert.match(there, /"train": "..\/data\/math.jsonl"/);
  assert.match(there, /"train": "openai\/gsm8k:main:train"/);
  assert.match(there, /"adapter": "..\/adapters\/old"/);
  assert.equal(moved([['a.lora.json', 'b.lora.json']]), text);
});
