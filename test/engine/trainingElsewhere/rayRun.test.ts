import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { rayRun } from '../../../src/engine/trainingElsewhere/rayRun.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const skip = process.platform === 'win32' && 'a shell script stands in for ray';
const folder = temporaryFolder();
mkdirSync(folder, { recursive: true });

/** A program that is called as `ray` is, knows one job once it was submitted, and has this log. */
function rayWithLog(log: string): void {
  writeFileSync(join(folder, 'log'), log);
  const path = join(folder, 'ray');
  const script = [
    '#!/bin/sh',
    `cd "${folder}"`,
    'case "$2" in',
    'status) if [ -f "job-$5" ]; then echo "Job $5 succeeded"; else echo "Job $5 does not exist" >&2; exit 1; fi;;',
    'submit) touch "job-$6"; echo "$@" >> submitted;;',
    'logs) cat log;;',
    'esac',
  ];
  writeFileSync(path, `${script.join('\n')}\n`);
  chmodSync(path, 0o755);
  process.env.MULTI_LORA_RAY = path;
}

const told = (value: object) => `\u001b[36m(RayTrainWorker pid=7)\u001b[0m multi-lora ${JSON.stringify(value)}\n`;
const twice = (value: object) => told(value).repeat(2);
const base64 = (text: string) => Buffer.from(text).toString('base64');
const open = () =>
  rayRun({
    address: 'http://head:8265',
    id: 'tiny-1',
    expert: 'math',
    python: undefined,
    workers: 2,
    job: () => '/job',
  });

test('events and files of a job come out of its log, in which Ray has each line twice', { skip }, async () => {
  const text = base64('0123456789ab');
  const [begin, end] = [text.slice(0, 8), text.slice(8)];
  const file = (at: number, part: string) =>
    twice({ file: 'adapter_model.safetensors', at, size: text.length, base64: part });
  const done = base64('{}');
  rayWithLog(
    `starting\n${twice({ type: 'checkpoint', step: 1 })}other\n${twice({ type: 'trained', step: 2 })}${file(0, begin)}${file(8, end)}${twice({ file: 'done.json', at: 0, size: done.length, base64: done })}`,
  );
  const run = open();
  assert.equal(await run.state(), 'none');
  await run.start();
  assert.equal(await run.state(), 'ended');
  assert.match(
    readFileSync(join(folder, 'submitted'), 'utf8'),
    /submit --address http:\/\/head:8265 --submission-id tiny-1-1 --working-dir \/job --no-wait -- python ray_train\.py --expert math --out ~\/multi-lora\/tiny-1 --workers 2/,
  );
  const lines: string[] = [];
  for await (const line of run.lines(0, new AbortController().signal, () => {})) lines.push(line);
  assert.deepEqual(
    lines.map(line => JSON.parse(line).type),
    ['checkpoint', 'trained'],
  );
  assert.equal(await run.bring(folder), true);
  assert.equal(readFileSync(join(folder, 'adapter/adapter_model.safetensors'), 'utf8'), '0123456789ab');
  assert.equal(await run.log(), 'starting\nother\n');
});

test('a log that lacks a part of a file is refused, and one without any has no adapter', { skip }, async () => {
  rayWithLog(twice({ file: 'done.json', at: 4, size: 8, base64: 'AAAA' }));
  const run = open();
  for await (const _ of run.lines(0, new AbortController().signal, () => {}));
  await assert.rejects(run.bring(folder), (e: WorkbenchError) => /lacks a part of done\.json/.test(e.message));
  assert.equal(await open().bring(folder), false);
});
