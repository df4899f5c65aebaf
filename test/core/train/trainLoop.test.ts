import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashName } from '../../../src/core/lora/initFactors.ts';
import { linearLayers } from '../../../src/core/model/layout.ts';
import { Random } from '../../../src/core/tensor/random.ts';
import type { EncodedExample } from '../../../src/core/train/assembleBatch.ts';
import { type RunPosition, type TrainBackend, type TrainPlan, trainLoop } from '../../../src/core/train/trainLoop.ts';
import type { Base } from '../../../src/engine/loadBase.ts';
import { type ExpertState, openTrainSessions } from '../../../src/engine/trainBackend.ts';
import type { WorkbenchError } from '../../../src/shared/errors.ts';
import { type TrainingSettings, trainingSettings } from '../../../src/shared/recipe.ts';
import type { TrainEvent, TrainStepEvent } from '../../../src/shared/trainEvents.ts';
import { assertClose, assertSameBits } from '../../support/assertClose.ts';
import { goldenBase } from '../../support/goldenBase.ts';

const seed = 11;

/** Rows of 4 to 14 tokens that continue an arithmetic sequence; the first two tokens carry no loss. */
function examples(count: number, stride: number): EncodedExample[] {
  const random = new Random(stride);
  return Array.from({ length: count }, () => {
    const start = random.integer(3, 100);
    const ids = Int32Array.from({ length: random.integer(4, 14) }, (_, t) => 3 + ((start + stride * t) % 120));
    return { ids, labels: ids.map((id, t) => (t < 2 ? -100 : id)) };
  });
}

interface Expert {
  name: string;
  rank: number;
  targets: RegExp;
  dropout: number;
  settings: Partial<TrainingSettings>;
  steps: number;
  stride: number;
}

const math: Expert = { name: 'math', rank: 4, targets: /./, dropout: 0, settings: { batchSize: 4 }, steps: 20, stride: 3 };
const code: Expert = {
  name: 'code',
  rank: 6,
  targets: /[qv]_proj/,
  dropout: 0,
  settings: { batchSize: 3, accumulation: 2, schedule: 'linear', weightDecay: 0.1, learningRate: 5e-3 },
  steps: 20,
  stride: 7,
};

interface Saved {
  position: RunPosition;
  states: Map<string, ExpertState>;
}

interface RunOptions {
  from?: Saved;
  /** Cancels once this step is done. */
  stopAfter?: number;
  onStep?(event: TrainStepEvent, state: (name: string) => ExpertState): void;
}

/** Trains real factors on a tiny base, and gives the events, the last checkpoint and the final factors. */
async function run(base: Base, experts: Expert[], o: RunOptions = {}) {
  const paths = linearLayers(base.config).map(l => l.path);
  const plans: TrainPlan[] = experts.map(e => ({
    name: e.name,
    scaling: 2,
    dropout: e.dropout,
    settings: trainingSettings.parse({ checkpointEvery: 0, ...e.settings }),
    steps: e.steps,
    train: examples(17, e.stride),
    validation: [],
  }));
  const backend = await openTrainSessions({
    base,
    experts: experts.map(e => ({
      name: e.name,
      rank: e.rank,
      targets: paths.filter(p => e.targets.test(p)),
      seed: (seed ^ hashName(e.name)) >>> 0,
      dropout: e.dropout,
    })),
    accumulates: plans.some(p => p.settings.accumulation > 1),
    threads: 1,
    from: o.from?.states,
  });
  const abort = new AbortController();
  let saved: Saved | undefined;
  const events: TrainEvent[] = [];
  const loop = trainLoop({
    plans,
    backend,
    seed,
    from: o.from?.position,
    // As a checkpoint on disk does it: JSON for the position, bytes for the tensors.
    save: async position => {
      saved = {
        position: JSON.parse(JSON.stringify(position)),
        states: new Map(experts.map(e => [e.name, structuredClone(backend.state(e.name))])),
      };
    },
    now: () => performance.now(),
    memory: () => 0,
    signal: abort.signal,
  });
  for await (const event of loop) {
    events.push(event);
    if (event.type !== 'step') continue;
    o.onStep?.(event, backend.state);
    if (event.step === o.stopAfter) abort.abort();
  }
  await backend.dispose();
  const losses = (name: string) => events.flatMap(e => (e.type === 'step' && e.experts[name] ? [e.experts[name].loss] : []));
  return { events, losses, saved: saved! };
}

function assertSameStates(a: Saved, b: Saved): void {
  assert.deepEqual(a.position, b.position);
  for (const [name, state] of a.states)
    for (const part of ['parameter', 'm', 'v', 'best'] as const) assertSameBits(state[part], b.states.get(name)![part], `${name}.${part}`);
}

for (const dropout of [0, 0.2])
  test(`dropout ${dropout}: two experts trained together have the losses they have apart, over 20 steps, to 1e-4`, async () => {
    const base = await goldenBase('llama_tied');
    const [a, b] = [{ ...math, dropout }, { ...code, dropout }];
    const together = await run(base, [a, b]);
    for (const expert of [a, b]) {
      const apart = await run(base, [expert]);
      assert.equal(apart.losses(expert.name).length, 20);
      assertClose(together.losses(expert.name), apart.losses(expert.name), 1e-4, expert.name);
      const mean = (from: number) => apart.losses(expert.name).slice(from, from + 5).reduce((a, b) => a + b) / 5;
      assert.ok(mean(15) < 0.9 * mean(0), `it learns: ${mean(0)} → ${mean(15)}`);
    }
  });

test('the same seed gives the same bits twice; dropout and accumulation included', async () => {
  const base = await goldenBase('qwen2_tied');
  const experts = [{ ...math, dropout: 0.1, steps: 6 }, { ...code, dropout: 0.3, steps: 4 }];
  assertSameStates((await run(base, experts)).saved, (await run(base, experts)).saved);
});

test('stopped after any step and resumed, a run ends in the bits of one that was not', async () => {
  const base = await goldenBase('llama_tied');
  const experts = [{ ...math, dropout: 0.1, steps: 9 }, { ...code, dropout: 0.3, steps: 6 }];
  const whole = await run(base, experts);
  for (const stopAfter of [1, 5, 7]) {
    const first = await run(base, experts, { stopAfter });
    assert.deepEqual(first.events.at(-1), { type: 'cancelled', step: stopAfter });
    const rest = await run(base, experts, { from: first.saved });
    assertSameStates(rest.saved, whole.saved);
    assert.deepEqual([...first.losses('math'), ...rest.losses('math')], whole.losses('math'));
  }
});

test('an expert that has taken its steps keeps its bits while the other goes on', async () => {
  const base = await goldenBase('llama_tied');
  let ended: ExpertState | undefined;
  const { saved, events } = await run(base, [{ ...math, steps: 3 }, { ...code, steps: 8 }], {
    onStep: (event, state) => {
      if (event.step === 3) ended = structuredClone(state('math'));
    },
  });
  for (const part of ['parameter', 'm', 'v'] as const) assertSameBits(saved.states.get('math')![part], ended![part], part);
  const steps = events.flatMap(e => (e.type === 'step' ? [Object.keys(e.experts).join()] : []));
  assert.deepEqual(steps, [...Array(3).fill('math,code'), ...Array(5).fill('code')]);
});

/** A backend without numbers: losses as told, and a note of what was asked of it. */
function scripted(validationLosses: number[], trainLoss = 1) {
  const calls: string[] = [];
  const backend: TrainBackend = {
    accumulate: async () => [trainLoss],
    step: async (_batch, _seed, hyper) => ({ losses: [trainLoss], norms: new Map([...hyper.keys()].map(n => [n, 1])) }),
    evaluate: async () => [validationLosses.shift()!],
    keepBest: name => calls.push(`best ${name}`),
  };
  return { backend, calls };
}

async function collect(backend: TrainBackend, settings: Partial<TrainingSettings>, steps: number) {
  const saves: number[] = [];
  const events: TrainEvent[] = [];
  const loop = trainLoop({
    plans: [
      {
        name: 'math',
        scaling: 1,
        dropout: 0,
        settings: trainingSettings.parse({ batchSize: 2, validateEvery: 1, checkpointEvery: 0, ...settings }),
        steps,
        train: examples(5, 3),
        validation: examples(2, 5),
      },
    ],
    backend,
    seed,
    save: async p => void saves.push(p.step),
    now: () => 0,
    memory: () => 12,
    signal: new AbortController().signal,
  });
  for await (const event of loop) events.push(event);
  return { events, saves };
}

test('the best validation is kept, and patience ends the expert', async () => {
  const { backend, calls } = scripted([3, 2, 2.5, 2, 1]);
  const { events, saves } = await collect(backend, { patience: 2 }, 10);
  const seen = events.flatMap(e => (e.type === 'validation' ? [[e.step, e.loss, e.best, e.stopped]] : []));
  assert.deepEqual(seen, [
    [1, 3, true, false],
    [2, 2, true, false],
    [3, 2.5, false, false],
    [4, 2, false, true],
  ]);
  assert.deepEqual(calls, ['best math', 'best math']);
  assert.deepEqual(events.at(-1), { type: 'trained', step: 4 });
  assert.deepEqual(saves, [4]);
});

test('without patience all steps are taken; validation falls on its steps and on the last', async () => {
  const { backend } = scripted([3, 4, 5]);
  const { events } = await collect(backend, { validateEvery: 3 }, 7);
  assert.deepEqual(events.flatMap(e => (e.type === 'validation' ? [e.step] : [])), [3, 6, 7]);
  assert.deepEqual(events.at(-1), { type: 'trained', step: 7 });
});

test('checkpoints are written at their interval and at the end', async () => {
  const { backend } = scripted([]);
  const { events, saves } = await collect(backend, { validateEvery: 0, checkpointEvery: 2 }, 5);
  assert.deepEqual(saves, [2, 4, 5]);
  assert.deepEqual(events.map(e => e.type), ['step', 'step', 'checkpoint', 'step', 'step', 'checkpoint', 'step', 'trained']);
});

test('a loss that is not a number ends the run with the expert and the step', async () => {
  const { backend } = scripted([], Number.NaN);
  await assert.rejects(
    collect(backend, {}, 3),
    (e: WorkbenchError) => e.code === 'runtime' && e.message === "the loss of expert 'math' is NaN at step 1" && /learningRate/.test(e.hint!),
  );
});

test('a step tells its rate, and estimates the time that is left', async () => {
  const { backend } = scripted([]);
  let clock = 0;
  const loop = trainLoop({
    plans: [
      {
        name: 'math',
        scaling: 1,
        dropout: 0,
        settings: trainingSettings.parse({ batchSize: 5, validateEvery: 0, checkpointEvery: 0 }),
        steps: 4,
        train: examples(5, 3),
        validation: [],
      },
    ],
    backend,
    seed,
    save: async () => {},
    now: () => (clock += 500),
    memory: () => 12,
    signal: new AbortController().signal,
  });
  const tokens = examples(5, 3).reduce((sum, e) => sum + e.ids.length, 0);
  const first = (await loop.next()).value as TrainStepEvent;
  assert.deepEqual([first.tokensPerSecond, first.secondsLeft, first.residentBytes], [tokens * 2, 1.5, 12]);
  await loop.return(undefined);
});
