import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { shippedExamples } from '../../../scripts/data/sampleSplit.ts';
import { type Split, splitOf } from '../../../scripts/data/split.ts';
import type { Example } from '../../../src/data/example.ts';
import { parseDataset } from '../../../src/data/parseDataset.ts';

const COUNTS: Record<Split, number> = { train: 6000, validation: 150, heldout: 300 };

/** The training files hold questions and answers alone; what they are made of comes from their generator. */
const train = Object.fromEntries(
  (['math', 'code', 'qa'] as const).map(domain => {
    const generated = shippedExamples(domain, 'train');
    const examples = parse(domain, 'train');
    assert.deepEqual(
      examples.map(e => e.messages),
      generated.map(e => e.messages),
      `examples/experts/${domain}/train.jsonl is not what scripts/data/generateExamples.ts writes`,
    );
    return [domain, examples.map((e, i): Example => ({ ...e, meta: { ...generated[i] } }))];
  }),
);

function read(domain: string, split: Split): Example[] {
  return split === 'train' ? train[domain]! : parse(domain, split);
}

function parse(domain: string, split: Split): Example[] {
  const name = `examples/experts/${domain}/${split}.jsonl`;
  const text = readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
  const { examples, problems } = parseDataset(text, name);
  assert.deepEqual(problems, []);
  const own: Record<string, number> = { 'code/train': 10_000, 'qa/train': 15_000, 'two/heldout': 100 };
  assert.equal(examples.length, own[`${domain}/${split}`] ?? COUNTS[split]);
  return examples;
}

const question = (example: Example) => example.messages[0]!.content;
const answer = (example: Example) => example.messages[1]!.content;
/** Case, punctuation and spacing do not make a question another. */
const plain = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}+*/%^×÷²-]+/gu, ' ')
    .trim();

/** The identity of a math question, from its text alone: its kind of operation and its numbers. */
function textKey(example: Example): string {
  const numbers =
    question(example)
      .match(/-?\s?\d+/g)
      ?.map(n => n.replace(/\s/g, '')) ?? [];
  return `${example.meta.kind}:${numbers.sort()}`;
}

for (const domain of ['math', 'code', 'qa']) {
  const trained = read(domain, 'train');
  for (const split of ['validation', 'heldout'] as const)
    test(`${domain}: no ${split} question, nor its template with the same values, is in train`, () => {
      const kept = read(domain, split);
      const keys = new Set(trained.map(e => e.meta.key));
      const questions = new Set(trained.map(e => plain(question(e))));
      assert.equal(new Set(kept.map(e => e.meta.key)).size, kept.length);
      for (const example of kept) {
        assert.equal(splitOf(String(example.meta.key)), split);
        assert.ok(!keys.has(example.meta.key), String(example.meta.key));
        assert.ok(!questions.has(plain(question(example))), question(example));
      }
      for (const key of keys) assert.equal(splitOf(String(key)), 'train');
    });
}

test('math: the numbers of a held-out question are not asked for in train in any words', () => {
  // Sequences of three and four terms have one key, and `x² - 4 = 0` reads like `x² + …`: told apart by their keys above.
  const kinds = ['add', 'subtract', 'multiply', 'divide', 'percent', 'rectangle', 'parallelogram', 'triangle'];
  const plainSums = (e: Example) => kinds.includes(String(e.meta.kind));
  const asked = new Set(read('math', 'train').filter(plainSums).map(textKey));
  for (const example of read('math', 'heldout').filter(plainSums))
    assert.ok(!asked.has(textKey(example)), textKey(example));
});

test('math: no working in train works a held-out sum', () => {
  const marks: Record<string, string> = { '+': 'add', '-': 'subtract', '*': 'multiply', '/': 'divide' };
  for (const example of read('math', 'train'))
    for (const [, a, mark, b] of answer(example).matchAll(/(\d+)([-+*/])(\d+):/g)) {
      const values = mark === '+' ? [a, b].sort((p, q) => Number(p) - Number(q)) : [a, b];
      assert.equal(splitOf(`${marks[mark!]}:${values}`), 'train', answer(example));
    }
});

test('code: a function body asked for in held-out data is not in train', () => {
  const body = (e: Example) => answer(e).replace(/^function \w+/, '');
  const bodies = new Set(read('code', 'train').map(body));
  for (const example of read('code', 'heldout')) {
    assert.ok(!bodies.has(body(example)), body(example));
    assert.ok((example.meta.tests as string[]).length >= 4);
  }
});

test('qa: the answer of every held-out question stands in its passage', () => {
  for (const example of read('qa', 'heldout')) {
    const words = answer(example).replace(/^(the|an|a|at) /, '');
    assert.ok(question(example).toLowerCase().includes(words.toLowerCase()), question(example));
  }
});

test('questions of two skills are what the generator writes, and no expert has learned one', () => {
  const two = parse('two', 'heldout');
  assert.deepEqual(
    two.map(({ messages }) => messages),
    shippedExamples('two', 'heldout').map(({ messages }) => messages),
  );
  const learned = new Set(Object.values(train).flatMap(examples => examples.map(question)));
  assert.ok(two.every(example => !learned.has(question(example)) && Array.isArray(example.meta.tests)));
});
