import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operationsPerToken } from '../../../src/recipe/language/expertFigures.ts';
import { hoverAt } from '../../../src/recipe/language/hover.ts';
import { inlayHintsOf } from '../../../src/recipe/language/inlayHints.ts';
import { readRecipe } from '../../../src/recipe/parse.ts';
import { duration } from '../../../src/text/numbers.ts';
import { adapterFacts, embedded, marked, worldOf } from './marked.ts';

const lines = Array.from({ length: 100 }, (_, i) => JSON.stringify({ prompt: `p${i}`, completion: 'c' })).join('\n');
const world = worldOf({
  data: { 't.jsonl': lines },
  adapters: { a: adapterFacts({ r: 8, lora_alpha: 16, use_rslora: true, target_modules: ['q_proj'] }) },
  // Half of the examples are cut at 256 tokens.
  learned: () => ({ lengths: Float64Array.of(44, 1000), examples: [], refused: [], isSample: false }),
  tokensPerSecond: 500,
});
const recipe = `{
  "lora": {"rank": 4, "targets": ["q_proj", "v_proj"]},
  "training": {"steps": 50, "batchSize": 10},
  "experts": {"math": {"data": {"train": "t.jsonl"}}, "load": {"adapter": "a"}},
  "blends": {"b": {"math": 0.75, "load": -0.25}},
  "merges": {"m": {"weights": {"math": 1, "load": 0.5}}}
}`;
// q_proj [256, 256] and v_proj [128, 256], six layers, rank 4: 6 · 4 · (512 + 384).
const math = '**math**: rank 4 on 12 layers, 21,504 parameters, 86.0 kB; scaling 32 / 4 = 8';
const steps =
  '100 examples, 50 steps, 5 epochs, about 15,000 tokens per epoch, about 2 min 30 s at the speed of the last training; learning rate 0.0025 (auto)';
const table = (...rows: string[]) =>
  ['| expert | weight | share | weight · scaling |', '| --- | --- | --- | --- |', ...rows].join('\n');
const blend = table('| math | 0.75 | 75 % | 0.75 · 8 = 6 |', '| load | -0.25 | 25 % | -0.25 · 5.66 = -1.41 |');

/** What is said of the first occurrence of `part` behind `after`. */
function check(after: string, part: string, expected: string[]): void {
  test(`${after} … ${part}`, () => {
    const at = recipe.indexOf(part, recipe.indexOf(after));
    const hover = hoverAt(readRecipe(recipe), at + 1, world)!;
    assert.equal(recipe.slice(hover.range.start, hover.range.end), part);
    assert.deepEqual(hover.paragraphs, expected);
  });
}

check('"experts"', '"math"', ['**math** One adapter with a domain.', math, steps]);
check('"experts"', '"load"', [
  '**load** One adapter with a domain.',
  '**load**: rank 8 on 6 layers, 24,576 parameters, 98.3 kB; scaling 16 / √8 = 5.66',
]);
check('"blends"', '"b"', ['**b** Expert → weight.', blend]);
check('"blends"', '"math"', ['**math** Share of an expert; negative subtracts what it learned.', math, steps, blend]);
check('"blends"', '0.75', ['**math** Share of an expert; negative subtracts what it learned.', blend]);
check('"merges"', '"m"', [
  '**m** A permanent combination of experts.',
  'Merged by `cat` into rank 12',
  table('| math | 1 | 67 % | 1 · 8 = 8 |', '| load | 0.5 | 33 % | 0.5 · 5.66 = 2.83 |'),
]);
check('"lora"', '"rank"', [
  '**rank** Rank r of the factors A [r, in] and B [out, r]. Default: `16`.',
  `- ${math}\n- **load**: rank 8 on 6 layers, 24,576 parameters, 98.3 kB; scaling 16 / √8 = 5.66`,
]);
check('"training"', '"steps"', ['**steps** Optimiser steps.', `- **math**: ${steps}`]);
check('"experts"', '"t.jsonl"', [
  '**train** Examples it learns from: a file (JSONL, JSON, CSV, Parquet), relative to the recipe, or a dataset of the hub.',
  steps,
]);

test('the base, what a method does, and places of which there is nothing to say', () => {
  const say = (source: string) => {
    const { text, cursor } = marked(source);
    return hoverAt(readRecipe(text), cursor, world)?.paragraphs;
  };
  assert.match(
    say('{"ba‸se": "embedded"}')![1]!,
    /^llama, 5,\d{3},\d{3} parameters .* in F32\), \d+ layers of width 256, context of 256 tokens/,
  );
  assert.match(say('{"merges": {"m": {"method": "ti‸es", "weights": {}}}}')![0]!, /`ties`: The largest entries/);
  assert.equal(say('{"steps": [‸ ]}'), undefined);
  assert.equal(say('// c‸\n{}'), undefined);
});

test('where nothing is known of data and base, the arithmetic of the text remains', () => {
  const bare = { ...world, base: undefined, data: () => undefined, adapter: () => undefined };
  const hover = hoverAt(readRecipe(recipe), recipe.indexOf('"math"') + 1, bare)!;
  assert.deepEqual(hover.paragraphs.slice(1), ['**math**: rank 4; scaling 32 / 4 = 8']);
});

test('before anything was trained the time is a guess, and called so', () => {
  const fresh = { ...world, tokensPerSecond: undefined, operationsPerSecond: 1e9 };
  const hover = hoverAt(readRecipe(recipe), recipe.indexOf('"math"') + 1, fresh)!;
  const per = operationsPerToken(embedded, 21504);
  assert.match(
    hover.paragraphs[2]!,
    new RegExp(
      `about ${duration((75_000 * per) / 1e9)} guessed from the processor until something is trained; learning rate 0\\.0025 \\(auto\\)$`,
    ),
  );
  assert.match(inlayHintsOf(readRecipe(recipe), fresh)[0]!.text, /about .* \(a guess\)$/);
});

test('inlay hints: experts and gates of blends', () => {
  const hints = inlayHintsOf(readRecipe(recipe), world);
  assert.deepEqual(
    hints.map(h => [recipe.slice(0, h.offset).match(/"(\w+)"$/)![1], h.text]),
    [
      ['math', '21,504 parameters, 86.0 kB; scaling 32 / 4 = 8; 100 examples, 50 steps, 5 epochs; about 2 min 30 s'],
      ['load', '24,576 parameters, 98.3 kB; scaling 16 / √8 = 5.66'],
      ['b', 'gates math 6, load -1.41'],
    ],
  );
});

test('a share that is set aside for validation is told in examples, and they are not trained on', () => {
  const text = recipe.replace('"train": "t.jsonl"', '"train": "t.jsonl", "validation": 0.1');
  const hover = (what: string) => hoverAt(readRecipe(text), text.indexOf(what), world)!.paragraphs.join('\n');
  assert.match(hover('0.1'), /10 of 100 examples are set aside/);
  assert.match(hover('"t.jsonl"'), /^90 examples, 50 steps/m);
});
