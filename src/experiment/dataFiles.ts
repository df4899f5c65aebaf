import { resolve } from 'node:path';
import type { Example } from '../data/example.ts';
import { parseDataset } from '../data/parseDataset.ts';
import { encodeExample } from '../nn/tokenizer/encodeExample.ts';
import type { EncodedExample } from '../nn/train/assembleBatch.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import type { TrainingSettings } from '../recipe/schema.ts';
import type { Base } from './base.ts';
import { readText } from './files.ts';

/** Reads a dataset. Throws `notFound`, or `badData` with file, line and field of every problem. */
export async function readExamples(folder: string, file: string): Promise<Example[]> {
  const path = resolve(folder, file);
  const { examples, problems } = parseDataset(await readText(path, 'the dataset'), file);
  const errors = problems.filter(p => p.severity === 'error');
  if (errors.length > 0) {
    const shown = errors.slice(0, 10).map(p => `  ${p.message}`);
    const more = errors.length > shown.length ? [`  … and ${errors.length - shown.length} more`] : [];
    const placed = errors.map(p => ({ ...p, where: resolve(folder, p.where) }));
    throw new WorkbenchError('badData', `${path} has problems:\n${[...shown, ...more].join('\n')}`, undefined, placed);
  }
  return examples;
}

/** Tokenises examples for training. Throws `badData` when nothing of an answer would be learned from any of them. */
export function encodeExamples(
  base: Base,
  examples: Example[],
  settings: TrainingSettings,
  file: string,
): EncodedExample[] {
  const maxLength = longestExample(base, settings);
  const encoded = examples.map(example => encodeForTraining(base, example, settings));
  const usable = encoded.filter(e => e.lossTokens > 0);
  if (usable.length === 0)
    throw new WorkbenchError(
      'badData',
      `${file}: no example has an answer within the first ${maxLength} tokens`,
      'Raise maxLength, or shorten the prompts.',
    );
  return usable;
}

/** An example in the tokens that training reads, and which of them it learns. */
export function encodeForTraining(base: Base, { messages }: Example, settings: TrainingSettings) {
  const { tokenizer, chatTemplate } = base.text();
  const { lossOn } = settings;
  return encodeExample(tokenizer, chatTemplate, messages, { maxLength: longestExample(base, settings), lossOn });
}

/** In tokens: no more than the base reads. */
export function longestExample({ config }: Base, { maxLength }: TrainingSettings): number {
  return Math.min(maxLength, config.maxLength);
}
