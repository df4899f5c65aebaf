import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reviewFiles } from '../../../src/extension/review/reviewFiles.ts';
import { WorkbenchError } from '../../../src/protocol/errors.ts';
import { wholeHunk } from '../../../src/review/diffHunk.ts';
import { hunkPrompt } from '../../../src/review/hunkPrompt.ts';
import { emptyTally } from '../../../src/review/reviewSummary.ts';

const words = (text: string) => text.split(/\s+/).filter(word => word !== '').length;

/** Reviews files of these lines with a model whose tokens are words and that gives these answers. */
async function review(
  files: string[][],
  answers: string[],
  options: { window?: number; mostNew?: number; cancelAfter?: number; lost?: number } = {},
) {
  const { window = 60, mostNew = 9, cancelAfter = 99, lost = 0 } = options;
  const abort = new AbortController();
  const tally = emptyTally('a test', 'review');
  const batches: number[] = [];
  let answered = 0;
  const placed: string[] = [];
  await reviewFiles(
    files.map((lines, i) => ({ path: `${i}.js`, code: 'JavaScript code', hunks: [wholeHunk(lines)] })),
    {
      reviewer: { target: { kind: 'expert', name: 'review' }, prompt: hunkPrompt, mostNew },
      window,
      tally,
      signal: abort.signal,
      engine: {
        countTokens: async ({ texts = [], conversation = [] }) => ({
          texts: texts.map(words),
          conversation: conversation.reduce((sum, turn) => sum + words(turn.content), 0),
        }),
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
          return line.number !== lost;
        },
      },
    },
  );
  return { tally, batches, placed };
}

const lines = (count: number) => Array.from({ length: count }, (_, i) => `a b c d e f g h ${i + 1}`);

test('findings are placed on the lines of the file that they speak of', async () => {
  const { tally, placed } = await review([lines(2), lines(2)], ['2 error: x', '1 info: y\n2 warning: z']);
  assert.deepEqual(placed, [
    '0.js:2 a b c d e f g h 2 – x',
    '1.js:1 a b c d e f g h 1 – y',
    '1.js:2 a b c d e f g h 2 – z',
  ]);
  assert.deepEqual(tally.findings, { error: 1, warning: 1, info: 1 });
  assert.deepEqual([tally.files, tally.lines, tally.reviewedLines], [2, 4, 4]);
});

test('a hunk longer than the window goes in pieces; lines keep their numbers', async () => {
  const { tally, batches, placed } = await review([lines(5)], ['none', '1 error: x']);
  // 60 tokens less a third for the answer and 4 around the lines: 3 lines of 10, of which the next begins with one.
  assert.deepEqual(batches, [2]);
  assert.deepEqual(placed, ['0.js:4 a b c d e f g h 4 – x']);
  assert.deepEqual([tally.cutHunks, tally.reviewedLines], [1, 5]);
});

test('an expert that reads one new line at a time is asked about each', async () => {
  const { tally, batches, placed } = await review([lines(3)], ['none', '1 error: x'], { mostNew: 1 });
  assert.deepEqual([batches, placed], [[3], ['0.js:2 a b c d e f g h 2 – x']]);
  assert.deepEqual([tally.cutHunks, tally.reviewedLines], [0, 3]);
});

test('what is dropped, cut, lost or too long is counted', async () => {
  const { tally } = await review([lines(2), ['word '.repeat(99), 'x']], ['7 error: a\n1 error: b\n2 error: c …'], {
    lost: 1,
  });
  assert.deepEqual(
    [tally.dropped, tally.moved, tally.cutAnswers, tally.longLines, tally.reviewedLines],
    [1, 1, 1, 1, 3],
  );
  assert.equal(tally.findings.error, 1);
});

test('hunks of several files are asked about together, as many as a batch holds', async () => {
  const files = Array.from({ length: 20 }, () => lines(2));
  assert.deepEqual((await review(files, [])).batches, [16, 4]);
  assert.deepEqual((await review(files, [], { window: 4000 })).batches, [3, 3, 3, 3, 3, 3, 2]);
});

test('a review that is cancelled says how far it came', async () => {
  const { tally, batches } = await review(
    Array.from({ length: 30 }, () => lines(2)),
    [],
    { cancelAfter: 1 },
  );
  assert.deepEqual([batches.length, tally.reviewedLines, tally.lines, tally.wasCancelled], [2, 32, 60, true]);
});

test('a window without room for code is an error that says what to do', () =>
  assert.rejects(
    review([lines(1)], [], { window: 5 }),
    (error: WorkbenchError) => error instanceof WorkbenchError && /has no room for code/.test(error.message),
  ));
