import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createArena } from '../../../src/nn/memory/arena.ts';

const kB = 1024;

test('what was freed is used again, joined with its neighbours', () => {
  const arena = createArena();
  const [a, b] = [arena.allocate(256 * kB), arena.allocate(256 * kB)];
  assert.equal(arena.touchedBytes(), 512 * kB);
  arena.free(a);
  arena.free(b);
  arena.allocate(512 * kB);
  assert.equal(arena.touchedBytes(), 512 * kB);
});

test('a free chunk below twice the size is given whole: the next one lies behind it', () => {
  const arena = createArena();
  const first = arena.allocate(384 * kB);
  arena.allocate(64 * kB);
  arena.free(first);
  arena.allocate(256 * kB);
  // The 128 kB that are left over cannot be had.
  arena.allocate(128 * kB);
  assert.equal(arena.touchedBytes(), (384 + 64 + 128) * kB);
});

test('a region that is full is followed by one that is large enough', () => {
  const arena = createArena();
  arena.allocate(1024 * kB);
  arena.allocate(5000 * kB);
  assert.ok(arena.touchedBytes() >= 6024 * kB && arena.touchedBytes() < 6100 * kB);
});
