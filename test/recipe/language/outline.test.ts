import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyEdits } from 'jsonc-parser';
import { formatRecipe } from '../../../src/recipe/language/format.ts';
import { linksOf } from '../../../src/recipe/language/links.ts';
import { type OutlineItem, outlineOf } from '../../../src/recipe/language/outline.ts';
import { readRecipe } from '../../../src/recipe/parse.ts';
import { marked } from './marked.ts';

test('the outline names parts by what they are, and steps by what they do', () => {
  const text = `{"seed": 3, "experts": {"math": {"data": {"train": "t"}}}, "evaluation": {"sets": {"s": {"data": "d", "expert": "math"}}},
    "steps": [{"do": "train", "experts": ["math"]}, {"do": "ask", "prompt": "Why?\\nBecause."}, {}]}`;
  const shown = (items: OutlineItem[], depth = 0): string[] =>
    items.flatMap(i => [
      `${' '.repeat(depth)}${i.kind} ${i.name}${i.detail && `: ${i.detail}`}`,
      ...shown(i.children, depth + 1),
    ]);
  assert.deepEqual(shown(outlineOf(readRecipe(text))), [
    'setting seed: 3',
    'group experts',
    ' expert math',
    '  group data',
    '   setting train: t',
    'group evaluation',
    ' group sets',
    '  set s',
    '   setting data: d',
    '   setting expert: math',
    'group steps',
    ' step 1. train: math',
    ' step 2. ask: Why?',
    ' step 3. step',
  ]);
});

test('datasets, bases and adapters are linked', () => {
  const { text, ranges } = marked(
    '{"base": "⟦models/x⟧", "experts": {"a": {"data": {"train": "⟦t.jsonl⟧"}}, "b": {"adapter": "⟦ad⟧"}}, "evaluation": {"sets": {"s": {"data": "⟦h.csv⟧", "expert": "a"}}}}',
  );
  const links = linksOf(readRecipe(text));
  assert.deepEqual(
    links.map(l => l.range).sort((a, b) => a.start - b.start),
    ranges,
  );
  assert.deepEqual(links.map(l => `${l.kind} ${l.path}`).sort(), [
    'adapter ad',
    'base models/x',
    'data h.csv',
    'data t.jsonl',
  ]);
});

test('a part is formatted alone', () => {
  const text = '{\n"seed":1,\n"lora":{"rank":4}\n}';
  const start = text.indexOf('"lora"');
  const edits = formatRecipe(text, { tabSize: 2, insertSpaces: true }, { start, end: text.length - 2 });
  assert.equal(applyEdits(text, edits), '{\n"seed":1,\n"lora": { "rank": 4 }\n}');
});

test('formatting indents and spaces out, and keeps what stands in one line', () => {
  const text = '{\n// c\n"lora":{"rank":4},\n      "experts":{\n"a":{}}}';
  const formatted = applyEdits(text, formatRecipe(text, { tabSize: 2, insertSpaces: true }));
  assert.equal(formatted, '{\n  // c\n  "lora": { "rank": 4 },\n  "experts": {\n    "a": {} } }');
});
