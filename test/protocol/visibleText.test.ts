import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkbenchError } from '../../src/protocol/errors.ts';
import { visibleJson, visibleMessage, visibleName, visibleText } from '../../src/protocol/visibleText.ts';

const obeyed = /(?![\n\t])[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u;
/** A title that is set, a screen that is cleared, an eight-bit sequence, a line that is overwritten, hidden text. */
const hostile = '\x1b]0;title\x07\x1b[2J\x9b31m\rover\x7f\u202eflip\u2066\u0000';

test('what a terminal would obey is written out; line breaks, tabs and every script stay', () => {
  assert.equal(visibleText(hostile), '\\x1b]0;title\\x07\\x1b[2J\\x9b31m\\x0dover\\x7f\\u202eflip\\u2066\\x00');
  const harmless = 'a\tb\nÄ 你好 👩‍💻 שלום \\x1b';
  assert.equal(visibleText(harmless), harmless);
});

test('every character there is: none that is obeyed is left, and all others are as they were', () => {
  for (let code = 0; code < 0x10000; code++) {
    const character = String.fromCharCode(code);
    const shown = visibleText(character);
    assert.doesNotMatch(shown, obeyed);
    if (!obeyed.test(character)) assert.equal(shown, character);
  }
});

test('an escape sequence that is split over pieces is found as in one', () => {
  const pieces = [...hostile].map(visibleText).join('');
  assert.equal(pieces, visibleText(hostile));
});

test('JSON stays the same value, and holds nothing that is obeyed', () => {
  const value = { [hostile]: [hostile, 'plain', 1], text: 'a\nb' };
  const json = visibleJson(value);
  assert.doesNotMatch(json, obeyed);
  assert.doesNotMatch(json, /[\n\t]/);
  assert.deepEqual(JSON.parse(json), value);
});

test("a stranger's name is one line of bounded length; an error's message says what was left out", () => {
  assert.equal(visibleName('a\nerror: b'), 'a\\nerror: b');
  assert.equal(visibleName('x'.repeat(1000), 5), 'xxxxx…');
  assert.match(visibleMessage('x'.repeat(10_000)), /^x{4000}… \(6000 more characters\)$/);
});

test('an error quotes strangers without what a terminal obeys', () => {
  const { message, hint } = new WorkbenchError('badFile', `it names '${hostile}'`, hostile);
  assert.doesNotMatch(message, obeyed);
  assert.doesNotMatch(hint!, obeyed);
  assert.match(message, /\\x1b\[2J/);
  assert.equal(new WorkbenchError('badFile', 'plain').hint, undefined);
});
