/** A thread of the engine that tokenises parts of a dataset. */
import { parentPort, workerData } from 'node:worker_threads';
import { type BaseText, readBaseText } from '../../experiment/base.ts';
import { type ErrorCode, WorkbenchError } from '../../protocol/errors.ts';
import {
  type Conversation,
  type EncodedExamples,
  type EncodingSettings,
  encodeEach,
  isRefused,
  joinExamples,
  type RefusedExample,
  type TokenizedExample,
} from './encodedExamples.ts';

/** What a thread is started with. */
export interface EncodeThreadData {
  source: BaseText['source'];
  settings: EncodingSettings;
}

/** A part of a dataset, and what comes back of it. */
export interface EncodePart {
  part: number;
  examples: Conversation[];
}

export type EncodedPart =
  | { part: number; encoded: EncodedExamples; refused: RefusedExample[] }
  /** The base's own files are wrong. */
  | { part: number; error: { code: ErrorCode; message: string; hint?: string } };

const { source, settings } = workerData as EncodeThreadData;
const text = readBaseText(source.folder, source.rows);

parentPort?.on('message', async ({ part, examples: all }: EncodePart) => {
  try {
    const known = (await text)!;
    const examples: TokenizedExample[] = [];
    const refused: RefusedExample[] = [];
    for (const each of encodeEach(known, all, settings)) isRefused(each) ? refused.push(each) : examples.push(each);
    const encoded = joinExamples(examples);
    const answer: EncodedPart = { part, encoded, refused };
    const { heads, ids, labels } = encoded;
    parentPort!.postMessage(answer, [heads.buffer, ids.buffer, labels.buffer] as ArrayBuffer[]);
  } catch (error) {
    if (!(error instanceof WorkbenchError)) throw error;
    const { code, message, hint } = error;
    parentPort!.postMessage({ part, error: { code, message, ...(hint && { hint }) } } satisfies EncodedPart);
  }
});
