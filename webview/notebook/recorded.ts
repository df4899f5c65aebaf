import type { StepAnswer, StepOutput, TrainOutput } from '../../src/protocol/notebookOutput.ts';
import { element } from '../components/dom.ts';
import { activate } from './main.ts';

/** For `npm run webview`: an output of each kind, as a plain page. */

const falling = (from: number, rate: number) => (step: number) => from * Math.exp(-step * rate) + Math.sin(step) / 20;

function curve(expert: string, loss: (step: number) => number): TrainOutput['curves'][number] {
  const steps = Array.from({ length: 120 }, (_, i) => i + 1);
  return {
    expert,
    train: steps.map(step => ({ step, loss: loss(step), learningRate: 2e-3 })),
    validation: steps.filter(step => step % 20 === 0).map(step => ({ step, loss: loss(step) + 0.15 })),
  };
}

const training: TrainOutput = {
  kind: 'train',
  state: 'running',
  experts: ['math', 'code'],
  step: 120,
  steps: 200,
  tokensPerSecond: 3401,
  secondsLeft: 34,
  curves: [curve('math', falling(3.2, 0.02)), curve('code', falling(2.6, 0.01))],
};

const routed: StepAnswer = {
  text: '12 / 100 = 0.12\n0.12 * 50 = 6\nAnswer: 6',
  route: {
    weights: { math: 0.93, code: 0.07 },
    abstained: false,
    evidence: [
      { expert: 'math', feature: '12%', contribution: 2.41 },
      { expert: 'math', feature: 'what is', contribution: 0.62 },
      { expert: 'qa', feature: 'form question', contribution: -0.38 },
    ],
  },
  result: { finish: 'stop', weights: { math: 0.93, code: 0.07 }, answerTokens: 24, seconds: 0.31 },
};

const blended: StepAnswer = {
  text: 'function double(n) {\n  return n * 2;\n}',
  result: { finish: 'length', weights: { code: 0.8, qa: 0.2 }, answerTokens: 48, seconds: 0.62 },
};

const cell = (correct: number) => ({
  correct,
  total: 300,
  low: Math.max(0, correct / 300 - 0.05),
  high: Math.min(1, correct / 300 + 0.04),
});

const outputs: StepOutput[] = [
  training,
  { ...training, state: 'stopped', secondsLeft: undefined, curves: [] },
  { kind: 'ask', answer: routed },
  {
    kind: 'ask',
    answer: {
      text: 'Hello',
      route: { weights: {}, abstained: true, evidence: [] },
      result: { finish: 'cancelled', weights: {}, answerTokens: 2, seconds: 0.1 },
    },
  },
  {
    kind: 'blend',
    answers: [
      { blend: 'review', weights: { code: 0.8, qa: 0.2 }, answer: blended },
      { blend: 'less-qa', weights: { code: 1, qa: -0.3 }, answer: { text: 'function doub' } },
    ],
  },
  {
    kind: 'merge',
    name: 'all-ties',
    method: 'ties',
    weights: { math: 1, code: 1, qa: 1 },
    rank: 16,
    relativeError: 0.412,
    path: 'runs/experts/merges/all-ties',
  },
  {
    kind: 'evaluate',
    state: 'running',
    progress: { message: 'math on base', done: 64, total: 300 },
    sets: [],
    rows: [],
  },
  {
    kind: 'evaluate',
    state: 'done',
    sets: ['math', 'code', 'qa'].map(name => ({ name, expert: name, examples: 300 })),
    rows: [
      { system: 'base', kind: 'base', cells: [cell(12), cell(4), cell(31)] },
      { system: 'math', kind: 'expert', cells: [cell(286), cell(0), cell(40)] },
      { system: 'code', kind: 'expert', cells: [cell(9), cell(213), cell(22)] },
      { system: 'qa', kind: 'expert', cells: [cell(20), cell(3), cell(291)] },
      { system: 'routed', kind: 'routed', cells: [cell(285), cell(211), cell(290)] },
      { system: 'all-ties', kind: 'merge', cells: [cell(120), null, cell(150)] },
    ],
    path: 'runs/experts/report.json',
  },
  { kind: 'check', problems: ["'lora.rnk' is not a key of a recipe; did you mean 'rank'?"], values: {} },
  { kind: 'check', problems: [], values: { lora: { rank: 16, alpha: 32 } } },
  {
    kind: 'merge',
    name: 'all-distilled',
    method: 'distilled',
    weights: { math: 1, code: 1, qa: 1 },
    rank: 16,
    relativeError: 7.2,
    path: 'runs/experts/merges/all-distilled',
    fit: { texts: 6000, tokens: 293434, firstLoss: 0.324, loss: 0.0126, seconds: 81 },
  },
];

// As the editor has it around outputs.
document.body.style.setProperty('background', 'var(--vscode-editor-background)');
const view = document.getElementById('view')!;
view.replaceChildren(element('h1', {}, 'Outputs'));
const renderer = activate();
for (const [i, output] of outputs.entries()) {
  const place = element('section', { 'aria-label': `Output ${i + 1}` });
  view.append(place);
  renderer.renderOutputItem({ id: String(i), json: () => output }, place);
}
view.removeAttribute('aria-busy');
