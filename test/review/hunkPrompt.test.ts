import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DiffHunk } from '../../src/review/diffHunk.ts';
import { hunkPrompt } from '../../src/review/hunkPrompt.ts';

const hunk: DiffHunk = [
  { text: '    if (a) {', mark: 'context', number: 7 },
  { text: '      f();', mark: 'removed' },
  { text: '      g();  ', mark: 'added', number: 8 },
  { text: '', mark: 'added', number: 9 },
  { text: '    }', mark: 'context', number: 10 },
];
const rendered = 'Review this JavaScript code:\n  if (a) {\n-   f();\n1+   g();\n2+\n  }';

test('new lines are numbered from 1, and what all lines are indented by is left out', () =>
  assert.equal(hunkPrompt(hunk, 'JavaScript code'), rendered));

test('no lines, and blank ones', () => {
  assert.equal(hunkPrompt([], 'code'), 'Review this code:\n');
  assert.equal(hunkPrompt([{ text: '  ', mark: 'added', number: 1 }], 'code'), 'Review this code:\n1+');
});
