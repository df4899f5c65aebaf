import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Example } from '../../data/example.ts';
import type { Base } from '../../experiment/base.ts';
import { badData, longestExample } from '../../experiment/dataFiles.ts';
import type { WorkWatch } from '../../experiment/workWatch.ts';
import { noFillTokens } from '../../nn/tokenizer/fillPrompt.ts';
import { fillTokens } from '../../nn/tokenizer/fillTokens.ts';
import { cutExamples, learningProblems } from '../../nn/tokenizer/learningProblems.ts';
import type { EncodedExample } from '../../nn/train/assembleBatch.ts';
import { type Problem, WorkbenchError } from '../../protocol/errors.ts';
import type { GenerationSettings, TrainingSettings } from '../../recipe/schema.ts';
import { encodingKey, keepEncoded, readEncoded } from './encodedCache.ts';
import {
  type EncodingSettings,
  encodeEach,
  isRefused,
  joinExamples,
  type RefusedExample,
  splitExamples,
  type TokenizedExample,
} from './encodedExamples.ts';
import { encodeInThreads, threadsFor } from './encodeInThreads.ts';

/** Examples of a dataset as training reads them, and what of them is not learned as it is written. */
export interface EncodedData {
  examples: (EncodedExample & { line: number })[];
  /** Warnings. */
  problems: Problem[];
  /** Share of all examples whose answer loses its end, or is lost. */
  cutShare: number;
}

/** Where a dataset is, and where what is made of it may be kept. */
export interface EncodingPlace {
  folder: string;
  file: string;
  cacheFolder?: string;
}

/**
 * Tokenises examples for training. Throws `badData`, with file and line, for examples that the base's chat template
 * cannot write, and when nothing of an answer would be learned from any of them.
 */
export async function encodeData(
  base: Base,
  examples: Example[],
  settings: TrainingSettings & Pick<GenerationSettings, 'thinking'>,
  { folder, file, cacheFolder }: EncodingPlace,
  watch?: WorkWatch,
): Promise<EncodedData> {
  const path = resolve(folder, file);
  checkFills(base, examples, file);
  const maxLength = longestExample(base, settings);
  const { lossOn, thinking } = settings;
  const results = await encodeOrRead(base, examples, { maxLength, lossOn, thinking }, cacheFolder, watch);
  const refused = results.filter(isRefused);
  if (refused.length > 0)
    throw badData(
      path,
      refused.map(({ index, message: reason, hint }) => {
        const { line } = examples[index]!;
        const told = `${file}:${line}: ${reason}`;
        const message = hint ? `${told.replace(/\.?$/, '.')} ${hint}` : told;
        return { code: 'refusedExample', severity: 'error', where: `${path}:${line}`, message };
      }),
    );
  const encoded = (results as TokenizedExample[]).map((e, i) => ({ ...e, line: examples[i]!.line }));
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
    problems: learningProblems(encoded, file, { maxLength, longest: base.config.maxLength, thinking }),
    cutShare: (dropped.length + cut.length) / examples.length,
  };
}

/** Throws `unsupported`, with the first place, for gaps that the base has no tokens for. */
function checkFills(base: Base, examples: readonly Example[], file: string): void {
  const gap = examples.find(example => example.fill);
  if (!gap || fillTokens(base.text().tokenizer)) return;
  const { message, hint } = noFillTokens();
  throw new WorkbenchError(
    'unsupported',
    `${file}:${gap.line} is a gap to be filled: ${message} (${base.folder})`,
    hint,
  );
}

/** Fewer are tokenised in less time than it takes to keep them. */
const fewestKept = 2_000;

async function encodeOrRead(
  base: Base,
  examples: Example[],
  settings: EncodingSettings,
  cacheFolder: string | undefined,
  watch?: WorkWatch,
): Promise<(TokenizedExample | RefusedExample)[]> {
  const text = base.text();
  const isKept = cacheFolder !== undefined && examples.length >= fewestKept;
  const key = isKept && encodingKey(text, examples, settings);
  const known = key && (await readEncoded(cacheFolder!, key));
  if (known) return [...splitExamples(known)];
  const threads = threadsFor(examples.length);
  const encoded =
    threads > 0
      ? await encodeInThreads(examples, { source: text.source, settings }, threads, watch)
      : await encodeHere(base, examples, settings, watch);
  if (key && !encoded.some(isRefused))
    await keepEncoded(cacheFolder!, key, joinExamples(encoded as TokenizedExample[]));
  return encoded;
}

/** Milliseconds for which tokenising holds the thread; then the process hears what is asked of it. */
const longestStretch = 100;

async function encodeHere(
  base: Base,
  examples: Example[],
  settings: EncodingSettings,
  watch?: WorkWatch,
): Promise<(TokenizedExample | RefusedExample)[]> {
  const results: (TokenizedExample | RefusedExample)[] = [];
  let rested = performance.now();
  for (const encoded of encodeEach(base.text(), examples, settings)) {
    results.push(encoded);
    if (performance.now() - rested <= longestStretch) continue;
    watch?.progress?.(results.length, examples.length);
    await setImmediate();
    watch?.signal?.throwIfAborted();
    rested = performance.now();
  }
  return results;
}
