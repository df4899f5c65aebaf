import * as z from 'zod/mini';
import type { Exchange } from '../contract.ts';
import { devices } from '../device.ts';
import { quantizations } from '../quantization.ts';
import { weightsSchema } from '../target.ts';
import { source, workProgress } from './source.ts';

const device = z.enum(devices);

const describedBase = z.object({
  /** As the recipe or the request names it. */
  name: z.string(),
  folder: z.string(),
  architecture: z.string(),
  contextLength: z.int(),
  /** Its chat template writes tools and calls of them. */
  callsTools: z.boolean(),
  parameters: z.number(),
  /** Of its files. */
  bytes: z.number(),
  /** What answering with it takes, as it is stored. */
  memoryBytes: z.number(),
  /** Whether it has tokens for filling gaps. */
  fills: z.boolean(),
  /** Whether it was made to do what it is told: it has a chat template, and is not the one that is shipped. */
  followsInstructions: z.boolean(),
});

const describedAdapter = z.object({
  folder: z.string(),
  rank: z.int(),
  /** Of its files. */
  bytes: z.number(),
  /** It lies in the output folder: training wrote it, and can write it again. */
  isOwn: z.boolean(),
  /** Of a training here: SHA-256 of the base's weights, and the optimiser steps that were taken. */
  baseHash: z.optional(z.string()),
  steps: z.optional(z.int()),
});

const describedExpert = z.object({
  name: z.string(),
  domain: z.string(),
  description: z.optional(z.string()),
  isTrained: z.boolean(),
  /** It has data to be trained on. */
  isTrainable: z.boolean(),
  /** What its data shows that it can do; undefined without data, and where they cannot be read. */
  skills: z.optional(
    z.object({
      tasks: z.array(z.enum(['explain', 'document', 'writeTests', 'review'])),
      /** Programming languages that the data names. */
      languages: z.array(z.string()),
    }),
  ),
  /** Its data are gaps and what fills them. */
  fills: z.optional(z.boolean()),
  /** The adapter that answers; undefined where it is not trained, or cannot be read. */
  adapter: z.optional(describedAdapter),
});

const loaded = z.object({
  /** Undefined until a request needs one. */
  base: z.optional(z.object({ folder: z.string(), quantization: z.enum(['none', ...quantizations]), device })),
  adapters: z.array(z.object({ name: z.string(), folder: z.string() })),
  /** Memory of the factors. */
  bytes: z.number(),
});

const someExperts = z.object({ recipe: z.string(), experts: z.array(z.string()) });

export const expertRequests = {
  /** What can be asked: needs the base's configuration, not its weights. */
  describe: {
    params: z.object(source),
    result: z.object({
      name: z.string(),
      base: describedBase,
      /** Where an evaluation writes its report; without a recipe there is none. */
      report: z.optional(z.string()),
      /** Longest answer, in tokens, by the recipe's decoding settings. */
      maxTokens: z.int(),
      /** The engine that answers: `local`, or one of those elsewhere that the recipe names. */
      answering: z.string(),
      engines: z.array(z.object({ name: z.string(), url: z.string() })),
      experts: z.array(describedExpert),
      blends: z.array(z.object({ name: z.string(), weights: weightsSchema, isTrained: z.boolean() })),
      merges: z.array(
        z.object({
          name: z.string(),
          isMade: z.boolean(),
          /** Where its adapter lies, or will. */
          folder: z.string(),
        }),
      ),
    }),
  },
  loaded: { params: z.object({}), result: loaded },
  /** Makes the first answer of these experts a fast one. */
  load: { params: someExperts, progress: workProgress, result: loaded },
  /** Frees the memory of these experts' factors; nothing is started for it. */
  unload: { params: someExperts, result: loaded },
} as const satisfies Record<string, Exchange>;

/** Of the engine as a whole, whatever it is asked. */
export const engineNotifications = {
  /** For the user where it is a warning, else for the log. */
  notice: z.object({ level: z.enum(['info', 'warning']), message: z.string() }),
  /** What it keeps in memory is not what it was. */
  loaded,
};

export type DescribeResult = z.infer<typeof expertRequests.describe.result>;
export type DescribedBase = z.infer<typeof describedBase>;
export type DescribedAdapter = z.infer<typeof describedAdapter>;
export type DescribedExpert = z.infer<typeof describedExpert>;
/**
 * What the engine keeps in memory between requests: one compiled base, and the factors of the experts and merges that
 * were needed since. What is needed and not there is loaded by the request that needs it.
 */
export type Loaded = z.infer<typeof loaded>;
export type Notice = z.infer<typeof engineNotifications.notice>;
