import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Memento } from 'vscode';
import { createDismissed } from '../../../src/extension/review/dismissed.ts';

/** The editor's, over a map. */
function memory(): Memento {
  const kept = new Map<string, unknown>();
  return {
    keys: () => [...kept.keys()],
    get: (key: string, other?: unknown) => kept.get(key) ?? other,
    update: async (key: string, value: unknown) => void kept.set(key, value),
  } as Memento;
}

const finding = { line: 1, severity: 'info' as const, message: 'logs to the console', replacement: '' };

test('a finding that was resolved is known by file and content, whatever its line', async () => {
  const own = memory();
  const dismissed = createDismissed(own);
  await dismissed.add('a.js', '  console.log(x);', finding);
  const again = createDismissed(own);
  assert.ok(again.has('a.js', 'console.log(x);', { ...finding, line: 9 }));
  assert.ok(!again.has('b.js', 'console.log(x);', finding));
  assert.ok(!again.has('a.js', 'console.log(y);', finding));
  assert.ok(!again.has('a.js', 'console.log(x);', { ...finding, message: 'other' }));
});

test('one that is reopened is shown again; the oldest of many are forgotten', async () => {
  const dismissed = createDismissed(memory());
  await dismissed.add('a.js', 'x', finding);
  await dismissed.remove('a.js', 'x', finding);
  assert.ok(!dismissed.has('a.js', 'x', finding));
  for (let i = 0; i <= 1000; i++) await dismissed.add('a.js', `x${i}`, finding);
  assert.deepEqual([dismissed.has('a.js', 'x0', finding), dismissed.has('a.js', 'x1', finding)], [false, true]);
});
