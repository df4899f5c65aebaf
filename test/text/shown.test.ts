import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visibleText } from '../../src/protocol/visibleText.ts';
import { codeSpan, inMarkdown, inNotification, shortened } from '../../src/text/shown.ts';

test('what could move a cursor, turn text around or hide is written out', () => {
  assert.equal(visibleText('a\u001b[2Jb\r\u202ec\u200bd\u0000\ne'), 'a\\x1b[2Jb\\x0d\\u202ec\\u200bd\\x00\ne');
  // Joiners are part of words and of pictures.
  assert.equal(visibleText('می‌خواهم 👩‍💻 naïve'), 'می‌خواهم 👩‍💻 naïve');
});

test('names in sentences are short and on one line', () => {
  assert.equal(shortened('a\nb'), 'a\\nb');
  assert.equal(shortened('x'.repeat(100), 10), `${'x'.repeat(9)}…`);
});

test('words of strangers are no links, pictures, HTML or headings in Markdown', () => {
  assert.equal(inMarkdown('![x](https://e.org/p.png)'), '\\!\\[x\\]\\(https\\://e.org/p.png\\)');
  assert.equal(inMarkdown('<img src="x"> a|b `c` *d*'), '\\<img src="x"\\> a\\|b \\`c\\` \\*d\\*');
  assert.equal(inMarkdown('www.example.org me@example.org'), 'www\\.example.org me\\@example.org');
  assert.equal(inMarkdown('[run](command:x) `a` <b>\n*c*'), '\\[run\\]\\(command\\:x\\) \\`a\\` \\<b\\> \\*c\\*');
  assert.equal(inMarkdown('- a\n# b'), '\\- a \\# b');
  assert.equal(inMarkdown('1. a'), '1\\. a');
  assert.equal(inMarkdown('math v1.2, r-16'), 'math v1.2, r-16');
});

test('no text ends its span of code', () => {
  assert.equal(codeSpan('a'), '`a`');
  assert.equal(codeSpan('a`b``c'), '```a`b``c```');
  assert.equal(codeSpan('`a'), '`` `a ``');
  assert.equal(codeSpan('a\n\n# b'), '`a # b`');
});

test('what is written like a link is none in a notification', () => {
  assert.equal(inNotification('[x](command:y)\u202e'), '[x] (command:y)\\u202e');
});
