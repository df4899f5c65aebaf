import type { AskAllResult } from '../../protocol/engine/asking.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { addedLines, type DiffHunk, type NumberedLine } from '../../review/diffHunk.ts';
import { type Finding, parseFindings } from '../../review/findings.ts';
import { fitHunk } from '../../review/fitHunk.ts';
import { hunkPrompt, renderedLines } from '../../review/hunkPrompt.ts';
import type { ReviewTally } from '../../review/reviewSummary.ts';
import type { SlipChoice } from '../../review/weighSlips.ts';
import type { Experts } from '../ask/experts.ts';
import type { Reviewer } from './reviewer.ts';
import { tellFinding } from './tellFinding.ts';
import { weighFile } from './weighFile.ts';

/** A file's new lines, all of its lines, and what its code is called in a prompt. */
export interface ReviewedFile {
  path: string;
  code: string;
  languageId: string;
  lines: readonly string[];
  hunks: DiffHunk[];
}

interface ReviewEngine {
  countTokens: Experts['countTokens'];
  /** The answers to prompts that are asked together. */
  ask(prompts: string[], maxTokens: number): Promise<AskAllResult['answers']>;
  /** Of each choice how probable its texts are. */
  weigh(choices: SlipChoice[]): Promise<number[][]>;
}

/** What is told while files are reviewed. */
interface ReviewListener<File> {
  /** So many new lines are about to be asked about, those of this file first. */
  onBatch(file: File, lines: number): void;
  /** What became of a finding: it may have no place any more, or be one that the user has resolved before. */
  onFinding(file: File, line: Pick<NumberedLine, 'number' | 'text'>, finding: Finding): 'shown' | 'moved' | 'dismissed';
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
/** An expert that was trained on reviews is small: it sees most in one new line at a time. */
const mostNew = 1;

/** Asks about the hunks of files, some at once; ends early when the signal aborts. */
export async function reviewFiles<File extends ReviewedFile>(files: File[], review: Review<File>): Promise<void> {
  const { tally, signal } = review;
  tally.files = files.length;
  tally.lines = files.flatMap(file => file.hunks).reduce((sum, hunk) => sum + addedLines(hunk).length, 0);
  if (review.reviewer.way === 'weighs') {
    for (const file of files) await weighFile(file, review);
    tally.wasCancelled = signal.aborted;
    return;
  }
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
  const { window, engine, tally } = review;
  const frame = await engine.countTokens({ conversation: [{ role: 'user', content: hunkPrompt([], code) }] });
  const room = Math.min(window - answerRoom(window), longestPrompt) - frame.conversation;
  if (room <= 0)
    throw new WorkbenchError(
      'badRequest',
      `The base's window of ${window} tokens has no room for code beside the question.`,
      'Use a base with a longer window.',
    );
  const texts = hunks.map(renderedLines);
  const { texts: tokens } = await engine.countTokens({ texts: texts.flat().map(line => `${line}\n`) });
  return hunks.flatMap((hunk, i) => {
    const own = tokens.splice(0, texts[i]!.length);
    const { pieces, tooLong } = fitHunk(hunk, own, room, mostNew);
    tally.longLines += tooLong.length;
    if (own.reduce((sum, n) => sum + n, 0) > room) tally.cutHunks++;
    return pieces;
  });
}

async function reviewBatch<File extends ReviewedFile>(pieces: Piece<File>[], review: Review<File>): Promise<void> {
  const { window, engine, listener } = review;
  listener.onBatch(
    pieces[0]!.file,
    pieces.reduce((sum, { hunk }) => sum + addedLines(hunk).length, 0),
  );
  const prompts = pieces.map(({ file, hunk }) => hunkPrompt(hunk, file.code));
  const answers = await engine.ask(prompts, answerRoom(window));
  for (const [i, piece] of pieces.entries()) await readAnswer(piece, answers[i]!, review);
}

async function readAnswer<File extends ReviewedFile>(
  { file, hunk }: Piece<File>,
  { text, finish }: AskAllResult['answers'][number],
  review: Review<File>,
): Promise<void> {
  const { tally } = review;
  if (finish === 'cancelled') return;
  if (finish !== 'stop') tally.cutAnswers++;
  const lines = addedLines(hunk);
  const { findings, dropped } = parseFindings(text, lines.length);
  tally.reviewedLines += lines.length;
  tally.dropped += dropped;
  for (const finding of findings) await tellFinding(file, lines[finding.line - 1]!, finding, review);
}
