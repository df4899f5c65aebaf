import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Example } from '../data/example.ts';
import { MAX_FILE_BYTES, tooLarge } from '../data/limits.ts';
import { parseDataset } from '../data/parseDataset.ts';
import { encodeExample, type EncodedExample as TokenizedExample } from '../nn/tokenizer/encodeExample.ts';
import { cutExamples, learningProblems } from '../nn/tokenizer/learningProblems.ts';
import type { EncodedExample } from '../nn/train/assembleBatch.ts';
import { type Problem, WorkbenchError } from '../protocol/errors.ts';
import type { GenerationSettings, TrainingSettings } from '../recipe/schema.ts';
import type { Base } from './base.ts';
import { readBytes } from './files.ts';
import type { WorkWatch } from './workWatch.ts';

/** Reads a dataset. Throws as readDataset does. */
export async function readExamples(folder: string, file: string): Promise<Example[]> {
  return (await readDataset(folder, file)).examples;
}

/**
 * Reads a dataset, with what of it is not used as it is written, as warnings. Throws `notFound`, or `badData` with file,
 * line and field of every problem.
 */
export async function readDataset(folder: string, file: string): Promise<{ examples: Example[]; warnings: Problem[] }> {
  const path = resolve(folder, file);
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (size > MAX_FILE_BYTES) throw new WorkbenchError('badData', `${path}: ${tooLarge(size)}`);
  const { examples, problems } = parseDataset(await readBytes(path, 'the dataset'), file);
  const errors = problems.filter(p => p.severity === 'error');
  if (errors.length > 0)
    throw badData(
      path,
      errors.map(p => ({ ...p, where: resolve(folder, p.where) })),
    );
  return { examples, warnings: problems.filter(p => p.severity === 'warning') };
}

function badData(path: string, problems: Problem[]): WorkbenchError {
  const shown = problems.slice(0, 10).map(p => `  ${p.message}`);
  const more = problems.length > shown.length ? [`  … and ${problems.length - shown.length} more`] : [];
  return new WorkbenchError('badData', `${path} has problems:\n${[...shown, ...more].join('\n')}`, undefined, problems);
}

/** Milliseconds for which tokenising holds the thread; then the process hears what is asked of it. */
const longestStretch = 100;

/** Examples of a dataset as training reads them, and what of them is not learned as it is written. */
export interface EncodedData {
  examples: EncodedExample[];
  /** Warnings. */
  problems: Problem[];
  /** Share of all examples whose answer loses its end, or is lost. */
  cutShare: number;
}

/**
 * Tokenises examples for training. Throws `badData`, with file and line, for examples that the base's chat template
 * cannot write, and when nothing of an answer would be learned from any of them.
 */
export async function encodeExamples(
  base: Base,
  examples: Example[],
  settings: TrainingSettings & Pick<GenerationSettings, 'thinking'>,
  { folder, file }: { folder: string; file: string },
  watch?: WorkWatch,
): Promise<EncodedData> {
  const path = resolve(folder, file);
  const maxLength = longestExample(base, settings);
  const refused: Problem[] = [];
  const encoded: (TokenizedExample & { line: number })[] = [];
  let rested = performance.now();
  for (const [i, example] of examples.entries()) {
    if (performance.now() - rested > longestStretch) {
      watch?.progress?.(i, examples.length);
      await new Promise(resolve => setImmediate(resolve));
      watch?.signal?.throwIfAborted();
      rested = performance.now();
    }
    try {
      encoded.push({ ...encodeForTraining(base, example, settings), line: example.line });
    } catch (error) {
      if (!(error instanceof WorkbenchError) || error.code === 'badFile') throw error;
      const told = `${file}:${example.line}: ${error.message}`;
      const message = error.hint ? `${told.replace(/\.?$/, '.')} ${error.hint}` : told;
      refused.push({ code: 'refusedExample', severity: 'error', where: `${path}:${example.line}`, message });
    }
  }
  if (refused.length > 0) throw badData(path, refused);
  const usable = encoded.filter(e => e.lossTokens > 0);
  if (usable.length === 0)
    throw new WorkbenchError(
      'badData',
      `${file}: no example has an answer within the first ${maxLength} tokens`,
      'Raise maxLength, or shorten the prompts.',
    );
  const { dropped, cut } = cutExamples(encoded, maxLength);
  return {
    examples: usable,
    problems: learningProblems(encoded, file, {
      maxLength,
      longest: base.config.maxLength,
      thinking: settings.thinking,
    }),
    cutShare: (dropped.length + cut.length) / examples.length,
  };
}

/** An example in the tokens that training reads, and which of them it learns. */
export function encodeForTraining(
  base: Base,
  { messages }: Example,
  settings: TrainingSettings & Pick<GenerationSettings, 'thinking'>,
) {
  const { tokenizer, chatTemplate } = base.text();
  const { lossOn, thinking } = settings;
  const maxLength = longestExample(base, settings);
  return encodeExample(tokenizer, chatTemplate, messages, { maxLength, lossOn, thinking });
}

/** In tokens: no more than the base reads. */
export function longestExample({ config }: Base, { maxLength }: TrainingSettings): number {
  return Math.min(maxLength, config.maxLength);
}
