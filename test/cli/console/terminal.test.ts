import assert from 'node:assert/strict';
import test from 'node:test';
import { createTerminal } from '../../../src/cli/console/terminal.ts';

function recorder(isTTY: boolean, columns = 20) {
  const written: string[] = [];
  return { written, isTTY, columns, write: (text: string) => written.push(text) };
}

test('a terminal: one line rewritten, cut to its width, cleared before anything else', () => {
  const [out, err] = [recorder(true), recorder(true, 10)];
  const terminal = createTerminal(out, err, () => 0);
  terminal.progress('step 1');
  terminal.progress('step 2 of very many');
  terminal.print('result');
  assert.deepEqual(err.written, ['step 1', '\r\x1b[2K', 'step 2 of', '\r\x1b[2K']);
  assert.deepEqual(out.written, ['result\n']);
});

test('elsewhere: a line every ten seconds', () => {
  let now = 0;
  const err = recorder(false);
  const terminal = createTerminal(recorder(false), err, () => now);
  for (; now < 21_000; now += 1000) terminal.progress(`at ${now}`);
  assert.deepEqual(err.written, ['at 0\n', 'at 10000\n', 'at 20000\n']);
});
