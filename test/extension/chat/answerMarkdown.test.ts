import assert from 'node:assert/strict';
import test from 'node:test';
import { createAnswerMarkdown } from '../../../src/extension/chat/answerMarkdown.ts';

/** Wherever an answer is cut into pieces, it becomes the same Markdown. */
function check(isCode: boolean, answer: string, markdown: string): void {
  for (const size of [1, 3, answer.length]) {
    const stream = createAnswerMarkdown(isCode);
    let out = '';
    for (let i = 0; i < answer.length; i += size) out += stream.push(answer.slice(i, i + size));
    assert.equal(out + stream.end(), markdown, `pieces of ${size}`);
  }
}

test('bare code gets a fence', () => check(true, '\nf(x);\ng();', '```javascript\nf(x);\ng();\n```\n'));

test('code that brings its fence keeps it', () => check(true, '```js\nf();\n```', '```js\nf();\n```'));

test('lines of text stay lines; fences and blank lines stay as they are', () =>
  check(false, 'a\nb\n\n```\nc\nd\n```\ne', 'a  \nb  \n\n```\nc\nd\n```  \ne'));

test('a fence that was cut off is closed', () => check(false, '```\nc', '```\nc\n```\n'));

test('what was thought before is a quotation', () => {
  check(false, '<think>\na <b\nc\n</think>\n\nIt is\n4', '> *Thinking*  \n> a <b  \n> c\n\nIt is  \n4');
  check(true, '<think>x</think>f();', '> *Thinking*  \n> x\n\n```javascript\nf();\n```\n');
  check(false, '<think>cut o', '> *Thinking*  \n> cut o');
  check(false, '<thin', '<thin');
});

test('pictures are written out, but for those in code', () => {
  check(false, 'a ![x](https://e.org/p.png) [y](z)', 'a !\\[x](https://e.org/p.png) [y](z)');
  check(false, '```\n![x](y)\n```\n![x](y)', '```\n![x](y)\n```  \n!\\[x](y)');
  check(true, 'f(![]);\n```\n![x](y)', '```javascript\nf(![]);\n```  \n!\\[x](y)');
});
