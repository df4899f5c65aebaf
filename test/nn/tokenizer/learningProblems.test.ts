import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LearnedExample, learningProblems } from '../../../src/nn/tokenizer/learningProblems.ts';

const example = (line: number, first: number, end: number, more: Partial<LearnedExample> = {}): LearnedExample => ({
  line,
  learned: { first, end },
  isEnded: true,
  isPromptOfUse: true,
  lostReasoning: 0,
  ...more,
});
const limits = { maxLength: 64, longest: 2048, thinking: false };

test('answers beyond maxLength are counted, with their lines and a length that holds them all', () => {
  const examples = [example(1, 10, 64), example(2, 10, 65), example(4, 64, 70), example(5, 63, 80)];
  const found = learningProblems(examples, 'd.jsonl', limits);
  assert.deepEqual(
    found.map(({ code, where, lines }) => [code, where, lines]),
    [
      ['droppedExamples', 'd.jsonl:4', [4]],
      ['cutAnswers', 'd.jsonl:2', [2, 5]],
    ],
  );
  assert.match(
    found[1]!.message,
    /^d\.jsonl: 2 of 4 examples lose .* a maxLength of 80 holds them all \(lines 2, 5\)\.$/,
  );
  const [only] = learningProblems([example(1, 10, 3000)], 'd.jsonl', limits);
  assert.match(only!.message, /the longest needs 3000 tokens, the base reads 2048/);
  assert.deepEqual(learningProblems([example(1, 10, 64)], 'd.jsonl', limits), []);
});

test('as many examples as a file may hold: more than a call has arguments', () => {
  const examples = Array.from({ length: 200_000 }, (_, i) => example(i + 1, 10, 80, { isEnded: false }));
  assert.deepEqual(
    learningProblems(examples, 'd.jsonl', limits).map(({ code, message }) => [code, message.slice(0, 32)]),
    [
      ['cutAnswers', 'd.jsonl: 200000 of 200000 exampl'],
      ['noEndToken', 'd.jsonl: 200000 of 200000 exampl'],
    ],
  );
});

test('what the template does to answers and prompts is said once a file', () => {
  const examples = Array.from({ length: 20 }, (_, i) =>
    example(i + 1, 1, 2, { isEnded: false, isPromptOfUse: i > 0, lostReasoning: i === 3 ? 2 : 0 }),
  );
  const found = learningProblems(examples, 'd.jsonl', limits);
  assert.deepEqual(
    found.map(({ code, message }) => [code, /^d\.jsonl: (\d+) of 20/.exec(message)?.[1]]),
    [
      ['noEndToken', '20'],
      ['otherPrompt', '1'],
      ['lostReasoning', '1'],
    ],
  );
  assert.match(found[0]!.message, /\(lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 10 more\)/);
});
