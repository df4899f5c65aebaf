import { WorkbenchError } from '../../protocol/errors.ts';
import type { BatchShape } from '../memory/batchShapes.ts';
import { type AdamWSettings, hyperVector } from '../train/adamw.ts';
import { assembleBatch, type Batch, type EncodedExample, trainedTokens } from '../train/assembleBatch.ts';
import { batchOrder } from '../train/batchOrder.ts';
import { learningRate, type RateSchedule } from '../train/schedule.ts';

/** An example, and the place of the expert that learned from it. */
export interface OwnedExample {
  example: EncodedExample;
  expert: number;
}

export interface FitSettings extends AdamWSettings, RateSchedule {
  /** Rows of a step. */
  batchSize: number;
  steps: number;
}

/** Takes a step on a batch: losses that add up to what is minimised. */
export type FitStep = (batch: Batch, hyper: Float32Array) => Promise<number[]>;

/** What a step has lost, in nats a token. */
export interface FitEvent {
  step: number;
  steps: number;
  losses: number[];
}

/**
 * Fits one set of parameters to the examples of several experts, `count` of them. A batch holds rows of all of them, whatever
 * their lengths, and each token that is learned counts alike; `gate` of a batch [B, count] says whose a row is. Data and
 * order follow from the seed alone, so that a fit goes on `after` a step as if it had never stopped. Throws `runtime` when a
 * loss is no number.
 */
export async function* fitLoop(
  examples: OwnedExample[],
  count: number,
  settings: FitSettings,
  seed: number,
  step: FitStep,
  after = 0,
): AsyncGenerator<FitEvent> {
  const lengths = examples.map(({ example }) => example.ids.length);
  const order = batchOrder(lengths, settings.batchSize, seed, { epoch: 0, batch: 0 }, true);
  const { steps } = settings;
  for (let passed = 0; passed < after; passed++) order.next();
  for (let at = after + 1; at <= steps; at++) {
    const batch = mixedBatch(
      order.next().map(i => examples[i]!),
      count,
    );
    const losses = await step(batch, hyperVector(settings, learningRate(settings, at, steps), at));
    if (!losses.every(Number.isFinite))
      throw new WorkbenchError(
        'runtime',
        `the loss of the merge is ${losses.join(', ')} at step ${at}; nothing was written`,
        'Is one of the experts damaged? Ask it something.',
      );
    yield { step: at, steps, losses };
  }
}

/** The shapes of the batches of an epoch, for a plan of memory. */
export function fitShapes(
  examples: OwnedExample[],
  count: number,
  { batchSize, steps }: Pick<FitSettings, 'batchSize' | 'steps'>,
  seed: number,
): BatchShape[] {
  const lengths = examples.map(({ example }) => example.ids.length);
  const order = batchOrder(lengths, batchSize, seed, { epoch: 0, batch: 0 }, true);
  return Array.from({ length: Math.min(steps, Math.ceil(examples.length / batchSize)) }, () => {
    const {
      rows: B,
      length: T,
      labels,
      tokens,
    } = mixedBatch(
      order.next().map(i => examples[i]!),
      count,
    );
    return { B, T, M: labels.length, tokens };
  });
}

/** Rows of several experts; each trained token weighs the same. */
export function mixedBatch(rows: OwnedExample[], count: number): Batch {
  const all = trainedTokens(rows.map(({ example }) => example));
  const parts = Array.from({ length: count }, (_, expert) => {
    const examples = rows.filter(row => row.expert === expert).map(({ example }) => example);
    return { expert, scaling: 1, examples, share: trainedTokens(examples) / all };
  });
  return assembleBatch(
    parts.filter(({ examples }) => examples.length > 0),
    count,
  );
}
