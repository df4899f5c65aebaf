import type { FoundWeights } from '../../src/protocol/engine/weighing.ts';
import { WorkbenchError } from '../../src/protocol/errors.ts';
import type { Weights } from '../../src/protocol/target.ts';
import { type blendApi as BlendApi, blendApi, type Lab } from '../../src/protocol/views/blend.ts';
import { playRecordings, type Recording } from '../components/plainHost.ts';
import recorded from './recorded.json' with { type: 'json' };

/** As a host over the real engine sent them, for one prompt and a few blends of three experts. */
const { lab, route, answers, comparison } = recorded as unknown as {
  lab: Lab;
  route: ReturnType<Handlers['route']>;
  answers: { weights: Weights; answer: Answer; explanation: ReturnType<Handlers['explain']> }[];
  comparison: ReturnType<Handlers['compareMerges']>;
};

type Handlers = Recording<typeof BlendApi>['handlers'];
type Answer = Awaited<ReturnType<Handlers['ask']>>;

/** As the engine told of 12 examples of sums. */
const found: FoundWeights = {
  weights: { math: 0.82, code: -0.06, qa: 0 },
  by: 'loss',
  source: 'few.jsonl',
  examples: 12,
  of: 12,
  seed: 7,
  parts: [
    { math: 0.8, code: -0.05, qa: 0 },
    { math: 0.84, code: -0.08, qa: 0.01 },
  ],
  figure: 0.21,
  controls: [
    { kind: 'equal', figure: 0.62, difference: -0.41, low: -0.55, high: -0.27 },
    { kind: 'expert', expert: 'math', figure: 0.22, difference: -0.01, low: -0.03, high: 0.01 },
    { kind: 'base', figure: 1.9, difference: -1.69, low: -1.9, high: -1.48 },
  ],
  seconds: 8.2,
  notes: [],
};

/** What the page has asked for; tests look there. */
const seen = { asked: [] as unknown[], cancelled: 0, saved: [] as unknown[], merged: [] as unknown[] };
Object.assign(window, { seen });

/** The recorded blend that is nearest to these weights. */
function nearest(weights: Weights) {
  const distance = (other: Weights) =>
    lab.experts.reduce((sum, { name }) => sum + ((weights[name] ?? 0) - (other[name] ?? 0)) ** 2, 0);
  return answers.reduce((best, each) => (distance(each.weights) < distance(best.weights) ? each : best));
}

const pause = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds));

function recordingOf(shown: Lab, speed = 5): Recording<typeof blendApi> {
  return {
    handlers: {
      load: () => shown,
      route: () => route,
      async ask(wanted, { signal, progress }) {
        seen.asked.push(wanted);
        const { answer } = nearest(wanted.weights);
        for (const text of answer.text.match(/\s*\S+/g) ?? []) {
          await pause(speed);
          if (signal.aborted) {
            seen.cancelled++;
            return { ...answer, finish: 'cancelled' };
          }
          progress({ text });
        }
        return answer;
      },
      explain: ({ weights }) => nearest(weights).explanation,
      async findWeights(_, { signal, progress }) {
        for (const done of [1, 2, 3]) {
          progress({ kind: 'work', message: 'trying weights', done, total: 3 });
          await pause(speed);
          signal.throwIfAborted();
        }
        return { found };
      },
      async compareMerges({ fitted }, { signal, progress }) {
        if (fitted) {
          const work = { kind: 'work' as const, message: 'distilling', done: 120, total: 400 };
          progress({ method: 'distilled', done: 13, total: 14, work });
          await pause(20 * speed);
          signal.throwIfAborted();
        }
        const { methods } = await comparison;
        for (const [done, { method }] of methods.entries()) {
          signal.throwIfAborted();
          progress({ method, done, total: methods.length });
          await pause(speed);
        }
        return comparison;
      },
      saveBlend(wanted) {
        seen.saved.push(wanted);
        return { name: 'mine' };
      },
      merge(wanted) {
        seen.merged.push(wanted);
        return { path: `/experts/merged-${wanted.into}` };
      },
    },
  };
}

const markup = '<img src=x onerror="document.title = 1"><b>bold</b>';
const usual = recordingOf(lab);
const hostile = recordingOf({
  ...lab,
  recipe: markup,
  presets: [{ name: markup, weights: { math: 1 }, source: 'recipe' }],
});

playRecordings(blendApi, {
  default: usual,
  /** Opened with a blend of the recipe. */
  opened: recordingOf({ ...lab, opened: 'review' }),
  slow: recordingOf(lab, 200),
  untrained: recordingOf({ ...lab, experts: lab.experts.map(each => ({ ...each, isTrained: false })) }),
  partly: recordingOf({
    ...lab,
    experts: lab.experts.map((each, i) => ({ ...each, isTrained: i !== 1 })),
    sets: [],
    evaluated: [],
  }),
  hostile: {
    ...hostile,
    handlers: {
      ...hostile.handlers,
      ask: async () => ({ ...answers[0]!.answer, text: markup }),
      route: () => ({
        weights: { math: 1 },
        abstained: false,
        evidence: [{ expert: 'math', feature: markup, contribution: 1 }],
      }),
    },
  },
  broken: {
    ...usual,
    handlers: {
      ...usual.handlers,
      load() {
        throw new WorkbenchError(
          'badRecipe',
          'three.lora.json has problems.',
          'Open it: the problems are marked in its text.',
        );
      },
    },
  },
  failing: {
    ...usual,
    handlers: {
      ...usual.handlers,
      ask() {
        throw new WorkbenchError('badRequest', 'the prompt has 300 tokens', 'Shorten the prompt.');
      },
    },
  },
});
