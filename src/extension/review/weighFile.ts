import { addedLines, type NumberedLine, placeLine } from '../../review/diffHunk.ts';
import { type Slip, slipsOf } from '../../review/slips.ts';
import { likelySlip, type SlipChoice, slipChoice } from '../../review/weighSlips.ts';
import type { Review, ReviewedFile } from './reviewFiles.ts';
import { tellFinding } from './tellFinding.ts';

/** Lines that are weighed together: between two batches a review can be stopped. */
const mostChoices = 8;

/** A line that may have been meant otherwise. */
interface Doubt {
  line: NumberedLine;
  slips: Slip[];
  choice: SlipChoice;
}

/** Weighs the new lines of a file against what they may have been meant to be. */
export async function weighFile<File extends ReviewedFile>(file: File, review: Review<File>): Promise<void> {
  const { listener, tally, signal } = review;
  const { lines, languageId } = file;
  const waiting: Doubt[] = [];
  for (const line of file.hunks.flatMap(addedLines)) {
    if (signal.aborted) return;
    const place = placeLine(line.text, line.number, lines.length, n => lines[n - 1]!);
    const slips = place === undefined ? [] : slipsOf(lines, place, languageId);
    const certain = slips.find(slip => slip.isCertain);
    if (certain) await tellFinding(file, line, { line: 1, ...certain }, review);
    else if (slips.length > 0) waiting.push({ line, slips, choice: slipChoice(lines, place!, slips) });
    if (waiting.length === mostChoices) await weigh(file, waiting.splice(0), review);
    tally.reviewedLines++;
    listener.onBatch(file, 1);
  }
  if (waiting.length > 0 && !signal.aborted) await weigh(file, waiting, review);
}

async function weigh<File extends ReviewedFile>(file: File, doubts: Doubt[], review: Review<File>): Promise<void> {
  const weighed = await review.engine.weigh(doubts.map(doubt => doubt.choice));
  for (const [i, { line, slips }] of doubts.entries()) {
    const found = likelySlip(slips, weighed[i]!);
    if (found) await tellFinding(file, line, { line: 1, ...found }, review);
  }
}
