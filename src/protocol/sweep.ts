import * as z from 'zod/mini';
import { anyNumber } from './contract.ts';

const rate = z.number().check(z.positive());

/** A training of some steps with one learning rate and one rank. */
const sweepPoint = z.object({
  learningRate: rate,
  rank: z.int().check(z.minimum(1)),
  /** Validation loss after the last step: mean negative log-likelihood per trained token, in nats. */
  loss: anyNumber,
  /** The same of each validation example; none where the training ended before. */
  losses: z.array(anyNumber),
  /** Of the last step's batch. */
  trainLoss: anyNumber,
  /** Steps that were taken: fewer where a loss was infinite or no number. */
  steps: z.int(),
  /** The loss is infinite, no number, or above the one before training. */
  diverged: z.boolean(),
  tokensPerSecond: anyNumber,
  /** With the validation. */
  seconds: z.number(),
});

/** Trainings of one expert that differ in learning rate and rank alone, compared by what they leave to learn. */
export const sweepSchema = z.object({
  version: z.literal(1),
  recipe: z.string(),
  expert: z.string(),
  /** The base as the recipe names it. */
  base: z.string(),
  seed: z.int(),
  /** Optimiser steps of each point; the schedule is that of a run of these. */
  steps: z.int(),
  /** What 'auto' takes on this base. */
  autoRate: rate,
  /** Of the scaling alpha / rank, the same for all. */
  alpha: z.number(),
  trainExamples: z.int(),
  /** Trained tokens of each validation example. */
  validationTokens: z.array(z.int()),
  /** They were set aside from the training data, because the recipe names none. */
  isSetAside: z.boolean(),
  /** Validation loss of the base alone. */
  startLoss: anyNumber,
  /** By rank, then by rate. */
  points: z.array(sweepPoint),
});

const progressed = { learningRate: rate, rank: z.int(), point: z.int(), points: z.int() };

/** What a sweep tells while it goes on. */
export const sweepEvent = z.discriminatedUnion('type', [
  /** Before the first step. */
  z.object({
    type: z.literal('planned'),
    expert: z.string(),
    rates: z.array(rate),
    ranks: z.array(z.int()),
    steps: z.int(),
    /** Points that were asked for, and those of them that an earlier sweep has done. */
    points: z.int(),
    done: z.int(),
    trainExamples: z.int(),
    validationExamples: z.int(),
    isSetAside: z.boolean(),
    /** Of the points that are left, as `plan` predicts them; unknown of another machine. */
    seconds: z.optional(z.number()),
    /** The engine's process at its peak. */
    totalBytes: z.optional(z.number()),
    /** What of the data is not learned as it is written. */
    notes: z.array(z.string()),
  }),
  z.object({
    type: z.literal('step'),
    /** The point's place among those asked for, from 1. */
    ...progressed,
    step: z.int(),
    steps: z.int(),
    loss: anyNumber,
    tokensPerSecond: anyNumber,
    /** Of the whole sweep; elsewhere of this point. */
    secondsLeft: anyNumber,
    residentBytes: z.number(),
  }),
  z.object({ type: z.literal('point'), ...progressed, ...z.omit(sweepPoint, { losses: true }).shape }),
  /** What trains it elsewhere has failed at this point; the others are left as they are. */
  z.object({ type: z.literal('failed'), learningRate: rate, rank: z.int(), message: z.string() }),
  /** Stopped on request; the points that were done are on disk. */
  z.object({ type: z.literal('cancelled'), done: z.int(), points: z.int() }),
]);

export type Sweep = z.infer<typeof sweepSchema>;
export type SweepPoint = z.infer<typeof sweepPoint>;
export type SweepEvent = z.infer<typeof sweepEvent>;
