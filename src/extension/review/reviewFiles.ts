import type { AskAllResult } from '../../protocol/engine/asking.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { addedLines, type DiffHunk, type NumberedLine } from '../../review/diffHunk.ts';
import { type Finding, parseFindings } from '../../review/findings.ts';
import { fitHunk } from '../../review/fitHunk.ts';
import { renderedLines } from '../../review/hunkPrompt.ts';
import type { ReviewTally } from '../../review/reviewSummary.ts';
import type { Experts } from '../ask/experts.ts';
import type { Reviewer } from './reviewer.ts';

/** A file's new lines, and what its code is called in a prompt. */
export interface ReviewedFile {
  path: string;
  code: string;
  hunks: DiffHunk[];
}

interface ReviewEngine {
  countTokens: Experts['countTokens'];
  /** The answers to prompts that are asked together. */
  ask(prompts: string[], maxTokens: number): Promise<AskAllResult['answers']>;
}

/** What is told while files are reviewed. */
interface ReviewListener<File> {
  /** So many new lines are about to be asked about, those of this file first. */
  onBatch(file: File, lines: number): void;
  /** False where the finding has no place any more. */
  onFinding(file: File, line: NumberedLine, finding: Finding): boolean;
}

/** A review under way. */
export interface Review<File> {
  reviewer: Reviewer;
  /** Tokens that prompt and answer have together. */
  window: number;
  engine: ReviewEngine;
  listener: ReviewListener<File>;
  signal: AbortSignal;
  /** Counts what comes of it. */
  tally: ReviewTally;
}

/** Tokens of a prompt, whatever the base could hold: what is far away is of little use, and takes long to read. */
const longestPrompt = 2048;
/** Of the window, what is kept for the answer. */
const answerShare = 1 / 3;
const longestAnswer = 512;
/** Prompts that are asked together: on small bases a token for sixteen costs little more than one for one. */
const mostPrompts = 16;
/** Tokens of prompts that are asked together; their keys and values take memory. */
const mostTokens = 8192;

/** Asks about the hunks of files, some at once; ends early when the signal aborts. */
export async function reviewFiles<File extends ReviewedFile>(files: File[], review: Review<File>): Promise<void> {
  const { tally, signal } = review;
  tally.files = files.length;
  tally.lines = files.flatMap(file => file.hunks).reduce((sum, hunk) => sum + addedLines(hunk).length, 0);
  const batchSize = Math.max(
    1,
    Math.min(mostPrompts, Math.floor(mostTokens / Math.min(review.window, longestPrompt + longestAnswer))),
  );
  const waiting: Piece<File>[] = [];
  for (const file of files) {
    for (const hunk of await piecesOf(file, review)) waiting.push({ file, hunk });
    while (waiting.length >= batchSize && !signal.aborted) await reviewBatch(waiting.splice(0, batchSize), review);
    if (signal.aborted) break;
  }
  if (waiting.length > 0 && !signal.aborted) await reviewBatch(waiting, review);
  tally.wasCancelled = signal.aborted;
}

/** Lines of a file that one prompt asks about. */
interface Piece<File> {
  file: File;
  hunk: DiffHunk;
}

function answerRoom(window: number): number {
  return Math.min(longestAnswer, Math.floor(window * answerShare));
}

/** The hunks of a file as they fit into prompts. */
async function piecesOf({ hunks, code }: ReviewedFile, review: Omit<Review<never>, 'listener'>): Promise<DiffHunk[]> {
  const { reviewer, window, engine, tally } = review;
  const frame = await engine.countTokens({ conversation: [{ role: 'user', content: reviewer.prompt([], code) }] });
  const room = Math.min(window - answerRoom(window), longestPrompt) - frame.conversation;
  if (room <= 0)
    throw new WorkbenchError(
      'badRequest',
      `The base's window of ${window} tokens has no room for code beside the instructions of a review.`,
      'Train a review expert, which needs none (examples/review), or use a base with a longer window.',
    );
  const texts = hunks.map(renderedLines);
  const { texts: tokens } = await engine.countTokens({ texts: texts.flat().map(line => `${line}\n`) });
  return hunks.flatMap((hunk, i) => {
    const own = tokens.splice(0, texts[i]!.length);
    const { pieces, tooLong } = fitHunk(hunk, own, room, reviewer.mostNew);
    tally.longLines += tooLong.length;
    if (own.reduce((sum, n) => sum + n, 0) > room) tally.cutHunks++;
    return pieces;
  });
}

async function reviewBatch<File extends ReviewedFile>(pieces: Piece<File>[], review: Review<File>): Promise<void> {
  const { reviewer, window, engine, listener } = review;
  listener.onBatch(
    pieces[0]!.file,
    pieces.reduce((sum, { hunk }) => sum + addedLines(hunk).length, 0),
  );
  const prompts = pieces.map(({ file, hunk }) => reviewer.prompt(hunk, file.code));
  const answers = await engine.ask(prompts, answerRoom(window));
  for (const [i, piece] of pieces.entries()) readAnswer(piece, answers[i]!, review);
}

function readAnswer<File>(
  { file, hunk }: Piece<File>,
  { text, finish }: AskAllResult['answers'][number],
  { listener, tally }: Review<File>,
): void {
  if (finish === 'cancelled') return;
  if (finish !== 'stop') tally.cutAnswers++;
  const lines = addedLines(hunk);
  const { findings, dropped } = parseFindings(text, lines.length);
  tally.reviewedLines += lines.length;
  tally.dropped += dropped;
  for (const finding of findings) {
    if (listener.onFinding(file, lines[finding.line - 1]!, finding)) tally.findings[finding.severity]++;
    else tally.moved++;
  }
}
