import * as z from 'zod/mini';
import { arithmetics } from '../arithmetic.ts';
import { anyNumber, type Exchange } from '../contract.ts';
import { devices } from '../device.ts';
import { problemSchema } from '../problemSchema.ts';
import { runRecordSchema } from '../runRecord.ts';
import { trainEvent } from '../trainEvents.ts';
import { trainingForms } from '../trainingForm.ts';
import { trainingPlace } from '../trainingPlace.ts';
import { workProgress } from './source.ts';

/** A run has begun, or has come to its end: its record, and the folder in which it is kept. */
export const runProgress = z.object({ kind: z.literal('run'), folder: z.string(), record: runRecordSchema });

export const plannedExpert = z.object({
  name: z.string(),
  rank: z.int(),
  /** Linear layers that carry factors. */
  layers: z.int(),
  /** Trained numbers. */
  parameters: z.number(),
  examples: z.int(),
  tokensPerEpoch: z.number(),
  steps: z.int(),
  epochs: z.number(),
  /** At its peak. */
  learningRate: z.number(),
  /** The recipe leaves the rate to the base's width and family. */
  isRateAuto: z.boolean(),
  /** What of its data is not learned as it is written. */
  problems: z.array(problemSchema),
});

export const plannedTime = z.object({
  /** Of the expert that takes the most; experts of one run take theirs together. */
  steps: z.int(),
  /** Floating-point operations of matrix products, over all experts; those that are done a second time are left out. */
  operationsPerStep: z.number(),
  tokensPerStep: z.number(),
  /** The share of padding among the positions that are computed. */
  padding: z.number(),
  /** Floating-point operations a second in a large product, measured now. */
  matMulRate: z.number(),
  secondsPerStep: z.number(),
  seconds: z.number(),
});

/** What a merge, or gates of tokens, that are fitted to data will take, on the CPU. */
const plannedFit = z.object({
  name: z.string(),
  method: z.string(),
  /** That it reads, of all experts. */
  examples: z.int(),
  seconds: z.optional(z.number()),
  /** The engine's process at its peak. */
  totalBytes: z.optional(z.number()),
  /** Why these experts cannot be merged so. */
  problem: z.optional(z.string()),
});

/** Memory in bytes of the engine's process at its peak. */
export const plan = z.object({
  base: z.object({ folder: z.string(), architecture: z.string(), parameters: z.number() }),
  device: z.enum(devices),
  experts: z.array(plannedExpert),
  memory: z.object({
    /** The process with the runtime, before anything is opened. */
    process: z.number(),
    /** The base, as the compiled graphs hold it. */
    weights: z.number(),
    factors: z.number(),
    optimiser: z.number(),
    activations: z.number(),
    /** The compiled graphs themselves. */
    graphs: z.number(),
  }),
  totalBytes: z.number(),
  /** How products with the base are computed. */
  arithmetic: z.enum(arithmetics),
  /** Answers have theirs in 8 bits, on a base that may be held in any way. */
  answersInInt8: z.boolean(),
  /** The base's weights stay in 16 bits and are upcast for each product: on a GPU, and where they would not fit otherwise. */
  widensAtUse: z.boolean(),
  /** Activations are kept in half floats for the backward pass, on a GPU that has them. */
  halfActivations: z.boolean(),
  /** Gradient checkpointing … */
  recompute: z.boolean(),
  /** … because activations would not fit otherwise, and not because the recipe says so. */
  isRecomputeChosen: z.boolean(),
  /** Without what is chosen so that it fits. */
  totalBytesWithout: z.number(),
  /** What the process may take: the user's limit, or what the machine has free now. */
  budgetBytes: z.number(),
  isLimit: z.boolean(),
  fits: z.boolean(),
  /** Answering the longest prompt of the data with these experts. */
  answering: z.object({
    process: z.number(),
    weights: z.number(),
    factors: z.number(),
    cache: z.number(),
    activations: z.number(),
    /** What compiling takes beyond all that. */
    compiling: z.number(),
  }),
  time: plannedTime,
  /** What of the recipe is fitted to the data of these experts alone: merges, and gates of tokens. */
  fitted: z.array(plannedFit),
  /** What was assumed, in sentences. */
  notes: z.array(z.string()),
});

const previewedExample = z.object({
  /** With the chat template applied; half a character comes with its second half. */
  tokens: z.array(z.object({ text: z.string(), isTrained: z.boolean() })),
  /** Tokens beyond `maxLength`, which are cut off. */
  cut: z.int(),
});

export const keptCheckpoint = z.object({
  step: z.int(),
  /** Milliseconds since 1970. */
  savedAt: z.number(),
  bytes: z.number(),
  experts: z.array(
    z.object({
      name: z.string(),
      /** Its own; an expert may have fewer steps than its run. */
      step: z.int(),
      /** Mean of its last batches. */
      trainLoss: z.optional(anyNumber),
      /** Its lowest validation loss until then; those factors are in the checkpoint, too. */
      best: z.optional(z.object({ step: z.int(), loss: anyNumber })),
    }),
  ),
});

const trainProgress = z.discriminatedUnion('kind', [
  workProgress,
  runProgress,
  z.object({ kind: z.literal('event'), event: trainEvent }),
]);

const trainResult = z.object({
  /** False when it was cancelled; a checkpoint is on disk. */
  finished: z.boolean(),
  experts: z.array(z.object({ name: z.string(), adapter: z.string() })),
});

export const trainingRequests = {
  train: {
    params: z.object({
      recipe: z.string(),
      only: z.optional(z.array(z.string())),
      resume: z.boolean(),
      /** The run that goes on; a new one without it. */
      run: z.optional(z.string()),
      /** The checkpoint of another run that a new one begins with. */
      from: z.optional(z.object({ run: z.string(), step: z.int() })),
      /** Train although more than one answer in a hundred loses its end, or is left out. Refused without it. */
      allowCut: z.optional(z.boolean()),
    }),
    progress: trainProgress,
    result: trainResult,
    answersWhenCancelled: true,
  },
  /** Trains an expert on another machine. When this engine ends it goes on there, and `resume` comes back to it. */
  trainElsewhere: {
    params: z.object({
      recipe: z.string(),
      expert: z.string(),
      on: trainingPlace,
      resume: z.boolean(),
      /** The run that goes on; the last of this expert at this place without it. */
      run: z.optional(z.string()),
    }),
    progress: trainProgress,
    result: trainResult,
    answersWhenCancelled: true,
  },
  /** Makes what a script of an exported training has written a run of the recipe; what it still writes comes in as it goes on. */
  importRun: {
    params: z.object({
      recipe: z.string(),
      /** The results of one expert: `events.jsonl`, and at the end `adapter` and `done.json`. */
      folder: z.string(),
      expert: z.string(),
      /** Waits for the end of a training that goes on. */
      follow: z.boolean(),
    }),
    progress: trainProgress,
    result: trainResult,
    answersWhenCancelled: true,
  },
  /** The training of a recipe's experts as a folder that runs elsewhere. */
  exportTraining: {
    params: z.object({
      recipe: z.string(),
      /** All with training data without it. */
      only: z.optional(z.array(z.string())),
      to: z.enum(trainingForms),
      out: z.string(),
    }),
    progress: workProgress,
    result: z.object({
      folder: z.string(),
      experts: z.array(z.string()),
      /** What starts it, in that folder. */
      commands: z.array(z.string()),
      /** What of the recipe is otherwise there than here. */
      notes: z.array(z.string()),
    }),
  },
  /** What training a recipe will take; nothing is trained, and weights are not loaded. */
  plan: {
    params: z.object({
      recipe: z.string(),
      /** What the recipe says where it is not saved. */
      text: z.optional(z.string()),
      only: z.optional(z.array(z.string())),
    }),
    progress: workProgress,
    result: plan,
  },
  /** The first examples of an expert's training data as training reads them. */
  previewData: {
    params: z.object({
      recipe: z.string(),
      /** What the recipe says where it is not saved. */
      text: z.optional(z.string()),
      expert: z.string(),
      /** How many at most. */
      rows: z.int(),
    }),
    result: z.object({
      /** As the recipe names it. */
      file: z.string(),
      /** In the file. */
      examples: z.int(),
      /** In tokens: the recipe's, or the base's where that is shorter. */
      maxLength: z.int(),
      rows: z.array(previewedExample),
    }),
  },
  /** The checkpoints that a training has kept. */
  checkpoints: {
    params: z.object({
      recipe: z.string(),
      /** The last one that has kept any without it. */
      run: z.optional(z.string()),
    }),
    result: z.object({
      /** Absent where no run has kept any. */
      run: z.optional(z.string()),
      /** Newest first. */
      checkpoints: z.array(keptCheckpoint),
    }),
  },
  /** Makes the factors of a checkpoint an expert's adapter. */
  promote: {
    params: z.object({
      recipe: z.string(),
      run: z.string(),
      step: z.int(),
      expert: z.string(),
      /** Those of its best validation until then, instead of those of the step. */
      best: z.boolean(),
    }),
    result: z.object({
      adapter: z.string(),
      /** Where the adapter lies that was there before; absent where there was none. */
      previous: z.optional(z.string()),
    }),
  },
} as const satisfies Record<string, Exchange>;

export type TrainRequest = z.infer<typeof trainingRequests.train.params>;
export type TrainResult = z.infer<typeof trainingRequests.train.result>;
export type PlanResult = z.infer<typeof plan>;
export type PlannedFit = z.infer<typeof plannedFit>;
export type PlannedExpert = z.infer<typeof plannedExpert>;
export type PreviewedExample = z.infer<typeof previewedExample>;
export type KeptCheckpoint = z.infer<typeof keptCheckpoint>;
