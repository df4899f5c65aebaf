import { findingProblem } from '../../review/checkFinding.ts';
import { type NumberedLine, placeLine } from '../../review/diffHunk.ts';
import type { Finding } from '../../review/findings.ts';
import type { Review, ReviewedFile } from './reviewFiles.ts';

/** Counts a finding, and hands it on where it stands: its line is still there, and the checks have nothing against it. */
export async function tellFinding<File extends ReviewedFile>(
  file: File,
  { text, number }: NumberedLine,
  finding: Finding,
  { listener, tally, reviewer }: Review<File>,
): Promise<void> {
  const { lines, languageId } = file;
  const place = placeLine(text, number, lines.length, n => lines[n - 1]!);
  if (place === undefined) {
    tally.moved++;
    return;
  }
  const line = { text, number: place, lines, languageId };
  // What a base weighs is made of what is there.
  const isSound = reviewer.way === 'weighs' || findingProblem(finding, line) === undefined;
  if (!isSound || !(await parses(lines, place, finding, languageId))) {
    tally.unfounded++;
    return;
  }
  const outcome = listener.onFinding(file, { text, number: place }, finding);
  if (outcome === 'shown') tally.findings[finding.severity]++;
  else tally[outcome]++;
}

/** The parser is loaded with the first finding that needs it. */
async function parses(
  lines: readonly string[],
  number: number,
  { replacement = '' }: Finding,
  languageId: string,
): Promise<boolean> {
  const { parsesStill } = await import('../../review/parsesStill.ts');
  return parsesStill(lines, number, replacement, languageId);
}
