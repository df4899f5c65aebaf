import * as z from 'zod/mini';
import { anyNumber } from './contract.ts';
import { mergeFitSchema } from './mergeFit.ts';
import { reportScore } from './report.ts';
import { routeSchema } from './route.ts';
import { runStates } from './runState.ts';
import { weightsSchema as weights } from './target.ts';

const state = z.enum(runStates);
const point = { step: z.number(), loss: anyNumber };

const train = z.object({
  kind: z.literal('train'),
  state,
  experts: z.array(z.string()),
  /** The other machine that trains. */
  on: z.optional(z.string()),
  step: z.number(),
  /** 0 until the first step has been taken. */
  steps: z.number(),
  tokensPerSecond: z.optional(z.number()),
  secondsLeft: z.optional(z.number()),
  /** What the engine does before the first step. */
  message: z.optional(z.string()),
  /** Folders in which what the experts had learned before is kept. */
  kept: z.optional(z.array(z.string())),
  curves: z.array(
    z.object({
      expert: z.string(),
      train: z.array(z.object({ ...point, learningRate: z.number() })),
      validation: z.array(z.object(point)),
    }),
  ),
});

/** An answer, whole or as far as it has come. */
const answer = z.object({
  text: z.string(),
  /** Whom the router chose, where it was asked. */
  route: z.optional(routeSchema),
  /** What is known when the answer is whole. */
  result: z.optional(
    z.object({
      finish: z.enum(['stop', 'length', 'cancelled', 'context', 'repeats']),
      weights,
      answerTokens: z.number(),
      seconds: z.number(),
    }),
  ),
});

const ask = z.object({ kind: z.literal('ask'), answer });

const blend = z.object({
  kind: z.literal('blend'),
  answers: z.array(z.object({ blend: z.string(), weights, answer })),
});

const merge = z.object({
  kind: z.literal('merge'),
  name: z.string(),
  method: z.string(),
  weights,
  rank: z.number(),
  /** Against the exact weighted sum, Frobenius norm over all layers; null where that sum is 0. */
  relativeError: z.nullable(z.number()),
  /** Where it was written, relative to the recipe. */
  path: z.string(),
  /** Of a method that is fitted to data. */
  fit: z.optional(mergeFitSchema),
});

const evaluate = z.object({
  kind: z.literal('evaluate'),
  state,
  /** What is measured now. */
  progress: z.optional(z.object({ message: z.string(), done: z.number(), total: z.number() })),
  sets: z.array(z.object({ name: z.string(), expert: z.optional(z.string()), examples: z.number() })),
  rows: z.array(
    z.object({
      system: z.string(),
      kind: reportScore.shape.kind,
      /** One per set; null where the system was not asked. */
      cells: z.array(
        z.nullable(z.object({ correct: z.number(), total: z.number(), low: z.number(), high: z.number() })),
      ),
    }),
  ),
  /** The report's file, relative to the recipe. */
  path: z.optional(z.string()),
});

/** A definition with all its defaults, or what is wrong with it. */
const check = z.object({
  kind: z.literal('check'),
  problems: z.array(z.string()),
  values: z.record(z.string(), z.unknown()),
});

export const stepOutput = z.discriminatedUnion('kind', [train, ask, blend, merge, evaluate, check]);

export type StepOutput = z.infer<typeof stepOutput>;
export type TrainOutput = z.infer<typeof train>;
export type StepAnswer = z.infer<typeof answer>;
export type AskOutput = z.infer<typeof ask>;
export type BlendOutput = z.infer<typeof blend>;
export type MergeOutput = z.infer<typeof merge>;
export type EvaluateOutput = z.infer<typeof evaluate>;
export type CheckOutput = z.infer<typeof check>;

/** How a step stands, for people. */
export const stateWords: Record<TrainOutput['state'], string> = {
  running: 'Training',
  done: 'Trained',
  paused: 'Paused',
  stopped: 'Stopped',
  interrupted: 'Interrupted',
  failed: 'Failed',
};
