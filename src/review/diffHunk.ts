/** One line of a change. `number` is its line in the file as it is after the change, from 1; removed lines have none. */
export type DiffLine = { text: string } & (
  | { mark: 'added' | 'context'; number: number }
  | { mark: 'removed'; number?: undefined }
);

/** Lines that stand together: what was added and removed, and what is around it. */
export type DiffHunk = DiffLine[];

export type NumberedLine = DiffLine & { number: number };

/** The lines that a review is of; a finding names one by its place here, from 1. */
export function addedLines(hunk: DiffHunk): NumberedLine[] {
  return hunk.filter((line): line is NumberedLine => line.mark === 'added');
}

/** A line that a change adds. A blank one counts as context, because there is nothing to review in it. */
export function newLine(text: string, number: number): DiffLine {
  return { text, mark: text.trim() === '' ? 'context' : 'added', number };
}

/** Lines of which all are new: a file or a selection to be reviewed as it is. `first` is the first one's number. */
export function wholeHunk(lines: string[], first = 1): DiffHunk {
  return lines.map((text, i) => newLine(text, first + i));
}

/**
 * Where a reviewed line is now: the line of this text that is nearest to its old place, from 1; undefined where there is
 * none. A file may have changed since the commit that was reviewed, or while it was. `lineAt` gives a line from 1.
 */
export function placeLine(
  text: string,
  number: number,
  count: number,
  lineAt: (number: number) => string,
): number | undefined {
  const wanted = text.trimEnd();
  const isThere = (n: number) => n >= 1 && n <= count && lineAt(n).trimEnd() === wanted;
  const start = Math.min(Math.max(number, 1), count);
  for (let distance = 0; distance < count; distance++) {
    const found = [start - distance, start + distance].find(isThere);
    if (found !== undefined) return found;
  }
  return undefined;
}
