import { test } from 'node:test';
import fc from 'fast-check';
import { completionsAt } from '../../../src/recipe/language/completion.ts';
import { fixesFor } from '../../../src/recipe/language/fixes.ts';
import { foldingsOf } from '../../../src/recipe/language/folding.ts';
import { hoverAt } from '../../../src/recipe/language/hover.ts';
import { inlayHintsOf } from '../../../src/recipe/language/inlayHints.ts';
import { lensesOf } from '../../../src/recipe/language/lenses.ts';
import { linksOf } from '../../../src/recipe/language/links.ts';
import { referencesAt, renameAt } from '../../../src/recipe/language/navigation.ts';
import { outlineOf } from '../../../src/recipe/language/outline.ts';
import { recipeProblems } from '../../../src/recipe/language/problems.ts';
import { readRecipe } from '../../../src/recipe/parse.ts';
import { worldOf } from './marked.ts';

const recipe = `{
  // c
  "base": "embedded", "lora": {"rank": 4, "targets": ["q_proj", "x"]},
  "experts": {"math": {"data": {"train": "t.jsonl"}}, "v1.2": {"adapter": "a"}},
  "blends": {"b": {"math": 0, "v1.2": -1}}, "merges": {"m": {"method": "ties", "weights": {"math": 1, "v1.2": 1}, "seed": 1}},
  "evaluation": {"sets": {"s": {"data": "t.jsonl", "expert": "math", "scorer": "code"}}},
  "steps": [{"do": "train", "experts": ["math"]}, {"do": "ask", "prompt": "p", "weights": {"math": 1}}]
}`;
const world = worldOf({ data: { 't.jsonl': '{"prompt": "a", "completion": "b"}\n{}' } });
const listings = { dataFiles: [{ name: 't.jsonl' }], adapters: ['a'], bases: [] };

test('whatever is cut out of a recipe or written into it, nothing throws', () => {
  const piece = fc.constantFrom(
    '',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '//',
    '/*',
    '1',
    'null',
    '"math"',
    '"experts":',
    '__proto__',
  );
  const place = fc.nat(recipe.length);
  const property = fc.property(place, fc.nat(40), piece, place, (start, length, inserted, offset) => {
    const text = recipe.slice(0, start) + inserted + recipe.slice(start + length);
    const reading = readRecipe(text);
    for (const problem of recipeProblems(reading, world)) fixesFor(reading, problem);
    completionsAt(reading, Math.min(offset, text.length), world, listings);
    hoverAt(reading, offset, world);
    referencesAt(reading, offset);
    renameAt(reading, offset, 'renamed');
    outlineOf(reading);
    linksOf(reading);
    foldingsOf(reading);
    inlayHintsOf(reading, world);
    lensesOf(reading, [], world);
  });
  fc.assert(property, { numRuns: 1000, seed: 1 });
});
