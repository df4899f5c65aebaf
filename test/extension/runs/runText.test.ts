import assert from 'node:assert/strict';
import test from 'node:test';
import {
  outcomeText,
  percentDone,
  progressText,
  runTitle,
  stateText,
  type ToldRun,
  timeLeft,
} from '../../../src/extension/runs/runText.ts';

const step = {
  type: 'step',
  step: 34,
  steps: 200,
  experts: {
    math: { loss: 1.23456, learningRate: 1e-3, gradientNorm: 1 },
    code: { loss: 0.5, learningRate: 1e-3, gradientNorm: 1 },
  },
  tokensPerSecond: 4612.3,
  secondsLeft: 80.2,
  residentBytes: 1e9,
} as const;
const training: ToldRun = {
  kind: 'train',
  recipe: { path: '/w/three.lora.json' },
  experts: ['math', 'code'],
  state: 'running',
  progress: { message: 'training', done: 34, total: 200 },
  events: [step],
};
const evaluation: ToldRun = { ...training, kind: 'evaluate', experts: [], events: [], progress: undefined };

test('what a run is called', () => {
  assert.equal(runTitle(training), 'Training math and code');
  assert.equal(runTitle({ ...training, experts: [] }), 'Training three');
  assert.equal(runTitle(evaluation), 'Evaluating three');
  const there = { ...training, on: { place: 'ssh:me@gpu-box:/data' } };
  assert.equal(runTitle(there), 'Training math and code on me@gpu-box');
  assert.match(outcomeText({ ...there, state: 'done' }), /^math and code: trained on me@gpu-box, loss/);
});

test('how far it is', () => {
  assert.equal(progressText(training), 'step 34/200 · loss math 1.235, code 0.500 · 4,612 tokens/s · 1 min 20 s left');
  assert.equal(percentDone(training), '17 %');
  const preparing = { ...training, progress: { message: 'preparing the base', done: 3, total: 12 } };
  assert.equal(progressText(preparing), 'preparing the base 3/12');
  assert.equal(percentDone(preparing), '');
  assert.equal(progressText(evaluation), 'waiting for the engine');
  assert.equal(percentDone(evaluation), '');
});

test('what came of it', () => {
  const outcomes: [Partial<ToldRun>, string][] = [
    [{ state: 'done' }, 'math and code: trained, loss math 1.235, code 0.500 after 200 steps.'],
    [{ state: 'stopped' }, 'Training math and code was stopped at step 34 of 200.'],
    [{ state: 'interrupted' }, 'Training math and code was interrupted at step 34 of 200.'],
    [{ state: 'stopped', events: [] }, 'Training math and code was stopped before its first step.'],
  ];
  for (const [change, text] of outcomes) assert.equal(outcomeText({ ...training, ...change }), text);
  assert.equal(outcomeText({ ...evaluation, state: 'done' }), 'three is evaluated.');
  assert.equal(outcomeText({ ...evaluation, state: 'stopped' }), 'The evaluation was stopped.');
});

test('how it stands, beside what it is of', () => {
  const states: [Partial<ToldRun>, string][] = [
    [{}, '17 %, 1 min 20 s left'],
    [{ state: 'done' }, 'loss 0.500 after 200 steps'],
    [{ state: 'stopped' }, 'stopped at step 34 of 200'],
    [{ state: 'paused', events: [] }, 'paused'],
    [{ progress: { message: 'preparing the base', done: 3, total: 12 } }, 'preparing the base 3/12'],
  ];
  for (const [change, text] of states) assert.equal(stateText({ ...training, ...change }, 'code'), text);
  assert.equal(stateText({ ...training, state: 'done' }), 'trained after 200 steps');
  assert.equal(stateText(evaluation), 'waiting for the engine');
  assert.equal(stateText({ ...evaluation, state: 'done' }), 'evaluated');
  assert.equal(timeLeft(evaluation), '');
});
