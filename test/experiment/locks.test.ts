import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isHeld, withExpertLocks, withFileLock } from '../../src/experiment/locks.ts';
import { resultPaths } from '../../src/experiment/paths.ts';
import { isProcessAlive, ownProcess } from '../../src/experiment/processes.ts';
import type { WorkbenchError } from '../../src/protocol/errors.ts';
import { endedProcess, zombie } from '../support/endedProcess.ts';
import { fromSource } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const isLinux = process.platform === 'linux';

/** A place for results in which the lock of 'math' is what is given. */
function lockedBy(text: string, touched = Date.now()) {
  const paths = resultPaths(temporaryFolder());
  const lock = paths.expertLock('math');
  mkdirSync(dirname(lock));
  writeFileSync(lock, text);
  utimesSync(lock, touched / 1000, touched / 1000);
  return { paths, lock };
}

const hour = 3_600_000;

/** What the lock says while it is held; nothing is left after it. */
async function takes({ paths, lock }: ReturnType<typeof lockedBy>): Promise<void> {
  const held = await withExpertLocks(paths, ['math'], async () => {
    assert.ok(await isHeld(lock));
    await assert.rejects(
      withExpertLocks(paths, ['math'], async () => {}),
      { code: 'busy' },
    );
    return readFileSync(lock, 'utf8');
  });
  assert.match(held, new RegExp(`^${process.pid} `));
  assert.deepEqual(readdirSync(dirname(lock)), []);
}

test('of many that see a dead lock, or none, at once, one alone holds it', async () => {
  const folder = temporaryFolder();
  const rounds = 16;
  const takers = 6;
  const step = 150;
  mkdirSync(join(folder, 'training'));
  // Half of them are dead.
  const dead = endedProcess();
  for (let round = 0; round < rounds; round += 2)
    writeFileSync(join(folder, 'training', `e${round}.lock`), `${dead} ${hostname()}`);
  const begin = Date.now() + 6000;
  const script = fileURLToPath(new URL('../support/lockTaker.ts', import.meta.url));
  const ended = Array.from({ length: takers }, () => {
    const child = spawn(
      process.execPath,
      [...fromSource, script, folder, String(rounds), String(begin), String(step)],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    return new Promise(resolve => child.on('close', resolve));
  });
  assert.deepEqual(await Promise.all(ended), Array(takers).fill(0));
  const log = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');
  for (let round = 0; round < rounds; round++) {
    const told = log.filter(line => line.startsWith(`${round} `)).map(line => line.split(' '));
    let holder: string | undefined;
    for (const [, what, ...rest] of told) {
      const pid = rest.at(-1)!;
      if (what === 'in') {
        assert.equal(holder, undefined, `round ${round}: ${holder} and ${pid} hold it`);
        holder = pid;
      } else if (what === 'out') holder = undefined;
      else assert.deepEqual(rest.slice(0, -1), ['busy']);
    }
    assert.ok(
      told.some(([, what]) => what === 'in'),
      `round ${round}: nobody got it`,
    );
  }
  assert.deepEqual(readdirSync(join(folder, 'training')), []);
});

test('a lock whose holder has ended is taken over at once, whatever its time', async () => {
  const pid = endedProcess();
  for (const touched of [Date.now(), Date.now() + hour, Date.now() - hour])
    for (const text of [`${pid} ${hostname()}`, `${pid} ${hostname()} 5 - 0123`]) await takes(lockedBy(text, touched));
});

test('a lock that says nothing is dead: the disk was full, or the power was lost', async () => {
  for (const text of ['', '\0'.repeat(30), '\n']) await takes(lockedBy(text, Date.now() + hour));
});

test('a holder that died while it took a dead lock over is in nobody’s way', async () => {
  const pid = endedProcess();
  const { paths, lock } = lockedBy(`${pid} ${hostname()}`);
  writeFileSync(rightTo(lock), `${pid} ${hostname()}`);
  await takes({ paths, lock });
  const living = lockedBy(`${pid} ${hostname()}`);
  writeFileSync(rightTo(living.lock), `${process.pid} ${hostname()}`);
  await assert.rejects(
    withExpertLocks(living.paths, ['math'], async () => {}),
    { code: 'busy' },
  );
  assert.equal(readFileSync(living.lock, 'utf8'), `${pid} ${hostname()}`, 'it is for the other to take');
});

/** The file that is the right to replace a dead lock. */
function rightTo(lock: string): string {
  const key = createHash('sha256')
    .update(`${statSync(lock).ino} ${readFileSync(lock, 'utf8')}`)
    .digest('hex');
  return `${lock}.${key.slice(0, 16)}`;
}

test('a process that waits for its parent to collect it holds nothing, nor does one that only got the number', {
  skip: !isLinux && 'only Linux tells',
}, async t => {
  const pid = await zombie(t);
  assert.equal(isProcessAlive(pid), false);
  await takes(lockedBy(`${pid} ${hostname()}`));
  assert.ok(isProcessAlive(process.pid, ownProcess.start));
  assert.equal(isProcessAlive(process.pid, '1'), false);
  await takes(lockedBy(`${process.pid} ${hostname()} 1 - 0123`));
});

test('a holder that lives keeps its lock, whatever the clock says; its number alone is believed for ten minutes', async () => {
  const { pid, host, start, namespace } = ownProcess;
  const busy = { code: 'busy', message: `expert 'math' is being trained by another engine, process ${pid}` };
  if (isLinux)
    for (const touched of [Date.now(), Date.now() + hour, Date.now() - hour]) {
      const { paths, lock } = lockedBy(`${pid} ${host} ${start} ${namespace} 0123`, touched);
      await assert.rejects(
        withExpertLocks(paths, ['math'], async () => {}),
        busy,
      );
      assert.ok(existsSync(lock));
    }
  await assert.rejects(
    withExpertLocks(lockedBy(`${pid} ${host}`).paths, ['math'], async () => {}),
    busy,
  );
  await takes(lockedBy(`${pid} ${host}`, Date.now() - hour));
  await takes(lockedBy(`${pid} ${host}`, Date.now() + hour));
});

test('the holder of another machine is believed while it gives signs of life', async () => {
  for (const touched of [Date.now(), Date.now() + hour])
    await assert.rejects(
      withExpertLocks(lockedBy('7 elsewhere', touched).paths, ['math'], async () => {}),
      {
        code: 'busy',
        message: "expert 'math' is being trained by another engine, process 7 on elsewhere",
      },
    );
  await takes(lockedBy('7 elsewhere', Date.now() - hour));
});

test('what is no lock is refused and left alone', async () => {
  const isRefused = (text: string) => (e: WorkbenchError) => e.code === 'storage' && e.message.includes(text);
  const other = lockedBy('{"name": "someone else’s"}');
  await assert.rejects(
    withExpertLocks(other.paths, ['math'], async () => {}),
    isRefused('holds something else than a lock'),
  );
  assert.equal(readFileSync(other.lock, 'utf8'), '{"name": "someone else’s"}');
  const paths = resultPaths(temporaryFolder());
  mkdirSync(join(paths.expertLock('math'), 'inside'), { recursive: true });
  await assert.rejects(
    withExpertLocks(paths, ['math'], async () => {}),
    isRefused('is no file'),
  );
  const mine = join(temporaryFolder(), 'mine');
  writeFileSync(mine, '');
  symlinkSync(mine, paths.expertLock('code'));
  await assert.rejects(
    withExpertLocks(paths, ['code'], async () => {}),
    isRefused('is no file'),
  );
  assert.deepEqual(readdirSync(dirname(paths.expertLock('math'))).sort(), ['code.lock', 'math.lock']);
  assert.equal(await isHeld(paths.expertLock('math')), false);
});

test('one waits for the other, or ends with the reason of its signal', async () => {
  const path = join(temporaryFolder(), 'file.lock');
  const order: string[] = [];
  let second: Promise<unknown> | undefined;
  const { signal } = new AbortController();
  const aborted = AbortSignal.timeout(300);
  await withFileLock(path, signal, async () => {
    order.push('first');
    await assert.rejects(
      withFileLock(path, aborted, async () => {}),
      { name: 'TimeoutError' },
    );
    second = withFileLock(path, signal, async () => order.push('second'));
    await delay(50);
    order.push('end of first');
  });
  await second;
  assert.deepEqual(order, ['first', 'end of first', 'second']);
});
