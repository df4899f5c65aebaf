import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Example } from '../data/example.ts';
import { MAX_FILE_BYTES, tooLarge } from '../data/limits.ts';
import type { DataReading } from '../data/parseDataset.ts';
import { encodeByForm } from '../nn/tokenizer/encodeByForm.ts';
import { type Problem, WorkbenchError } from '../protocol/errors.ts';
import type { GenerationSettings, TrainingSettings } from '../recipe/schema.ts';
import type { Base } from './base.ts';
import { readBytes } from './files.ts';
import { hubCacheFolder } from './hubCache.ts';
import { findData } from './hubDatasets.ts';
import { parseDataFiles } from './parseDataFile.ts';

/** Reads a dataset. Throws as readDataset does. */
export async function readExamples(folder: string, file: string, reading?: DataReading): Promise<Example[]> {
  return (await readDataset(folder, file, reading)).examples;
}

/** A dataset, with what of it is not used as it is written: warnings. */
export interface ReadData {
  examples: Example[];
  warnings: Problem[];
}

/**
 * Reads a dataset, with what of it is not used as it is written, as warnings. Throws `notFound`, or `badData` with file,
 * line and field of every problem.
 */
export async function readDataset(folder: string, file: string, reading?: DataReading): Promise<ReadData> {
  const path = resolve(folder, file);
  const { files, dataset } = findData(folder, file);
  if (files.length === 0)
    throw new WorkbenchError(
      'notFound',
      `the dataset '${file}' is neither a file (${path}) nor in the Hugging Face cache (${hubCacheFolder()})`,
      `Get it with: multi-lora get --dataset ${file}`,
    );
  const sizes = await Promise.all(files.map(async f => (await stat(f).catch(() => undefined))?.size ?? 0));
  const size = sizes.reduce((sum, s) => sum + s, 0);
  if (size > MAX_FILE_BYTES) throw new WorkbenchError('badData', `${dataset ? file : path}: ${tooLarge(size)}`);
  const bytes: Uint8Array[] = [];
  for (const each of files) bytes.push(await readBytes(each, 'the dataset'));
  const kind = dataset ? files[0]!.replace(/^.*[\\/]/, '') : file;
  const { examples, problems } = parseDataFiles(bytes, file, { plainName: kind, ...reading });
  const errors = problems.filter(p => p.severity === 'error');
  if (errors.length > 0)
    throw badData(
      path,
      errors.map(p => ({ ...p, where: dataset ? p.where : resolve(folder, p.where) })),
    );
  return { examples, warnings: problems.filter(p => p.severity === 'warning') };
}

/** The error of a dataset, with its first problems. */
export function badData(path: string, problems: Problem[]): WorkbenchError {
  const shown = problems.slice(0, 10).map(p => `  ${p.message}`);
  const more = problems.length > shown.length ? [`  … and ${problems.length - shown.length} more`] : [];
  return new WorkbenchError('badData', `${path} has problems:\n${[...shown, ...more].join('\n')}`, undefined, problems);
}

/** An example in the tokens that training reads, and which of them it learns. */
export function encodeForTraining(
  base: Base,
  example: Example,
  settings: Pick<TrainingSettings, 'maxLength' | 'lossOn'> & Partial<Pick<GenerationSettings, 'thinking'>>,
) {
  const { lossOn, thinking } = settings;
  return encodeByForm(base.text(), example, { maxLength: longestExample(base, settings), lossOn, thinking });
}

/** In tokens: no more than the base reads. */
export function longestExample({ config }: Base, { maxLength }: Pick<TrainingSettings, 'maxLength'>): number {
  return Math.min(maxLength, config.maxLength);
}
