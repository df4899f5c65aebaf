import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { reviewMistakes } from '../../../scripts/data/reviewMistakes.ts';
import { type Split, splitOf } from '../../../scripts/data/split.ts';
import type { Example } from '../../../src/data/example.ts';
import { parseDataset } from '../../../src/data/parseDataset.ts';
import { exactMatch } from '../../../src/evaluation/scorers.ts';
import { parseFindings } from '../../../src/review/findings.ts';

function read(split: Split): Example[] {
  const name = `examples/review/${split}.jsonl`;
  const { examples, problems } = parseDataset(readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8'), name);
  assert.deepEqual(problems, []);
  return examples;
}

const prompt = (example: Example) => example.messages[0]!.content;
const answer = (example: Example) => example.messages[1]!.content;
/** A hunk without its marks and numbers: another choice of new lines does not make it another. */
const code = (example: Example) => prompt(example).replace(/^(\d\+| |-) ?/gm, '');

const train = read('train');
const heldout = read('heldout');

test('review: no held-out hunk is in train', () => {
  assert.deepEqual([train.length, read('validation').length, heldout.length], [6000, 150, 300]);
  const [keys, hunks] = [new Set(train.map(e => e.meta.key)), new Set(train.map(code))];
  for (const example of [...heldout, ...read('validation')]) {
    assert.ok(!keys.has(example.meta.key), String(example.meta.key));
    assert.ok(!hunks.has(code(example)), code(example));
  }
  assert.ok(heldout.every(e => splitOf(String(e.meta.key)) === 'heldout'));
  assert.ok(train.every(e => splitOf(String(e.meta.key)) === 'train'));
});

test('review: answers are read whole, and every kind is held out at least five times', () => {
  const counts = new Map(Object.values(reviewMistakes).map(({ message }) => [message, 0]));
  for (const example of heldout) {
    const { findings, dropped } = parseFindings(answer(example), 1);
    assert.equal(dropped, 0, answer(example));
    for (const { message } of findings) counts.set(message, counts.get(message)! + 1);
  }
  for (const [message, count] of counts) assert.ok(count >= 5, `${message}: ${count}`);
});

test('review: the exact scorer tells right answers from wrong ones', () => {
  const [first] = heldout.filter(e => answer(e) !== 'none');
  assert.ok(exactMatch(answer(first!), answer(first!)));
  assert.ok(!exactMatch(answer(first!), 'none'));
  assert.ok(
    !exactMatch(
      answer(first!),
      answer(first!).replace(/^\d/, n => String(Number(n) + 1)),
    ),
  );
});
