import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { completionsAt } from '../../../src/recipe/language/completion.ts';
import { hoverAt } from '../../../src/recipe/language/hover.ts';
import { type RecipeCell, roleOf } from '../../../src/recipe/notebook/cells.ts';
import { cellsInRecipe } from '../../../src/recipe/notebook/cellsInRecipe.ts';
import { withoutComma } from '../../../src/recipe/notebook/listText.ts';
import { readNotebook } from '../../../src/recipe/notebook/readNotebook.ts';
import { adapterFacts, worldOf } from '../language/marked.ts';
import { oddRecipe } from './oddRecipe.ts';

const adapter = adapterFacts({ r: 8, lora_alpha: 16, target_modules: ['q_proj'] });
const world = worldOf({ adapters: { a: adapter, b: adapter } });
const listings = { dataFiles: [{ name: 'train.jsonl' }], adapters: [], bases: [] };

const recipe = `{
  "experts": { "math": { "adapter": "a" }, "code": { "adapter": "b" } }, // two
  "steps": [
    { "do": "train", "experts": ["math"] }, // first
    { "do": "note", "text": "words" },
  ],
  "seed": 7
}`;

/** The cells of the recipe with one more, at whose mark `|` the cursor is. */
function inCell(marked: string, ...others: string[]) {
  const cursor = marked.indexOf('|');
  const text = marked.replace('|', '');
  const json = (text: string): RecipeCell => ({ kind: 'json', text });
  const cell = json(text);
  const cells = [...readNotebook(recipe).notebook!.cells, cell, ...others.map(json)];
  const { reading, starts } = cellsInRecipe(cells, cell);
  const start = starts.get(cell)!;
  assert.equal(reading.text.slice(start, start + text.length), text);
  return { reading, start, offset: start + cursor, text };
}

function offered(marked: string, ...others: string[]): string[] {
  const { reading, start, offset, text } = inCell(marked, ...others);
  const found = completionsAt(reading, offset, world, listings);
  for (const { range } of found) assert.ok(range.start >= start && range.end <= start + text.length);
  return found.map(c => c.label);
}

test('a step that is begun is offered the keys, deeds and names of its recipe', () => {
  assert.ok(offered('{ | }').includes('do'));
  assert.ok(offered('{ "do": "|" }').includes('evaluate'));
  assert.deepEqual(offered('{ "do": "train", "experts": ["math", |'), ['code']);
  assert.deepEqual(offered('{ "do": "train", "experts": [|] }', '{ "do": "as'), ['math', 'code']);
});

test('a definition is offered what the recipe does not have yet, and its own parts', () => {
  for (const cell of ['|', '"|"', '"ble|'])
    assert.ok(offered(cell).includes('blends') && !offered(cell).includes('experts'), cell);
  assert.deepEqual(offered('"blends": { "half": { "math": 0.5, | } }'), ['code']);
  assert.deepEqual(offered('"evaluation": { "sets": { "math": { "data": "|" } } }'), ['train.jsonl']);
});

test('what a cell names is told, from the other cells too', () => {
  const { reading, offset, start } = inCell('{ "do": "train", "experts": ["ma|th"] }');
  const hover = hoverAt(reading, offset, world)!;
  assert.match(hover.paragraphs.join('\n'), /rank 8/);
  assert.equal(reading.text.slice(hover.range.start, hover.range.end), '"math"');
  assert.ok(hover.range.start > start);
});

test('names are offered while the cell that defines them is half written', () => {
  const half = (text: string): RecipeCell => ({ kind: 'json', text });
  const step = half('{ "do": "train", "experts": [] }');
  const names = (experts: string) => {
    const cells = [half(experts), half('"blends": {}'), step];
    const { reading, starts } = cellsInRecipe(cells, step);
    const at = starts.get(step)! + step.text.indexOf(']');
    return completionsAt(reading, at, world, listings).map(c => c.label);
  };
  assert.deepEqual(names('"experts": { "math": { "adapter": "a", "x" }, "code": { "adapter": } }'), ['math', 'code']);
});

test('cells that would take others in are left out, and so are notes and blank cells', () => {
  const cell = (text: string, kind: RecipeCell['kind'] = 'json'): RecipeCell => ({ kind, text });
  const cells = [cell('"seed": 1'), cell('"lora": {'), cell(''), cell('# note', 'note'), cell('{ "do": "train" }')];
  const { reading, starts } = cellsInRecipe(cells);
  assert.deepEqual([...starts.keys()], [cells[0], cells[4]]);
  assert.deepEqual(reading.problems, []);
});

test('any recipe, seen from any of its cells, has all of its definitions and steps', () => {
  fc.assert(
    fc.property(oddRecipe, fc.nat(20), (text, n) => {
      const { notebook } = readNotebook(text);
      const cells = notebook!.cells.filter(c => roleOf(c) !== 'note');
      fc.pre(cells.length > 0);
      const last = [undefined, ...cells][n % (cells.length + 1)];
      const { reading, starts } = cellsInRecipe(notebook!.cells, last);
      assert.deepEqual(new Set(starts.keys()), new Set(cells));
      for (const [cell, start] of starts) {
        const value = cell === last ? cell.text : withoutComma(cell.text);
        assert.equal(reading.text.slice(start, start + value.length), value);
      }
      assert.deepEqual(
        reading.problems.filter(p => p.code === 'syntax'),
        [],
      );
    }),
    { numRuns: 500 },
  );
});
