import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { removeModel } from '../../../src/engine/hub/removeModel.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const [first, second] = ['a'.repeat(40), 'b'.repeat(40)];

/** A repository with two commits that share one of three blobs, and a file outside that a snapshot links to. */
function cacheOfTwo(): { cache: string; repo: string; outside: string } {
  const cache = temporaryFolder();
  const outside = join(temporaryFolder(), 'mine.json');
  writeFileSync(outside, 'mine');
  const repo = join(cache, 'models--o--n');
  const blobs = { c1: 'first', c2: 'second', c3: 'shared' };
  mkdirSync(join(repo, 'blobs'), { recursive: true });
  for (const [hash, text] of Object.entries(blobs)) writeFileSync(join(repo, 'blobs', hash), text);
  writeFileSync(join(repo, 'blobs', 'c9.partial'), 'half of a file');
  const links = {
    [first]: { 'config.json': 'c1', 'tokenizer.json': 'c3' },
    [second]: { 'config.json': 'c2', 'tokenizer.json': 'c3' },
  };
  for (const [commit, files] of Object.entries(links)) {
    mkdirSync(join(repo, 'snapshots', commit), { recursive: true });
    for (const [name, hash] of Object.entries(files))
      symlinkSync(join('..', '..', 'blobs', hash), join(repo, 'snapshots', commit, name));
  }
  symlinkSync(outside, join(repo, 'snapshots', first, 'extra.json'));
  mkdirSync(join(repo, 'refs'));
  writeFileSync(join(repo, 'refs', 'main'), first);
  writeFileSync(join(repo, 'refs', 'old'), second);
  return { cache, repo, outside };
}

test('a commit goes with the files that are its own; what others share, and what links lead to outside, stays', async () => {
  const { cache, repo, outside } = cacheOfTwo();
  const { bytes } = await removeModel({ repo: 'o/n', commit: first }, cache);
  assert.equal(bytes, 'first'.length);
  assert.deepEqual(readdirSync(join(repo, 'snapshots')), [second]);
  assert.deepEqual(readdirSync(join(repo, 'refs')), ['old']);
  assert.deepEqual(readdirSync(join(repo, 'blobs')).sort(), ['c2', 'c3', 'c9.partial']);
  assert.equal(readFileSync(join(repo, 'snapshots', second, 'tokenizer.json'), 'utf8'), 'shared');
  assert.equal(readFileSync(outside, 'utf8'), 'mine');

  const last = await removeModel({ repo: 'o/n', commit: second }, cache);
  assert.equal(last.bytes, 'second'.length + 'shared'.length + 'half of a file'.length);
  assert.ok(!existsSync(repo), 'nothing is left of it');
  assert.ok(existsSync(cache));
});

test('nothing is deleted while the model is downloaded; the lock of a process that ended holds nothing', async () => {
  const { cache, repo } = cacheOfTwo();
  const lock = join(repo, 'blobs', 'c9.partial.lock');
  writeFileSync(lock, `${process.pid} ${hostname()}`);
  await assert.rejects(removeModel({ repo: 'o/n', commit: first }, cache), {
    code: 'busy',
    message: 'o/n is being downloaded',
  });
  assert.deepEqual(readdirSync(join(repo, 'snapshots')).sort(), [first, second]);
  assert.equal(readdirSync(join(repo, 'blobs')).length, 5);
  writeFileSync(lock, `${spawnSync(process.execPath, ['-e', '']).pid} ${hostname()}`);
  await removeModel({ repo: 'o/n', commit: first }, cache);
  assert.deepEqual(readdirSync(join(repo, 'snapshots')), [second]);
});

test('where links are not allowed the files of a snapshot go with it', async () => {
  const cache = temporaryFolder();
  const snapshot = join(cache, 'models--o--n', 'snapshots', first);
  mkdirSync(snapshot, { recursive: true });
  writeFileSync(join(snapshot, 'config.json'), '{}');
  assert.equal((await removeModel({ repo: 'o/n', commit: first }, cache)).bytes, 2);
  assert.deepEqual(readdirSync(cache), []);
});

test('names that lead elsewhere are refused, and what is not there is said', async () => {
  const { cache, repo } = cacheOfTwo();
  for (const [name, commit] of [
    ['..', first],
    ['o/../..', first],
    ['o/n@main', first],
    ['o/n', '..'],
    ['o/n', `../${first}`],
    ['o/n', 'main'],
  ] as const)
    await assert.rejects(removeModel({ repo: name, commit }, cache), /names no model of the cache/);
  await assert.rejects(removeModel({ repo: 'o/n', commit: 'c'.repeat(40) }, cache), /is not there/);
  await assert.rejects(removeModel({ repo: 'o/m', commit: first }, cache), /is not there/);
  assert.equal(readdirSync(join(repo, 'blobs')).length, 4);
});

test('a folder of the model that is a link is refused: what it leads to is somebody’s', async () => {
  for (const part of ['', 'blobs', 'refs', 'snapshots', join('snapshots', first), join('snapshots', second)]) {
    const { cache, repo } = cacheOfTwo();
    const mine = join(temporaryFolder(), 'mine');
    renameSync(join(repo, part), mine);
    symlinkSync(mine, join(repo, part));
    const before = readdirSync(mine, { recursive: true });
    await assert.rejects(removeModel({ repo: 'o/n', commit: first }, cache), (e: WorkbenchError) => {
      assert.deepEqual([e.code, e.message.startsWith(join(repo, part))], ['badRequest', true], e.message);
      return true;
    });
    assert.deepEqual(readdirSync(mine, { recursive: true }), before);
  }
});

test('files that no download wrote stay, and so do the folders they lie in; links in a snapshot are not followed', async () => {
  const { cache, repo } = cacheOfTwo();
  const mine = temporaryFolder();
  writeFileSync(join(mine, 'thesis.txt'), 'mine');
  symlinkSync(mine, join(repo, 'snapshots', second, 'folder'));
  writeFileSync(join(repo, 'blobs', 'notes.txt'), 'mine');
  mkdirSync(join(repo, 'blobs', 'ab'));
  symlinkSync(join(mine, 'thesis.txt'), join(repo, 'blobs', 'cd'));
  await removeModel({ repo: 'o/n', commit: first }, cache);
  await removeModel({ repo: 'o/n', commit: second }, cache);
  assert.deepEqual(readdirSync(join(repo, 'blobs')).sort(), ['ab', 'cd', 'notes.txt']);
  assert.deepEqual(readdirSync(mine), ['thesis.txt']);
});
