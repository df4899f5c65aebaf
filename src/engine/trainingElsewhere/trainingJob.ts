import type { Experiment } from '../../experiment/experiment.ts';
import { ignoreLabel } from '../../nn/tokenizer/encodeExample.ts';
import type { EncodedExample } from '../../nn/train/assembleBatch.ts';
import { dataOrder } from '../../nn/train/trainLoop.ts';
import type { BaseTrainingSettings } from '../../recipe/schema.ts';
import type { PreparedExpert } from '../training/prepareExpert.ts';
import type { PackagedBase } from './packagedBase.ts';

/** In `job.json`: what carries it was exported, and can be exported again. */
export const jobMark = 'training job';

/** What `job.json` says: all that the script beside it follows, apart from rows and factors. */
export interface TrainingJobFile {
  'multi-lora': typeof jobMark;
  /** Of the recipe. */
  name: string;
  seed: number;
  base: PackagedBase['place'];
  baseHash: string;
  experts: Record<string, JobExpert>;
}

interface JobExpert {
  /** Optimiser steps, and the batches that they are made of. */
  steps: number;
  batches: number;
  settings: BaseTrainingSettings;
  trainExamples: number;
  /** SHA-256 of the encoded examples. */
  dataHash: string;
  /** Of a sweep: in place of one training, short ones that are measured and not kept. */
  points?: JobPoint[];
  /** Of a sweep: the base alone is measured too. */
  measuresBase?: boolean;
}

interface JobPoint {
  learningRate: number;
  rank: number;
  /** The folder of its first factors, beside the rows. */
  start: string;
}

/** The job of prepared experts. */
export function trainingJob(
  { name, recipe }: Pick<Experiment, 'name' | 'recipe'>,
  prepared: readonly PreparedExpert[],
  base: PackagedBase['place'],
  baseHash: string,
): TrainingJobFile {
  const experts = prepared.map(({ job, settings, dataHash }): [string, JobExpert] => {
    const { steps, batches = steps * settings.accumulation } = job;
    return [job.name, { steps, batches, settings, trainExamples: job.train.length, dataHash }];
  });
  return { 'multi-lora': jobMark, name, seed: recipe.seed, base, baseHash, experts: Object.fromEntries(experts) };
}

/** The rows of every batch of an expert's training, in the order in which the engine would draw them. */
export function* batchLines({ job }: PreparedExpert, seed: number): Generator<string> {
  const order = dataOrder(job, seed, { epoch: 0, batch: 0 });
  const { steps, batches = steps * job.settings.accumulation } = job;
  for (let i = 0; i < batches; i++) yield `${JSON.stringify(order.next())}\n`;
}

/**
 * Tokenised rows as transformers' trainers read them: `input_ids`, `attention_mask` and `labels`. The first token has no label,
 * because nothing predicts it.
 */
export function* rowLines(examples: readonly EncodedExample[]): Generator<string> {
  for (const example of examples) {
    const labels = Array.from(example.labels);
    labels[0] = ignoreLabel;
    yield `${JSON.stringify({ input_ids: [...example.ids], attention_mask: labels.map(() => 1), labels })}\n`;
  }
}
