import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { readOrigin } from '../../../src/experiment/adapterFiles.ts';
import { exampleExperts, exampleQuestion } from '../../../src/extension/recipe/exampleExperts.ts';
import { testEngine } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const { recipe, folder } = exampleExperts(root);
const names = ['code', 'math', 'qa'];

test('they belong to the embedded base, and take at most 5 MB', async () => {
  const base = readFileSync(join(root, 'media/base/model.safetensors'));
  const baseHash = createHash('sha256').update(base).digest('hex');
  for (const name of names) assert.equal((await readOrigin(join(folder, 'adapters', name))).baseHash, baseHash, name);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => statSync(join(folder, name)));
  assert.ok(files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0) <= 5e6);
});

test('they answer the first questions right, by the router that is shipped; nothing is written', async () => {
  // Copied as the package has it, so that what is written is seen.
  const copy = temporaryFolder();
  for (const part of ['media/experts', 'examples/experts'])
    cpSync(join(root, part), join(copy, part), { recursive: true, filter: path => !/[\\/]runs($|[\\/])/.test(path) });
  const before = readdirSync(join(copy, 'media/experts'), { recursive: true, encoding: 'utf8' }).toSorted();
  const shipped = recipe.replace(root, `${copy}/`);
  const engine = testEngine();
  const asked: [string, string, RegExp][] = [
    [exampleQuestion, 'math', /Answer: 85$/],
    ['Write a JavaScript function addSeven(n) that adds 7.', 'code', /return n \+ 7;/],
    ['Emma is in the park. Ben is at the school. Where is Emma?', 'qa', /^the park$/],
  ];
  for (const [prompt, expert, right] of asked) {
    const { text, weights } = await engine.request('ask', { recipe: shipped, prompt, target: { kind: 'auto' } });
    assert.match(text, right);
    assert.ok(weights[expert]! > 0.9, `${expert}: ${weights[expert]}`);
  }
  const { experts } = await engine.request('describe', { recipe: shipped });
  assert.deepEqual(
    experts
      .filter(e => e.isTrained)
      .map(e => e.name)
      .toSorted(),
    names,
  );
  const after = readdirSync(join(copy, 'media/experts'), { recursive: true, encoding: 'utf8' }).toSorted();
  assert.deepEqual(after, before, 'its router is not another one than theirs');
});
