import { type Severity, severities } from './findings.ts';

/** The counts of a review: what it found, what it covered and what not. */
export interface ReviewTally {
  /** What was reviewed, such as `the working tree`. */
  subject: string;
  /** Who answered. */
  reviewer: string;
  files: number;
  /** New lines of all files, and those that were asked about. */
  lines: number;
  reviewedLines: number;
  /** Hunks that were too long for one prompt, and were asked about in pieces. */
  cutHunks: number;
  /** New lines that no prompt can hold. */
  longLines: number;
  /** Answers that ended at the window or at their longest. */
  cutAnswers: number;
  findings: Record<Severity, number>;
  /** Findings that named no new line of their hunk, or could not be read. */
  dropped: number;
  /** Findings that the checks have something against. */
  unfounded: number;
  /** Findings that were resolved before, on lines that are as they were then. */
  dismissed: number;
  /** Findings on lines that are no longer there. */
  moved: number;
  skipped: { path: string; reason: string }[];
  wasCancelled: boolean;
}

export function emptyTally(subject: string, reviewer: string): ReviewTally {
  return {
    subject,
    reviewer,
    files: 0,
    lines: 0,
    reviewedLines: 0,
    cutHunks: 0,
    longLines: 0,
    cutAnswers: 0,
    findings: { error: 0, warning: 0, info: 0 },
    dropped: 0,
    unfounded: 0,
    dismissed: 0,
    moved: 0,
    skipped: [],
    wasCancelled: false,
  };
}

/** The review in a sentence or two. */
export function summaryLine(tally: ReviewTally): string {
  const found = severities.filter(s => tally.findings[s] > 0).map(s => severityCount(s, tally.findings[s]));
  const covered =
    tally.lines === 0
      ? 'There are no new lines to review.'
      : `${tally.wasCancelled ? 'Stopped after' : 'Reviewed'} ${tally.reviewedLines} of ${counted(tally.lines, 'new line')} in ${counted(tally.files, 'file')}: ${found.join(', ') || 'nothing found'}.`;
  const left = notCovered(tally).length;
  return left > 0 ? `${covered} Something was left out: see the summary.` : covered;
}

/** The review as a page of Markdown. */
export function summaryPage(tally: ReviewTally): string {
  const left = notCovered(tally);
  return [
    `# Review of ${tally.subject}`,
    '',
    `Reviewer: ${tally.reviewer}`,
    '',
    ...severities.map(s => `- ${severityCount(s, tally.findings[s])}`),
    '',
    '## Covered',
    '',
    `${tally.reviewedLines} of ${counted(tally.lines, 'new line')} in ${counted(tally.files, 'file')}.`,
    '',
    '## Not covered',
    '',
    ...(left.length > 0 ? left.map(line => `- ${line}`) : ['Nothing was left out.']),
    '',
  ].join('\n');
}

function notCovered(tally: ReviewTally): string[] {
  const { wasCancelled, cutHunks, longLines, cutAnswers, dropped, unfounded, dismissed, moved, skipped } = tally;
  const said: [boolean | number, string][] = [
    [wasCancelled, 'The review was stopped before its end.'],
    [cutHunks, `${counted(cutHunks, 'hunk')} did not fit the window and went in pieces, each seen without the others.`],
    [longLines, `${counted(longLines, 'line')} too long for the window.`],
    [cutAnswers, `${counted(cutAnswers, 'answer')} ended before all was said.`],
    [dropped, `${counted(dropped, 'finding')} dropped: no new line was named, or the form was another.`],
    [unfounded, `${counted(unfounded, 'finding')} not shown: it could not be checked, or did not stand the check.`],
    [dismissed, `${counted(dismissed, 'finding')} not shown: resolved before.`],
    [moved, `${counted(moved, 'finding')} dropped: the line is no longer in the file.`],
  ];
  return [
    ...said.flatMap(([isSo, text]) => (isSo ? [text] : [])),
    ...skipped.map(({ path, reason }) => `${path}: ${reason}.`),
  ];
}

function severityCount(severity: Severity, count: number): string {
  return severity === 'info' ? counted(count, 'remark') : counted(count, severity);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
