import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createStopFilter } from '../../../src/nn/decode/stopFilter.ts';
import { type AnswerStreamOptions, createAnswerStream } from '../../../src/nn/decode/stream.ts';
import { loadTokenizer } from '../tokenizer/loadTokenizer.ts';

const base = loadTokenizer('media/base');
const stories = loadTokenizer('test/golden/stories260K');
const free: AnswerStreamOptions = { stopIds: [2], stop: [], maxTokens: 1000 };

/** Runs ids through a stream until it ends. */
function run(ids: readonly number[], options: Partial<AnswerStreamOptions>, tokenizer = base) {
  const stream = createAnswerStream(tokenizer, { ...free, ...options });
  let text = '';
  let used = 0;
  for (const id of ids) {
    used++;
    const delta = stream.push(id);
    text += delta.text;
    if (delta.finish) return { text, finish: delta.finish, used };
  }
  const last = stream.end('cancelled');
  return { text: text + last.text, finish: last.finish, used };
}

test('each way an answer ends', () => {
  const ids = base.encode('one two three');
  assert.deepEqual(run([...ids, 2, ...ids], {}), { text: 'one two three', finish: 'stop', used: ids.length + 1 });
  assert.deepEqual(run(ids, {}), { text: 'one two three', finish: 'cancelled', used: ids.length });
  assert.deepEqual(run(ids, { maxTokens: 1 }), { text: base.decode(ids.slice(0, 1)), finish: 'length', used: 1 });
  assert.deepEqual(run(ids, { contextLeft: 2 }), { text: base.decode(ids.slice(0, 2)), finish: 'context', used: 2 });
  assert.equal(run(ids, { stop: [' t'] }).text, 'one');
  assert.equal(run(ids, { stop: [' t'] }).finish, 'stop');
});

test('what is held back comes out at the end, whatever ends it', () => {
  const ids = base.encode('a\nUse');
  for (const [options, finish] of [
    [{ maxTokens: ids.length }, 'length'],
    [{ contextLeft: ids.length }, 'context'],
    [{}, 'cancelled'],
  ] as const) {
    const ended = run(ids, { stop: ['\nUser:'], ...options });
    assert.equal(ended.text, 'a\nUse');
    assert.equal(ended.finish, finish);
  }
  const half = base.encode('🦊').slice(0, 1);
  assert.equal(run(half, { maxTokens: 1 }).text, '\ufffd');
});

test('of two stop strings the one that is complete first wins', () => {
  const filter = createStopFilter(['xyzabc', 'za']);
  assert.deepEqual(filter.push('wxyzabc'), { text: 'wxy', stopped: true });
  const longer = createStopFilter(['c', 'abc']);
  assert.deepEqual(longer.push('1abc2'), { text: '1', stopped: true });
});

test('property: a stop filter does not depend on how the text is cut', () => {
  const letters = (maxLength: number, minLength = 0) =>
    fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength, maxLength });
  fc.assert(
    fc.property(fc.array(letters(4)), fc.array(letters(4, 1), { maxLength: 3 }), (pieces, stops) => {
      const feed = (parts: string[]) => {
        const filter = createStopFilter(stops);
        let out = '';
        for (const part of parts) {
          const { text, stopped } = filter.push(part);
          out += text;
          if (stopped) return { out, stopped };
        }
        return { out: out + filter.flush(), stopped: false };
      };
      const whole = pieces.join('');
      const result = feed(pieces);
      assert.deepEqual(result, feed([...whole]));
      assert.equal(
        result.stopped,
        stops.some(stop => whole.includes(stop)),
      );
      assert.ok(!stops.some(stop => result.out.includes(stop)));
      if (!result.stopped) assert.equal(result.out, whole);
    }),
    { numRuns: 1000 },
  );
});

test('property: streamed text with stop strings is a beginning of the decoded text and never shows a stop string', () => {
  for (const tokenizer of [base, stories]) {
    const ids = fc.array(fc.integer({ min: 3, max: tokenizer.vocabSize - 1 }), { maxLength: 100 });
    fc.assert(
      fc.property(ids, fc.constantFrom('e', ' t', 'a', '\n\n'), (sample, stop) => {
        const whole = tokenizer.decode(sample, { skipSpecialTokens: true });
        const { text, finish } = run(sample, { stop: [stop] }, tokenizer);
        const at = whole.indexOf(stop);
        assert.equal(text, at < 0 ? whole : whole.slice(0, at));
        assert.equal(finish, at < 0 ? 'cancelled' : 'stop');
      }),
      { numRuns: 100 },
    );
  }
});
