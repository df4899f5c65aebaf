import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reviewExample } from '../../../scripts/data/review.ts';
import { reviewMistakes } from '../../../scripts/data/reviewMistakes.ts';
import { sampleSplit } from '../../../scripts/data/sampleSplit.ts';
import { splitOf } from '../../../scripts/data/split.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import { parseFindings } from '../../../src/review/findings.ts';
import { loadTokenizer } from '../../nn/tokenizer/loadTokenizer.ts';

/** What a kind makes of a line, and what a reviewer makes of that; null for a line that cannot have it. */
function check(kind: string, right: string, wrong: string | null, mended = right): void {
  const { spoil, mend } = reviewMistakes[kind]!;
  assert.equal(spoil!(right), wrong ?? right);
  assert.equal(mend?.(right) ?? right, mended);
}

test('how lines come to have a mistake', () => {
  check('looseEqual', 'if (a === b) {', 'if (a == b) {');
  check('looseUnequal', 'const x = a !== 3;', 'const x = a != 3;');
  check('assignment', 'if (a && b === 3) {', 'if (a && b = 3) {');
  check('assignment', 'const x = a === 3;', null);
  check('offByOne', 'for (let i = 0; i < a.length; i++) {', 'for (let i = 0; i <= a.length; i++) {');
  check('offByOne', 'for (let i = 0; i <= 9; i++) {', null);
  check('notANumber', 'if (Number.isNaN(a.b)) {', 'if (a.b === NaN) {');
  check('missingAwait', 'const a = await load();', 'const a = load();');
  check('var', 'const a = b + 1;', 'var a = b + 1;', 'let a = b + 1;');
  check('var', 'const f = (a) => {', null, 'let f = (a) => {');
  check('radix', 'const a = parseInt(b.c, 10);', 'const a = parseInt(b.c);');
  check('thrownText', 'throw new Error("Bad a");', 'throw "Bad a";');
  check('any', 'function f(a: unknown) {', 'function f(a: any) {');
});

/** Forms of mistakes, written down apart from the generator; `missingAwait` has none. */
const forms: [kind: string, form: RegExp][] = [
  ['looseEqual', / == /],
  ['looseUnequal', / != /],
  ['assignment', /if \([^=]* = /],
  ['offByOne', /<= \S+\.length;/],
  ['notANumber', /=== NaN/],
  ['var', /\bvar /],
  ['radix', /parseInt\([^,]*\)/],
  ['thrownText', /throw ["']/],
  ['any', /: any\b/],
  ['log', /console\.log/],
  ['debugger', /debugger/],
];

test('of 400 examples every new line with a mistake is found, and no other; replacements have none', () => {
  const random = new Random(3);
  for (let i = 0; i < 400; i++) {
    const { messages, kind } = reviewExample(random);
    const [[, text = ''] = [], ...others] = messages[0].content.matchAll(/^1\+(.*)/gm);
    assert.deepEqual(others, []);
    const { findings, dropped } = parseFindings(messages[1].content, 1);
    assert.deepEqual([findings.length, dropped], [kind === 'none' ? 0 : 1, 0]);
    assert.equal(findings[0]?.message, reviewMistakes[kind]?.message);
    const seen = forms.filter(([, form]) => form.test(text)).map(([k]) => k);
    assert.deepEqual(seen, kind === 'none' || kind === 'missingAwait' ? [] : [kind], messages[0].content);
    for (const { replacement } of findings)
      assert.deepEqual(
        forms.filter(([, form]) => form.test(replacement!)),
        [],
      );
  }
});

test('same seed, same examples; the parts share neither keys nor prompts', () => {
  const heldout = sampleSplit('review', 'heldout', 30, 1);
  assert.deepEqual(sampleSplit('review', 'heldout', 30, 1), heldout);
  assert.ok(heldout.every(e => splitOf(e.key) === 'heldout'));
  const asked = new Set(sampleSplit('review', 'train', 100, 1).map(e => e.messages[0].content));
  assert.ok(heldout.every(e => !asked.has(e.messages[0].content)));
});

test('each kind is drawn as often as the others, and prompt and answer fit the window of the embedded base', () => {
  const tokenizer = loadTokenizer('media/base');
  const counts = new Map<string, number>();
  const random = new Random(8);
  for (let i = 0; i < 400; i++) {
    const { messages, kind } = reviewExample(random);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const tokens = messages.reduce((sum, { content }) => sum + tokenizer.encode(content).length + 5, 0);
    assert.ok(tokens <= 256, `${tokens} tokens`);
  }
  assert.deepEqual([...counts.keys()].toSorted(), [...Object.keys(reviewMistakes), 'none'].toSorted());
  for (const [kind, count] of counts) assert.ok(count > 10, `${kind}: ${count}`);
});
