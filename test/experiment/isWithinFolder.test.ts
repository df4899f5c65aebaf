import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { isWithinFolder } from '../../src/experiment/isWithinFolder.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

test('what lies within a folder, there or not, and nothing that a way out or a link leads to', () => {
  const outside = temporaryFolder();
  const folder = join(outside, 'workspace');
  mkdirSync(join(folder, 'data'), { recursive: true });
  writeFileSync(join(folder, 'data', 'a.jsonl'), '');
  symlinkSync(outside, join(folder, 'out'), 'junction');
  const cases: [string, boolean][] = [
    ['data/a.jsonl', true],
    ['data/missing.jsonl', true],
    ['missing/missing.jsonl', true],
    ['..data', true],
    ['', true],
    // A model's name: looked up elsewhere, where a workspace may not say.
    ['ollama:llama3.2:1b', true],
    ['data/../../other', false],
    ['..', false],
    ['out', false],
    ['out/workspace/data/a.jsonl', false],
    [outside, false],
    [join(folder, 'data'), true],
  ];
  for (const [path, expected] of cases) assert.equal(isWithinFolder(path, folder), expected, path);
});
