import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trackDownload } from '../../../src/engine/hub/downloadProgress.ts';
import type { DownloadProgress } from '../../../src/protocol/engine/models.ts';

const check = (steps: [at: number, file: string, bytes: number][]): DownloadProgress[] => {
  let clock = 0;
  const reports: DownloadProgress[] = [];
  const track = trackDownload(
    new Map([
      ['a', 1000],
      ['b', 9000],
    ]),
    () => clock,
    p => reports.push(p),
  );
  for (const [at, file, bytes] of steps) {
    clock = at;
    track(file, bytes);
  }
  return reports;
};

test('bytes of all files are added up; speed and time left are those of the last five seconds', () => {
  const reports = check([
    [0, 'a', 0],
    [1000, 'a', 1000],
    [7000, 'b', 0],
    [8000, 'b', 500],
    [9000, 'b', 1000],
  ]);
  assert.deepEqual(reports.at(-1), { file: 'b', done: 2000, total: 10_000, bytesPerSecond: 500, secondsLeft: 16 });
});

test('what an earlier try brought counts as done and not as speed', () => {
  const reports = check([
    [0, 'a', 1000],
    [0, 'b', 4000],
    [1000, 'b', 5000],
  ]);
  assert.deepEqual(reports.at(-1), { file: 'b', done: 6000, total: 10_000, bytesPerSecond: 1000, secondsLeft: 4 });
});

test('at most five reports a second, and always the last', () => {
  const reports = check([
    [0, 'a', 0],
    [50, 'a', 500],
    [199, 'a', 1000],
    [200, 'b', 0],
    [250, 'b', 9000],
  ]);
  assert.deepEqual(
    reports.map(r => r.done),
    [0, 1000, 10_000],
  );
});
