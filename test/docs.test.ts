import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exampleRecipe, generatedFiles } from '../scripts/docs/recipeDocs.ts';
import { parseRecipe } from '../src/recipe/parse.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

for (const [path, text] of Object.entries(generatedFiles()))
  test(`${path} is what 'npm run docs' makes of the schema`, () => {
    assert.ok(read(path) === text, `${path} is out of date; run: npm run docs`);
  });

test('the example of docs/RECIPE.md is a recipe without problems', () => {
  const { recipe, problems } = parseRecipe(exampleRecipe);
  assert.deepEqual(problems, []);
  assert.deepEqual(Object.keys(recipe!.experts), ['math', 'code']);
});

test('recipes under examples/ have no problems and point to the schema', () => {
  const recipes = readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' }).filter(f =>
    f.endsWith('.lora.json'),
  );
  assert.ok(recipes.length >= 1);
  for (const file of recipes) {
    const path = join('examples', file);
    const { recipe, problems } = parseRecipe(read(path));
    assert.deepEqual(problems, [], path);
    if (recipe?.$schema)
      assert.equal(resolve(root, dirname(path), recipe.$schema), join(root, 'syntaxes/lora-recipe.schema.json'));
  }
});

test('links between the documents, and the folders and npm scripts they name, exist', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const file of ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'docs/ARCHITECTURE.md', 'docs/RECIPE.md']) {
    const text = read(file);
    const links = [...text.matchAll(/\]\(([^)#]+)[^)]*\)|(?:src|srcset)="([^"]+)"/g)].map(m => (m[1] ?? m[2])!);
    for (const link of links.filter(l => !l.includes('://')))
      assert.ok(
        statSync(join(root, dirname(file), link), { throwIfNoEntry: false }),
        `${file} links to ${link}, which is not there`,
      );
    for (const [, name] of text.matchAll(/npm run ([a-z]+)/g))
      assert.ok(scripts[name!], `${file} names 'npm run ${name}'`);
  }
});
