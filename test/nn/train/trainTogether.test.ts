import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTrainSessions } from '../../../src/engine/training/trainBackend.ts';
import type { Base } from '../../../src/experiment/base.ts';
import type { ExpertState } from '../../../src/experiment/checkpoints.ts';
import { hashName } from '../../../src/nn/lora/initFactors.ts';
import { linearLayers } from '../../../src/nn/model/layout.ts';
import {
  accumulatesGradients,
  type RunPosition,
  type TrainingJob,
  trainLoop,
} from '../../../src/nn/train/trainLoop.ts';
import type { TrainEvent, TrainStepEvent } from '../../../src/protocol/trainEvents.ts';
import type { TrainingSettings } from '../../../src/recipe/schema.ts';
import { assertClose, assertSameBits } from '../../support/assertClose.ts';
import { goldenBase } from '../../support/goldenBase.ts';
import { sequenceExamples } from '../../support/sequenceExamples.ts';
import { settingsWith } from '../../support/trainingSettings.ts';

const seed = 11;

interface Expert {
  name: string;
  rank: number;
  targets: RegExp;
  dropout: number;
  settings: Partial<TrainingSettings>;
  steps: number;
  stride: number;
  dora?: boolean;
  loraPlusRatio?: number;
}

const math: Expert = {
  name: 'math',
  rank: 4,
  targets: /./,
  dropout: 0,
  settings: { batchSize: 4 },
  steps: 20,
  stride: 3,
};
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
  inTurn?: boolean;
  /** Cancels once this step is done. */
  stopAfter?: number;
  onStep?(event: TrainStepEvent, state: (name: string) => Promise<ExpertState>): Promise<void>;
}

/** Trains real factors on a tiny base, and gives the events, the last checkpoint and the final factors. */
async function run(base: Base, experts: Expert[], o: RunOptions = {}) {
  const paths = linearLayers(base.config).map(l => l.path);
  const jobs: TrainingJob[] = experts.map(e => ({
    name: e.name,
    scaling: 2,
    dropout: e.dropout,
    settings: settingsWith({ checkpointEvery: 0, ...e.settings }),
    steps: e.steps,
    train: sequenceExamples(17, e.stride),
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
      dora: e.dora ? { scaling: 2 } : undefined,
      loraPlusRatio: e.loraPlusRatio,
    })),
    accumulates: accumulatesGradients(jobs, o.inTurn ?? false),
    inTurn: o.inTurn,
    threads: 1,
    from: o.from?.states,
  });
  const abort = new AbortController();
  let saved: Saved | undefined;
  const events: TrainEvent[] = [];
  const loop = trainLoop({
    jobs,
    backend,
    inTurn: o.inTurn,
    seed,
    from: o.from?.position,
    // As a checkpoint on disk does it: JSON for the position, bytes for the tensors.
    save: async position => {
      saved = {
        position: JSON.parse(JSON.stringify(position)),
        states: new Map(
          await Promise.all(
            experts.map(async e => [e.name, structuredClone(await backend.state(e.name))] as [string, ExpertState]),
          ),
        ),
      };
    },
    now: () => performance.now(),
    memory: () => 0,
    signal: abort.signal,
  });
  for await (const event of loop) {
    events.push(event);
    if (event.type !== 'step') continue;
    await o.onStep?.(event, backend.state);
    if (event.step === o.stopAfter) abort.abort();
  }
  await backend.dispose();
  const losses = (name: string) =>
    events.flatMap(e => (e.type === 'step' && e.experts[name] ? [e.experts[name].loss] : []));
  return { events, losses, saved: saved! };
}

function assertSameStates(a: Saved, b: Saved): void {
  assert.deepEqual(a.position, b.position);
  for (const [name, state] of a.states)
    for (const part of ['parameter', 'm', 'v', 'best'] as const)
      assertSameBits(state[part], b.states.get(name)![part], `${name}.${part}`);
}

for (const [dropout, dora] of [
  [0, []],
  [0.2, []],
  [0, ['math']],
  [0.2, ['math', 'code']],
] as const)
  test(`dropout ${dropout}, DoRA of ${dora.join(' and ') || 'none'}: two experts trained together have the losses they have apart, over 20 steps, to 1e-4`, async () => {
    const base = await goldenBase('llama_tied');
    const [a, b] = [
      { ...math, dropout, dora: dora.some(name => name === 'math') },
      { ...code, dropout, dora: dora.some(name => name === 'code'), loraPlusRatio: dora.length > 0 ? 4 : undefined },
    ];
    const together = await run(base, [a, b]);
    for (const expert of [a, b]) {
      const apart = await run(base, [expert]);
      assert.equal(apart.losses(expert.name).length, 20);
      assertClose(together.losses(expert.name), apart.losses(expert.name), 1e-4, expert.name);
      const mean = (from: number) =>
        apart
          .losses(expert.name)
          .slice(from, from + 5)
          .reduce((a, b) => a + b) / 5;
      assert.ok(mean(15) < 0.9 * mean(0), `it learns: ${mean(0)} → ${mean(15)}`);
    }
  });

test('the same seed gives the same bits twice; dropout and accumulation included', async () => {
  const base = await goldenBase('qwen2_tied');
  const experts = [
    { ...math, dropout: 0.1, steps: 6 },
    { ...code, dropout: 0.3, steps: 4 },
  ];
  assertSameStates((await run(base, experts)).saved, (await run(base, experts)).saved);
});

test('stopped after any step and resumed, a run ends in the bits of one that was not', async () => {
  const base = await goldenBase('llama_tied');
  const experts = [
    { ...math, dropout: 0.1, steps: 9 },
    { ...code, dropout: 0.3, steps: 6 },
  ];
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
  const { saved, events } = await run(
    base,
    [
      { ...math, steps: 3 },
      { ...code, steps: 8 },
    ],
    {
      onStep: async (event, state) => {
        if (event.step === 3) ended = structuredClone(await state('math'));
      },
    },
  );
  for (const part of ['parameter', 'm', 'v'] as const)
    assertSameBits(saved.states.get('math')![part], ended![part], part);
  const steps = events.flatMap(e => (e.type === 'step' ? [Object.keys(e.experts).join()] : []));
  assert.deepEqual(steps, [...Array(3).fill('math,code'), ...Array(5).fill('code')]);
});

test('experts that take turns end in the bits they have apart, stopped and resumed too', async () => {
  const base = await goldenBase('qwen2_tied');
  const alike = { rank: 4, targets: /./ };
  const experts = [
    { ...math, ...alike, dropout: 0.1, steps: 9 },
    { ...code, ...alike, dropout: 0.3, steps: 6 },
  ];
  const inTurn = true;
  const together = await run(base, experts, { inTurn });
  for (const expert of experts) {
    const apart = await run(base, [expert]);
    assert.deepEqual(together.losses(expert.name), apart.losses(expert.name));
    for (const part of ['parameter', 'm', 'v', 'best'] as const)
      assertSameBits(together.saved.states.get(expert.name)![part], apart.saved.states.get(expert.name)![part], part);
  }
  const first = await run(base, experts, { inTurn, stopAfter: 4 });
  assertSameStates((await run(base, experts, { inTurn, from: first.saved })).saved, together.saved);
});

test('experts with magnitudes that take turns in one graph have the bits of each alone, also resumed', async () => {
  const base = await goldenBase('llama_tied');
  const experts = [
    { ...math, dora: true, steps: 4 },
    { ...math, name: 'other', stride: 5, dora: true, steps: 4 },
  ];
  const inTurn = await run(base, experts, { inTurn: true });
  for (const expert of experts) {
    const alone = await run(base, [expert], { inTurn: true });
    assertSameBits(inTurn.saved.states.get(expert.name)!.parameter, alone.saved.states.get(expert.name)!.parameter);
  }
  const stopped = await run(base, experts, { inTurn: true, stopAfter: 3 });
  const resumed = await run(base, experts, { inTurn: true, from: stopped.saved });
  assertSameStates(resumed.saved, inTurn.saved);
});
