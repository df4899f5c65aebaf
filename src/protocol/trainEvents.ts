import * as z from 'zod/mini';
import { anyNumber } from './contract.ts';
import { problemSchema } from './problemSchema.ts';

const step = z.int();

const stepEvent = z.object({
  type: z.literal('step'),
  step,
  steps: z.int(),
  experts: z.record(z.string(), z.object({ loss: anyNumber, learningRate: z.number(), gradientNorm: anyNumber })),
  tokensPerSecond: anyNumber,
  secondsLeft: anyNumber,
  residentBytes: z.number(),
});

/** What a training run tells while it goes on; the command line, the notebook and the views all read these. */
export const trainEvent = z.discriminatedUnion('type', [
  /** Before the first step: what of an expert's data is not learned as it is written. */
  z.object({ type: z.literal('data'), step, expert: z.string(), problems: z.array(problemSchema) }),
  /** Before the first step: gradient checkpointing is on, because training would not fit into memory otherwise. */
  z.object({
    type: z.literal('recompute'),
    /** Steps that were taken before, by a run that this one goes on from. */
    step,
    /** Predicted memory of the engine's process, and what it would be without. */
    bytes: z.number(),
    bytesWithout: z.number(),
    /** What it may take. */
    budgetBytes: z.number(),
  }),
  stepEvent,
  z.object({
    type: z.literal('validation'),
    /** The expert's own step. */
    step,
    expert: z.string(),
    /** Mean negative log-likelihood per trained token, in nats. */
    loss: anyNumber,
    /** The lowest so far; these factors are kept. */
    best: z.boolean(),
    /** The expert's patience is used up. */
    stopped: z.boolean(),
  }),
  /** Everything up to this step is on disk. */
  z.object({ type: z.literal('checkpoint'), step }),
  /** Stopped on request; a checkpoint of this step is on disk. */
  z.object({ type: z.literal('cancelled'), step }),
  /** All experts have taken their steps. */
  z.object({ type: z.literal('trained'), step }),
]);

/** Reads a line of a run's events; undefined where it is none: an engine may not have come to finish it. */
export function parseTrainEvent(line: string): TrainEvent | undefined {
  let json: unknown;
  try {
    json = line === '' ? undefined : JSON.parse(line);
  } catch {
    return undefined;
  }
  return z.safeParse(trainEvent, json).data;
}

export type TrainEvent = z.infer<typeof trainEvent>;
export type TrainStepEvent = z.infer<typeof stepEvent>;
