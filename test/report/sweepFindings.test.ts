import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sweep, SweepPoint } from '../../src/protocol/sweep.ts';
import { sweepSentences, sweepText } from '../../src/report/sweepFindings.ts';
import { sweepHtml } from '../../src/report/sweepHtml.tsx';

const point = (learningRate: number, rank: number, losses: number[], diverged = false): SweepPoint => ({
  learningRate,
  rank,
  losses,
  loss: losses.length > 0 ? losses.reduce((a, b) => a + b, 0) / losses.length : Number.NaN,
  trainLoss: 1,
  steps: 40,
  diverged,
  tokensPerSecond: 1234,
  seconds: 2.25,
});

const sweep = (points: SweepPoint[]): Sweep => ({
  version: 1,
  recipe: 'my recipe',
  expert: 'math',
  base: 'embedded',
  seed: 7,
  steps: 40,
  autoRate: 2.5e-3,
  alpha: 32,
  trainExamples: 100,
  validationTokens: [2, 2, 2, 2],
  isSetAside: true,
  startLoss: 3,
  points,
});

// Differences 0.1, 0.1, 0.2, 0.2: mean 0.15, standard error 0.0289.
const best = point(2e-3, 16, [1, 2, 1, 2]);
const next = point(1e-3, 16, [1.1, 2.1, 1.2, 2.2]);
const last = point(4e-3, 16, [1, 2.2, 2, 2.9]);
const broken = point(8e-3, 16, [], true);

test('what to write, and how far the next is from it, with its interval over the examples', () => {
  assert.deepEqual(sweepSentences(sweep([next, best, last, broken])), [
    'For math, write "learningRate": 0.002: validation loss 1.5 after 40 steps; next is "learningRate": 0.001 with 0.15 more (95 % interval 0.0582 to 0.242 over 4 examples).',
  ]);
});

test('an interval with zero in it, the edge of the rates, several ranks, nothing learned', () => {
  const close = point(1e-3, 8, [0.9, 2.2, 0.9, 2.2]);
  assert.deepEqual(sweepSentences(sweep([close, point(1e-3, 16, [4, 4, 4, 4], true), best])), [
    'For math, write "learningRate": 0.002 and "rank": 16: validation loss 1.5 after 40 steps; next is "learningRate": 0.001 and "rank": 8 with 0.05 more (95 % interval −0.225 to 0.325 over 4 examples, which does not tell them apart).',
    'It is the highest rate that was tried: try higher ones too.',
  ]);
  assert.deepEqual(sweepSentences(sweep([broken])), [
    'No point ended below the loss before training: try lower learning rates.',
  ]);
});

test('a line for each point in a terminal', () => {
  const [head, , ...rows] = sweepText(sweep([next, best, broken])).split('\n');
  assert.equal(head, 'learning rate  rank  validation loss  tokens/s   time');
  assert.deepEqual(
    rows.slice(0, 3).map(row => row.replace(/ +/g, ' ')),
    ['0.001 16 1.65 1,234 2.3 s', '0.002 16 1.5 1,234 2.3 s', '0.008 16 diverged 1,234 2.3 s'],
  );
  assert.match(rows.at(-1)!, /^Before training: 3\. For math, write/);
});

test('the page has a line for each rank, a mark for what diverged, the numbers, and no script', () => {
  const other = point(2e-3, 8, [1.4, 2.1, 1.4, 2.1]);
  const page = sweepHtml(sweep([point(1e-3, 8, [2, 2, 2, 2]), other, next, best, last, broken]));
  assert.equal([...page.matchAll(/<path class="line (accent|muted)" d="M[^"]*L/g)].length, 2);
  assert.equal([...page.matchAll(/>×<\/text>/g)].length, 1);
  assert.match(page, /<th scope="row" class="number">0\.002<\/th>/);
  assert.match(page, /default-src &#39;none&#39;|default-src 'none'/);
  assert.doesNotMatch(page, /<script|NaN|undefined/);
});
