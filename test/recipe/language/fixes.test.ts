import assert from 'node:assert/strict';
import test from 'node:test';
import { applyEdits } from 'jsonc-parser';
import { fixesFor, type KnownNames, namesNeeded } from '../../../src/recipe/language/fixes.ts';
import { readRecipe } from '../../../src/recipe/parse.ts';

/** What each fix makes of the part between ⟦ and ⟧. */
function fixed(marked: string, code: string, names: KnownNames): string[] {
  const range = { start: marked.indexOf('⟦'), end: marked.indexOf('⟧') - 1 };
  const text = marked.replace(/[⟦⟧]/g, '');
  const problem = { code, severity: 'error' as const, where: '', message: '', range };
  return fixesFor(readRecipe(text), problem, names).map(({ title, edits }) =>
    edits.length > 0 ? applyEdits(text, edits) : title,
  );
}

test('a base that is nearly right is the nearest one that is there', () => {
  const bases = ['HuggingFaceTB/SmolLM2-135M-Instruct', 'models/small'];
  const base = (name: string) => fixed(`{"base": ⟦"${name}"⟧}`, 'badBase', { bases });
  assert.deepEqual(base('embeded'), ['{"base": "embedded"}']);
  assert.deepEqual(base('HuggingFaceTB/SmolLM2-135M-instruct'), ['{"base": "HuggingFaceTB/SmolLM2-135M-Instruct"}']);
  assert.deepEqual(base('something/else'), []);
  assert.deepEqual(fixed('{"base": ⟦"embeded"⟧}', 'badBase', {}), ['{"base": "embedded"}']);
});

test('a data file that is not there is the nearest one that is, or is created', () => {
  const dataFiles = ['math/heldout.jsonl', 'math/train.jsonl', 'sums.csv', 'deep/er/other.jsonl'];
  const data = (name: string) =>
    fixed(`{"experts": {"a": {"data": {"train": ⟦"${name}"⟧}}}}`, 'missingFile', { dataFiles });
  const written = (name: string) => `{"experts": {"a": {"data": {"train": "${name}"}}}}`;
  assert.deepEqual(data('math/trian.jsonl'), [written('math/train.jsonl'), 'Create math/trian.jsonl']);
  assert.deepEqual(data('other.jsonl'), [written('deep/er/other.jsonl'), 'Create other.jsonl']);
  assert.deepEqual(data('somewhere/else/sumz.csv'), [written('sums.csv'), 'Create somewhere/else/sumz.csv']);
  assert.deepEqual(data('unheard-of.parquet'), ['Create unheard-of.parquet']);
  assert.deepEqual(
    ['missingFile', 'badBase', 'badData'].map(code => namesNeeded({ code })),
    ['dataFiles', 'bases', undefined],
  );
});
