import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  maxOutputsLength,
  outputsOf,
  outputsText,
  parseOutputs,
  type SavedStep,
  stepValue,
} from '../../../src/recipe/notebook/savedOutputs.ts';

const saved = (step: unknown, text: string): SavedStep => ({
  step,
  order: 1,
  started: 1,
  ended: 2,
  succeeded: true,
  output: { kind: 'ask', answer: { text } },
});

test('written and read, outputs are what they were', () => {
  const steps = [
    saved({ do: 'ask', prompt: 'ä' }, '1'),
    {
      ...saved({ do: 'train' }, ''),
      output: {
        kind: 'train' as const,
        state: 'done' as const,
        experts: ['math'],
        step: 1,
        steps: 1,
        curves: [{ expert: 'math', train: [{ step: 1, loss: 2, learningRate: 1 }], validation: [] }],
      },
    },
  ];
  assert.deepEqual(parseOutputs(outputsText(steps)), steps);
});

test('an output belongs to the step that says what it said, however it is written', () => {
  const all = [saved({ do: 'ask', prompt: 'a' }, 'first'), saved({ do: 'ask', prompt: 'a' }, 'second')];
  const steps = ['{ "do": "train" }', '{"do":"ask", // why\n "prompt":"a",}', '{ "do": "ask", "prompt": "a" }'];
  assert.deepEqual(outputsOf(steps.map(stepValue), all), [undefined, all[0], all[1]]);
  assert.deepEqual(outputsOf([stepValue('{ "do": "ask", "prompt": "b" }')], all), [undefined]);
});

test('any other file is none of ours, and never crashes the reader (fuzz)', () => {
  assert.equal(parseOutputs('{ "version": 2, "steps": [] }'), undefined);
  assert.equal(parseOutputs(`${'['.repeat(100_000)}`), undefined);
  assert.equal(parseOutputs(' '.repeat(maxOutputsLength + 1)), undefined);
  const whole = outputsText([saved({ do: 'ask', prompt: 'a' }, 'text')]);
  fc.assert(
    fc.property(fc.nat(whole.length), fc.string({ maxLength: 4 }), fc.nat(4), (at, put, cut) => {
      const steps = parseOutputs(whole.slice(0, at) + put + whole.slice(at + cut));
      assert.ok(steps === undefined || steps.every(({ output }) => typeof output.kind === 'string'));
    }),
  );
  fc.assert(
    fc.property(fc.json(), text => {
      assert.equal(parseOutputs(text), undefined);
    }),
  );
});
