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

test('nothing that a terminal would obey is printed, in no way, in pieces neither', () => {
  const [out, err] = [recorder(false), recorder(false, 200)];
  const terminal = createTerminal(out, err, () => 0);
  const hostile = 'a\x1b[2J\u202e\x9b\rb';
  terminal.print(hostile);
  for (const piece of ['\x1b', '[31m', 'red\n']) terminal.write(piece);
  terminal.printJson({ text: hostile });
  terminal.note(hostile);
  terminal.progress(`${hostile}\nsecond`);
  const shown = 'a\\x1b[2J\\u202e\\x9b\\x0db';
  assert.deepEqual(out.written, [`${shown}\n`, '\\x1b', '[31m', 'red\n', '{"text":"a\\u001b[2J\\u202e\\u009b\\rb"}\n']);
  assert.deepEqual(err.written, [`${shown}\n`, `${shown}\\nsecond\n`]);
  assert.equal((JSON.parse(out.written[4]!) as { text: string }).text, hostile);
});
