import * as z from 'zod/mini';
import { anyNumber, nothing, type ViewApi } from '../contract.ts';
import * as engine from '../engine/training.ts';
import { runStates } from '../runState.ts';

const path = z.array(z.union([z.string(), z.int()]));

/** How a setting is asked for. */
const control = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('number'),
    isWhole: z.boolean(),
    min: z.optional(z.number()),
    max: z.optional(z.number()),
  }),
  z.object({ kind: z.literal('flag') }),
  /** `orNumber`: what is typed as a number is one. */
  z.object({ kind: z.literal('text'), offers: z.array(z.string()), orNumber: z.optional(z.boolean()) }),
  z.object({
    kind: z.literal('choice'),
    options: z.array(z.object({ value: z.union([z.string(), z.boolean()]), text: z.optional(z.string()) })),
  }),
  /** A table or a list of numbers, written as JSON. */
  z.object({ kind: z.literal('json'), example: z.string() }),
  /** One word for all, or some of these. */
  z.object({ kind: z.literal('some'), all: z.string(), offers: z.array(z.string()) }),
]);

const field = z.object({
  /** Where in the recipe it is written. */
  path,
  label: z.string(),
  help: z.string(),
  control,
  /** As it is written, or else what holds; absent where nothing does. */
  value: z.optional(z.unknown()),
  /** What holds where it is not written: the default, or what the recipe says for all experts. */
  otherwise: z.optional(z.unknown()),
  isWritten: z.boolean(),
  problem: z.optional(z.string()),
});

/** Settings of all experts, or of one. */
const scope = z.object({
  expert: z.optional(z.string()),
  sections: z.array(z.object({ title: z.string(), isRare: z.boolean(), fields: z.array(field) })),
});

const form = z.object({
  scopes: z.array(scope),
  /** Those that can be trained. */
  experts: z.array(z.string()),
  /** What is wrong with the recipe beside the fields; without scopes it cannot be read. */
  problems: z.array(z.string()),
  /** It can be trained. */
  isValid: z.boolean(),
  isSaved: z.boolean(),
});

const plan = z.extend(
  z.pick(engine.plan, {
    device: true,
    memory: true,
    totalBytes: true,
    budgetBytes: true,
    isLimit: true,
    fits: true,
    arithmetic: true,
    widensAtUse: true,
    halfActivations: true,
    recompute: true,
    isRecomputeChosen: true,
    totalBytesWithout: true,
    fitted: true,
    notes: true,
  }),
  {
    base: z.object({ architecture: z.string(), parameters: z.number() }),
    experts: z.array(
      z.extend(engine.plannedExpert, {
        /** The learning rate over the steps. */
        rates: z.array(z.object({ step: z.int(), rate: z.number() })),
      }),
    ),
    time: z.pick(engine.plannedTime, { steps: true, secondsPerStep: true, padding: true, seconds: true }),
  },
);

const preview = engine.trainingRequests.previewData.result;

const run = z.object({
  id: z.string(),
  experts: z.array(z.string()),
  /** The other machine that trains. */
  on: z.optional(z.string()),
  state: z.enum(runStates),
  startedAt: z.number(),
  /** What its engine is doing, and how far it is. */
  progress: z.optional(z.object({ message: z.string(), done: z.number(), total: z.number() })),
  message: z.optional(z.string()),
  /** This window's engine runs it. */
  isHere: z.boolean(),
  /** It has not come to its end. */
  canResume: z.boolean(),
});

const point = z.object({ step: z.int(), loss: anyNumber });

/** What became of a run so far, or what has come since. */
const progress = z.object({
  run: z.string(),
  /** The curves begin anew; else these are the points that came since. */
  isWhole: z.boolean(),
  experts: z.array(
    z.object({
      name: z.string(),
      train: z.array(point),
      validation: z.array(point),
      rates: z.array(z.object({ step: z.int(), rate: z.number() })),
    }),
  ),
  /** The last step's; absent before the first. */
  last: z.optional(
    z.object({
      step: z.int(),
      steps: z.int(),
      tokensPerSecond: anyNumber,
      secondsLeft: anyNumber,
      residentBytes: z.number(),
    }),
  ),
  /** The last step of which everything is on disk. */
  checkpoint: z.optional(z.int()),
});

export type FormField = z.infer<typeof field>;
export type FieldControl = z.infer<typeof control>;
export type FormScope = z.infer<typeof scope>;
export type TrainingForm = z.infer<typeof form>;
export type TrainingPlan = z.infer<typeof plan>;
export type DataPreview = z.infer<typeof preview>;
export type ShownRun = z.infer<typeof run>;
export type RunProgressed = z.infer<typeof progress>;
export type ShownCheckpoint = z.infer<typeof engine.keptCheckpoint>;

const loaded = z.object({
  recipe: z.string(),
  form,
  runs: z.array(run),
});

const ofRun = z.object({ run: z.string() });
/** A run that was begun; none where what experts have learned is not to be replaced. */
const begun = z.object({ run: z.optional(z.string()) });

/** The training view's messages. */
export const trainingApi = {
  toHost: {
    requests: {
      load: { params: nothing, result: loaded },
      /** Writes a setting into the recipe's document; without a value it is taken out. */
      edit: { params: z.object({ path, value: z.optional(z.unknown()) }), result: nothing },
      save: { params: nothing, result: nothing },
      /** Shows the recipe's text, at a part of it. */
      openRecipe: { params: z.object({ path: z.optional(path) }), result: nothing },
      /** What training will take, by the document as it is now. */
      plan: { params: z.object({ experts: z.array(z.string()) }), result: plan },
      preview: { params: z.object({ expert: z.string(), rows: z.int() }), result: preview },
      /** Saves the recipe and begins a training, here or on another machine that the user is asked for. */
      start: { params: z.object({ experts: z.array(z.string()), isElsewhere: z.boolean() }), result: begun },
      /** Ends the run's work after the step under way, with a checkpoint; the run stays open. */
      pause: { params: ofRun, result: nothing },
      stop: { params: ofRun, result: nothing },
      resume: { params: ofRun, result: nothing },
      /** A run's curves; what comes after it is told by `progressed`. */
      follow: { params: ofRun, result: progress },
      checkpoints: { params: ofRun, result: z.object({ checkpoints: z.array(engine.keptCheckpoint) }) },
      /** A new run that goes on from a checkpoint of this one. */
      restore: { params: z.object({ run: z.string(), step: z.int() }), result: begun },
      /** Makes a checkpoint's factors the expert's adapter. */
      promote: {
        params: z.object({ run: z.string(), step: z.int(), expert: z.string(), isBest: z.boolean() }),
        result: z.object({ previous: z.optional(z.string()) }),
      },
    },
    notifications: {},
  },
  toView: {
    requests: {},
    notifications: {
      /** The recipe's document is another one. */
      form,
      runs: z.object({ runs: z.array(run) }),
      progressed: progress,
    },
  },
} as const satisfies ViewApi;
