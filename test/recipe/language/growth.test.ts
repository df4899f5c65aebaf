import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recipeForm } from '../../../src/recipe/form.ts';
import { completionsAt, listedAt } from '../../../src/recipe/language/completion.ts';
import { fixesFor } from '../../../src/recipe/language/fixes.ts';
import { foldingsOf } from '../../../src/recipe/language/folding.ts';
import { formatRecipe } from '../../../src/recipe/language/format.ts';
import { hoverAt } from '../../../src/recipe/language/hover.ts';
import { inlayHintsOf } from '../../../src/recipe/language/inlayHints.ts';
import { lensesOf } from '../../../src/recipe/language/lenses.ts';
import { linksOf } from '../../../src/recipe/language/links.ts';
import { referencesAt } from '../../../src/recipe/language/navigation.ts';
import { outlineOf } from '../../../src/recipe/language/outline.ts';
import { recipeProblems } from '../../../src/recipe/language/problems.ts';
import { maxRecipeTokens, mostParts, mostProblems } from '../../../src/recipe/limits.ts';
import { cellsInRecipe } from '../../../src/recipe/notebook/cellsInRecipe.ts';
import { readNotebook } from '../../../src/recipe/notebook/readNotebook.ts';
import { writeNotebook } from '../../../src/recipe/notebook/writeNotebook.ts';
import { parseRecipe, readRecipe } from '../../../src/recipe/parse.ts';
import { worldOf } from './marked.ts';

const world = worldOf({ data: { 't.jsonl': '{"prompt": "a", "completion": "b"}\n{}' } });
const listings = { dataFiles: [], adapters: [], bases: [] };

const table = (size: number, member: (i: number) => [string, unknown]) =>
  Object.fromEntries(Array.from({ length: size }, (_, i) => member(i)));
const list = (size: number, item: (i: number) => unknown) => Array.from({ length: size }, (_, i) => item(i));
const data = { data: { train: 't.jsonl' } };
const padded = (i: number) => String(i).padStart(4, '0');

/** Recipes that a stranger could write, of as many parts, or characters by the hundred, as asked for. */
const recipes: Record<string, (size: number) => unknown> = {
  'names that are long': n => ({ experts: { ['a'.repeat(100 * n)]: data }, steps: [ask('b'.repeat(100 * n))] }),
  'names that are nearly those there are': n => ({
    experts: table(n, i => [`an_expert_of_this_name_${padded(i)}`, data]),
    steps: list(n, i => ask(`an_expert_of_that_name_${padded(i)}`)),
  }),
  'keys that recipes do not have': n => table(4 * n, i => [`unknown key ${i}`, 1]),
  'experts of one dataset': n => ({ experts: table(n, i => [`e${i}`, data]), evaluation: { sets: { s: heldOut } } }),
  'experts of nothing': n => ({ experts: table(n, i => [`e${i}`, {}]) }),
  'negative weights on one line': n => ({ experts: { a: data }, blends: table(n, i => [`b${i}`, { a: -1 }]) }),
  'weights of nobody': n => ({ experts: { a: data }, blends: { b: table(4 * n, i => [`e${i}`, 1]) } }),
  'merges with settings that are not read': n => ({
    experts: { a: data },
    merges: table(n, i => [`m${i}`, { method: 'linear', weights: { a: 1 }, density: 0.2 }]),
  }),
  'steps that do nothing known': n => ({ steps: list(n, i => ({ do: `tarin${i}` })) }),
  'values of wrong types': n => ({ experts: table(n, i => [`e${i}`, { data: { train: i }, lora: { rank: 'r' } }]) }),
  'targets of many names': n => ({ lora: { targets: list(n, i => `t${i}`) }, experts: table(n, i => [`e${i}`, data]) }),
  'one string': n => ({ base: 'x'.repeat(1000 * n), experts: {} }),
};
const ask = (expert: string) => ({ do: 'ask', prompt: 'x', expert });
const heldOut = { data: 't.jsonl', expert: 'e0' };

/** And texts that are no recipes. */
const texts: Record<string, (size: number) => string> = {
  comments: n => `{${'/*c*/'.repeat(10 * n)} "experts": {}}`,
  'lines of comments': n => `{${'// c\n'.repeat(10 * n)} "experts": {}}`,
  'a key written again and again': n => `{${'"seed": 1,'.repeat(4 * n)} "experts": {}}`,
  'scalars on lines of their own': n => `{${list(4 * n, i => `"k${i}": 1`).join(',\n')}}`,
  'brackets that nest': n => `{"experts": [${'['.repeat(95)}${'[],'.repeat(6 * n)}1${']'.repeat(95)}]}`,
  'brackets without end': n => '['.repeat(1000 * n),
  'words without sense': n => 'word '.repeat(100 * n),
};

/** All that the editor asks of a recipe. */
function everything(text: string): void {
  const reading = readRecipe(text);
  const problems = recipeProblems(reading, world);
  for (const problem of problems.slice(0, 3)) fixesFor(reading, problem);
  outlineOf(reading);
  foldingsOf(reading);
  inlayHintsOf(reading, world);
  lensesOf(reading, [], world);
  linksOf(reading);
  formatRecipe(text, { tabSize: 2, insertSpaces: true });
  recipeForm(reading, true);
  for (const offset of [2, text.length >> 1, text.length - 2]) {
    listedAt(reading, offset);
    completionsAt(reading, offset, world, listings);
    hoverAt(reading, offset, world);
    referencesAt(reading, offset);
  }
  const { notebook } = readNotebook(text);
  if (!notebook) return;
  writeNotebook(notebook);
  cellsInRecipe(notebook.cells, notebook.cells.at(-1));
}

/** Milliseconds of processor, which do not count what other processes do. */
function cost(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const makers = [
  ...Object.entries(recipes).map(
    ([name, make]) => [name, (size: number) => JSON.stringify(make(size))] as [string, (size: number) => string],
  ),
  ...Object.entries(texts),
];
for (const [name, make] of makers)
  test(`${name}: four times as much takes some four times as long`, () => {
    everything(make(10));
    const small = Math.min(...[1, 2, 3].map(() => cost(() => everything(make(100)))));
    const large = Math.min(...[1, 2].map(() => cost(() => everything(make(400)))));
    // What is quadratic takes sixteen times as long. Times below that are noise.
    assert.ok(large < 12 * Math.max(small, 50), `${small} ms for 100, ${large} ms for 400`);
  });

test('a recipe is refused with the place where it becomes too much, and nothing more is done with it', () => {
  const many = `{"experts": {},\n${'"k": 1,\n'.repeat(maxRecipeTokens)}}`;
  const { problems } = parseRecipe(many);
  assert.deepEqual(
    problems.map(p => [p.code, p.where]),
    [['tooLarge', `line ${2 + Math.floor((maxRecipeTokens - 5) / 4)}`]],
  );
  const reading = readRecipe(many);
  assert.deepEqual(
    [outlineOf(reading), foldingsOf(reading), completionsAt(reading, 30, world, listings)],
    [[], [], []],
  );
  assert.deepEqual(formatRecipe(many, { tabSize: 2, insertSpaces: true }), []);
});

test('as many parts as there may be are read, one more is refused', () => {
  const experts = (count: number) => JSON.stringify({ experts: table(count, i => [`e${i}`, data]) });
  assert.deepEqual(parseRecipe(experts(mostParts)).problems, []);
  const [problem] = parseRecipe(experts(mostParts + 1)).problems;
  assert.match(problem!.message, /^experts: a recipe has at most 1000 experts/);
  assert.deepEqual(
    parseRecipe(JSON.stringify({ steps: list(mostParts + 1, () => ({ do: 'train' })) })).problems.map(p => p.where),
    ['steps'],
  );
});

test('of many problems the first are told, and how many more there are', () => {
  const { problems } = parseRecipe(JSON.stringify(table(mostProblems + 23, i => [`unknown${i}`, 1])));
  assert.equal(problems.length, mostProblems + 1);
  const { code, severity, message } = problems.at(-1)!;
  assert.deepEqual(
    [code, severity, message],
    ['moreProblems', 'error', '23 more problems are not told; the first 100 are'],
  );
});

test('signs that turn text around or move a cursor are written out in messages', () => {
  const { problems } = parseRecipe('{"ex\\u202eperts\\u001b[2J": {}}');
  assert.equal(problems[0]!.message, "'ex\\u202eperts\\x1b[2J' is not a key of a recipe");
});
