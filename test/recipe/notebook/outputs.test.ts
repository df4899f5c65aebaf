import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrainEvent } from '../../../src/protocol/trainEvents.ts';
import { checkDefinition, evaluateOutput, trainOutput } from '../../../src/recipe/notebook/outputs.ts';
import { outputText } from '../../../src/recipe/notebook/outputText.ts';

function stepEvent(step: number, steps: number, loss: number): TrainEvent {
  const experts = { math: { loss, learningRate: 1e-3, gradientNorm: 1 } };
  return { type: 'step', step, steps, experts, tokensPerSecond: 3400, secondsLeft: 12.4, residentBytes: 1 };
}

const validation = (step: number, loss: number): TrainEvent => ({
  type: 'validation',
  step,
  expert: 'math',
  loss,
  best: true,
  stopped: false,
});

test('a training that goes on: how far, how fast, how long, and its losses', () => {
  const events = [stepEvent(1, 4, 3), validation(1, 2.5), stepEvent(2, 4, 2), validation(2, 2.25)];
  const output = trainOutput({ state: 'running', experts: [], events });
  assert.deepEqual(
    { ...output, curves: undefined },
    {
      kind: 'train',
      state: 'running',
      experts: ['math'],
      step: 2,
      steps: 4,
      tokensPerSecond: 3400,
      secondsLeft: 12.4,
      message: undefined,
      curves: undefined,
    },
  );
  assert.deepEqual(output.curves, [
    {
      expert: 'math',
      train: [
        { step: 1, loss: 3, learningRate: 1e-3 },
        { step: 2, loss: 2, learningRate: 1e-3 },
      ],
      validation: [
        { step: 1, loss: 2.5 },
        { step: 2, loss: 2.25 },
      ],
    },
  ]);
  assert.equal(
    outputText(output),
    'Training: math · step 2/4 · 3,400 tokens/s · 12 s left\nloss  first  last  best validation\n──────────────────────────────────\nmath      3     2             2.25',
  );
});

test('what an engine does before the first step is said', () => {
  const progress = { message: 'quantising', done: 1, total: 2 };
  assert.equal(
    outputText(trainOutput({ state: 'running', experts: ['qa'], events: [], progress })),
    'Training: qa · quantising',
  );
  const on = { place: 'ssh:gpu-box' };
  assert.equal(
    outputText(trainOutput({ state: 'running', experts: ['qa'], on, events: [], progress })),
    'Training: qa on gpu-box · quantising',
  );
});

test('a curve has at most some hundred points, the last among them', () => {
  const events = Array.from({ length: 1999 }, (_, i) => stepEvent(i + 1, 1999, 1));
  const { curves, secondsLeft } = trainOutput({ state: 'done', experts: ['math'], events });
  const steps = curves[0]!.train.map(point => point.step);
  assert.equal(steps.length, 287);
  assert.deepEqual([steps[0], steps[1], steps.at(-1)], [1, 8, 1999]);
  assert.equal(secondsLeft, undefined);
});

test('a diverged loss has no number', () => {
  const output = trainOutput({ state: 'failed', experts: ['math'], events: [stepEvent(1, 1, Number.NaN)] });
  assert.match(outputText(output), /math {6}– {5}–/);
});

test('a report as rows of systems and columns of sets', () => {
  const score = { correct: 3, total: 4, low: 0.3, high: 0.95 };
  const report = {
    sets: [{ name: 'sums', expert: 'math', scorer: 'exact' as const, examples: 4 }],
    scores: [
      { system: 'math', kind: 'expert' as const, set: 'sums', ...score },
      { system: 'base', kind: 'base' as const, set: 'sums', ...score, correct: 0 },
      { system: 'all', kind: 'merge' as const, set: 'others', ...score },
    ],
  };
  const output = evaluateOutput(report, 'runs/x/report.json');
  assert.deepEqual(output.rows, [
    { system: 'base', kind: 'base', cells: [{ ...score, correct: 0 }] },
    { system: 'math', kind: 'expert', cells: [score] },
    { system: 'all', kind: 'merge', cells: [null] },
  ]);
  assert.equal(
    outputText(output),
    'accuracy         sums\n─────────────────────\nbase            0.0 %\nmath (expert)  75.0 %\nall (merge)         –\nReport: runs/x/report.json',
  );
});

test('answers as text: the route with its evidence, or who answered', () => {
  const route = {
    weights: { math: 0.9, qa: 0.1 },
    abstained: false,
    evidence: [
      { expert: 'math', feature: 'sum', contribution: 0.2 },
      { expert: 'qa', feature: 'where', contribution: -1 },
    ],
  };
  const result = { finish: 'length' as const, weights: route.weights, answerTokens: 1, seconds: 0.25 };
  assert.equal(
    outputText({ kind: 'ask', answer: { text: '6\u001b[0m\n', route, result } }),
    '6[0m\n\nRouted to math 0.90, qa 0.10; evidence: where (qa −1.00), sum (math +0.20).\n1 token in 0.3 s, cut off at the longest answer allowed.',
  );
  const blended = { blend: 'half', weights: { math: 0.5 }, answer: { text: 'x', result: { ...result, weights: {} } } };
  assert.equal(
    outputText({ kind: 'blend', answers: [blended, { ...blended, answer: { text: '' } }] }),
    '── half: math 0.50\nx\n\nAnswered by the base alone.\n1 token in 0.3 s, cut off at the longest answer allowed.\n\n── half: math 0.50\n',
  );
});

test('a merge says how far it is from the exact sum', () => {
  const merge = { kind: 'merge' as const, name: 'all', method: 'ties', weights: { a: 1 }, rank: 8, path: 'merged' };
  assert.equal(
    outputText({ ...merge, relativeError: 0.4123 }),
    'all: ties of a 1.00, rank 8\nRelative error against the exact weighted sum: 0.412\nWritten to merged',
  );
  assert.match(outputText({ ...merge, relativeError: null }), /: undefined, because that sum is 0/);
});

const recipe = `{
  "seed": 7,
  "experts": { "math": { "adapter": "a" } },
  "blends": { "half": { "maths": 0.5 } },
  "steps": [{ "do": "train", "experts": ["maths"] }]
}`;

test('a definition says its own problems and no others', () => {
  const { problems } = checkDefinition(recipe, '"blends": { "half": { "maths": 0.5 } }');
  assert.equal(problems.length, 1);
  assert.match(problems[0]!, /^blends\.half\.maths: no expert is called 'maths'; did you mean 'math'\?/);
  assert.deepEqual(checkDefinition(recipe, '"experts": {}').problems, []);
});

test('a definition comes with its defaults', () => {
  const { values } = checkDefinition('{ "seed": 7, "evaluation": {} }', '"seed": 7, // lucky\n"evaluation": {},');
  assert.deepEqual(values, { seed: 7, evaluation: { sets: {}, batchSize: 32 } });
});
