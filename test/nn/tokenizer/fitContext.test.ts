import assert from 'node:assert/strict';
import test from 'node:test';
import { fitContext, type TokenCounter } from '../../../src/nn/tokenizer/fitContext.ts';

/** A word is a token; a template adds three for each turn. */
const words = (text: string) => text.split(/\s+/).filter(Boolean).length;
const count: TokenCounter = {
  text: words,
  conversation: turns => turns.reduce((sum, turn) => sum + 3 + words(turn.content), 0),
};
const lines = (n: number) => Array.from({ length: n }, (_, i) => `line ${i + 1}`).join('\n');

test('what fits goes whole, before the question', () => {
  const pieces = [{ label: 'a.ts', text: lines(3) }];
  const fitted = fitContext({ question: 'why ?', pieces }, { window: 30, answer: 10 }, count);
  assert.deepEqual(fitted, { prompt: `${lines(3)}\nwhy ?`, history: [], leftOut: [] });
});

test('a piece is cut at the end of a line, and that is said', () => {
  const pieces = [{ label: 'a.ts', text: lines(50) }];
  const { prompt, leftOut } = fitContext({ question: 'why ?', pieces }, { window: 30, answer: 10 }, count);
  // 20 tokens, of which 5 are the question's in its template.
  assert.equal(prompt, `${lines(7)}\nwhy ?`);
  assert.deepEqual(leftOut, ['Of a.ts the first 7 of 50 lines were read.']);
});

test('labels count too; what finds no room is left out by name', () => {
  const pieces = ['a', 'b', 'c'].map(label => ({ label, text: lines(4) }));
  const { prompt, leftOut } = fitContext({ question: 'why ?', pieces }, { window: 30, answer: 10 }, count);
  const conversation = count.conversation([{ role: 'user', content: prompt }]);
  assert.ok(conversation <= 20, `${conversation} tokens`);
  assert.ok(prompt.startsWith('a:\nline 1\n') && prompt.endsWith('\n\nwhy ?'), prompt);
  assert.ok(leftOut.includes('c was left out.'), leftOut.join(' '));
});

test('earlier turns take what is left, the newest first', () => {
  const turn = (n: number) => [
    { role: 'user' as const, content: `question ${n}` },
    { role: 'assistant' as const, content: `answer ${n}` },
  ];
  const history = [...turn(1), ...turn(2), ...turn(3)];
  const fitted = fitContext({ question: 'why ?', pieces: [], history }, { window: 40, answer: 10 }, count);
  assert.deepEqual(fitted.history, [...turn(2), ...turn(3)]);
  assert.deepEqual(fitted.leftOut, ['1 earlier turn was left out.']);
});

test('a question that leaves no room is refused with both sizes', () => {
  const question = lines(20);
  assert.throws(
    () => fitContext({ question, pieces: [] }, { window: 30, answer: 10 }, count),
    /43 tokens; the base's window of 30 holds 20/,
  );
});
