import * as z from 'zod/mini';
import { arithmetics } from './arithmetic.ts';
import { runKinds, runStates } from './runState.ts';
import { trainingPlace } from './trainingPlace.ts';

const progress = z.object({
  message: z.string(),
  done: z.number(),
  /** 0 where it is not known. */
  total: z.number(),
});

const result = z.object({
  /** Of a training. */
  adapters: z.optional(z.array(z.object({ name: z.string(), adapter: z.string() }))),
  /** Of an evaluation. */
  reportPath: z.optional(z.string()),
  htmlPath: z.optional(z.string()),
});

/**
 * What an engine tells of a run and keeps for other engines and later sessions: this as `run.json` of the run's folder,
 * every training event as a line of `events.jsonl`. Paths are absolute here, and in the file relative to its folder.
 */
export const runRecordSchema = z.object({
  id: z.string(),
  kind: z.enum(runKinds),
  /** The recipe's path. */
  recipe: z.string(),
  /** The experts that are trained. */
  experts: z.array(z.string()),
  /** The held-out sets that are evaluated; all of the recipe without it. */
  sets: z.optional(z.array(z.string())),
  state: z.enum(runStates),
  /** The engine that runs it. */
  pid: z.int().check(z.minimum(1)),
  /** Where a training goes on that does not go on here. */
  on: z.optional(trainingPlace),
  /** Milliseconds since 1970; `updatedAt` moves on while the engine lives. */
  startedAt: z.number(),
  updatedAt: z.number(),
  progress: z.optional(progress),
  /** Of a training: each expert's rate at its peak, where the recipe leaves it to the base too. */
  learningRates: z.optional(z.record(z.string(), z.number())),
  /** Of a training: how products with the base were computed. */
  arithmetic: z.optional(z.enum(arithmetics)),
  /** Of a training: the share of padding among the positions of its batches. */
  padding: z.optional(z.number()),
  /** Why it failed. */
  message: z.optional(z.string()),
  result: z.optional(result),
});

export type RunRecord = z.infer<typeof runRecordSchema>;
/** What of a training follows from base, data and machine. */
export type NotedSettings = Pick<RunRecord, 'learningRates' | 'arithmetic' | 'padding'>;
export type RunProgress = z.infer<typeof progress>;
export type RunResult = z.infer<typeof result>;

/** Reads a record's file; undefined where it is none. */
export function parseRunRecord(text: string): RunRecord | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { success, data } = z.safeParse(runRecordSchema, json);
  return success ? data : undefined;
}
