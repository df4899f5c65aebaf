import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reviewFiles } from '../../../src/extension/review/reviewFiles.ts';
import { WorkbenchError } from '../../../src/protocol/errors.ts';
import { wholeHunk } from '../../../src/review/diffHunk.ts';
import { emptyTally } from '../../../src/review/reviewSummary.ts';

const words = (text: string) => text.split(/\s+/).filter(word => word !== '').length;

/** Reviews files of these lines with a model whose tokens are words and that gives these answers. */
async function review(
  files: string[][],
  answers: string[],
  options: { window?: number; cancelAfter?: number; lost?: number; way?: 'asked' | 'weighs' } = {},
) {
  const { window = 60, cancelAfter = 99, lost = 0, way = 'asked' } = options;
  const abort = new AbortController();
  const tally = emptyTally('a test', 'review');
  const batches: number[] = [];
  let answered = 0;
  const placed: string[] = [];
  await reviewFiles(
    files.map((lines, i) => ({
      path: `${i}.js`,
      code: 'JavaScript code',
      languageId: 'javascript',
      lines,
      hunks: [wholeHunk(lines)],
    })),
    {
      reviewer: { target: { kind: 'expert', name: 'review' }, name: 'review', way },
      window,
      tally,
      signal: abort.signal,
      engine: {
        countTokens: async ({ texts = [], conversation = [] }) => ({
          texts: texts.map(words),
          conversation: conversation.reduce((sum, turn) => sum + words(turn.content), 0),
        }),
        // The shortest text is the most probable one.
        weigh: async choices => choices.map(({ texts }) => texts.map(text => -9 * text.length)),
        async ask(asked) {
          if (batches.length >= cancelAfter) abort.abort();
          batches.push(asked.length);
          return asked.map(() => {
            const text = answers[answered++] ?? 'none';
            return { text, finish: abort.signal.aborted ? 'cancelled' : text.endsWith('…') ? 'length' : 'stop' };
          });
        },
      },
      listener: {
        onBatch() {},
        onFinding(file, line, { message }) {
          placed.push(`${file.path}:${line.number} ${line.text} – ${message}`);
          return line.number === lost ? 'moved' : 'shown';
        },
      },
    },
  );
  return { tally, batches, placed };
}

const lines = (count: number) => Array.from({ length: count }, (_, i) => `a b c d e f g h ${i + 1}`);
/** Something to say of the line of that number. */
const said = (number: number, message = 'x') => `1 error: ${message} | a b c d e f g h ${number};`;

test('findings are placed on the lines of the file that they speak of', async () => {
  const { tally, batches, placed } = await review([lines(2), lines(2)], ['none', said(2), said(1, 'y'), said(2, 'z')]);
  assert.deepEqual(placed, [
    '0.js:2 a b c d e f g h 2 – x',
    '1.js:1 a b c d e f g h 1 – y',
    '1.js:2 a b c d e f g h 2 – z',
  ]);
  assert.deepEqual(batches, [4]);
  assert.equal(tally.findings.error, 3);
  assert.deepEqual([tally.files, tally.lines, tally.reviewedLines], [2, 4, 4]);
});

test('what is dropped, cut, lost, too long or not so is counted', async () => {
  const files = [[...lines(3), 'word '.repeat(99)]];
  const { tally, placed } = await review(files, ['7 error: a …', said(2), '1 error: x | nothing like it'], {
    lost: 2,
  });
  assert.deepEqual(placed, ['0.js:2 a b c d e f g h 2 – x']);
  assert.deepEqual(
    [tally.dropped, tally.moved, tally.unfounded, tally.cutAnswers, tally.longLines, tally.reviewedLines],
    [1, 1, 1, 1, 1, 3],
  );
  assert.equal(tally.findings.error, 0);
});

test('hunks of several files are asked about together, as many as a batch holds', async () => {
  const files = Array.from({ length: 10 }, () => lines(2));
  assert.deepEqual((await review(files, [])).batches, [16, 4]);
  assert.deepEqual((await review(files, [], { window: 4000 })).batches, [3, 3, 3, 3, 3, 3, 2]);
});

test('a review that is cancelled says how far it came', async () => {
  const { tally, batches } = await review(
    Array.from({ length: 30 }, () => lines(2)),
    [],
    { cancelAfter: 1 },
  );
  assert.deepEqual([batches.length, tally.reviewedLines, tally.lines, tally.wasCancelled], [2, 16, 60, true]);
});

test('a base weighs lines against what they may have been meant to be', async () => {
  const file = ['let a = 1;', 'if (a === 1) {', 'if (a > 1); {', 'debugger;', 'throw "no";'];
  const { tally, placed } = await review([file], [], { way: 'weighs' });
  assert.deepEqual(placed, [
    '0.js:4 debugger; – stops in the debugger, remove it',
    '0.js:3 if (a > 1); { – the `;` ends the statement before its block',
  ]);
  assert.deepEqual([tally.reviewedLines, tally.findings], [5, { error: 1, warning: 1, info: 0 }]);
});

test('a window without room for code is an error that says what to do', () =>
  assert.rejects(
    review([lines(1)], [], { window: 5 }),
    (error: WorkbenchError) => error instanceof WorkbenchError && /has no room for code/.test(error.message),
  ));
