import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Example } from '../../../src/data/example.ts';
import { splitExamples } from '../../../src/engine/training/splitExamples.ts';

const examples = (questions: readonly string[]): Example[] =>
  questions.map((content, i) => ({
    messages: [
      { role: 'user', content },
      { role: 'assistant', content: `answer ${i}` },
    ],
    line: i + 1,
    meta: {},
  }));
const lines = (some: readonly Example[]) => some.map(e => e.line);
const numbered = examples(Array.from({ length: 100 }, (_, i) => `q${i}`));

test('a tenth of a hundred is ten, the same for the same seed, in the order of the file', () => {
  const { train, validation } = splitExamples(numbered, 0.1, 1, 'a.jsonl');
  assert.deepEqual([train.length, validation.length], [90, 10]);
  assert.deepEqual(splitExamples(numbered, 0.1, 1, 'a.jsonl'), { train, validation });
  assert.notDeepEqual(lines(splitExamples(numbered, 0.1, 2, 'a.jsonl').validation), lines(validation));
  for (const part of [train, validation])
    assert.deepEqual(
      lines(part),
      lines(part).toSorted((a, b) => a - b),
    );
});

test('examples are parted, none lost, and those that ask the same stay together (property)', () => {
  const questions = fc.array(fc.constantFrom(...'abcdefgh'), { minLength: 2, maxLength: 40 });
  const share = fc.double({ min: 0.01, max: 0.99, noNaN: true });
  fc.assert(
    fc.property(questions, share, fc.nat(), (asked, part, seed) => {
      fc.pre(new Set(asked).size > 1);
      const { train, validation } = splitExamples(examples(asked), part, seed, 'a.jsonl');
      assert.ok(train.length > 0 && validation.length > 0);
      assert.deepEqual(
        lines([...train, ...validation]).toSorted((a, b) => a - b),
        asked.map((_, i) => i + 1),
      );
      const questionsOf = (some: Example[]) => new Set(some.map(e => e.messages[0]!.content));
      assert.deepEqual(
        [...questionsOf(train)].filter(q => questionsOf(validation).has(q)),
        [],
      );
    }),
    { seed: 1 },
  );
});

test('nothing can be set aside of examples that ask the same', () => {
  assert.throws(() => splitExamples(examples(['a', 'a']), 0.5, 1, 'a.jsonl'), /^WorkbenchError: a\.jsonl: no share/);
});
