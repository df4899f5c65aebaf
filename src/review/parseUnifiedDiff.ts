import { parsePatch, type StructuredPatch } from 'diff';
import { type DiffHunk, type DiffLine, newLine } from './diffHunk.ts';

/** One file of a diff. */
export interface DiffFile {
  /** Where it is after the change, relative to the repository. */
  path: string;
  hunks: DiffHunk[];
  /** Why there is nothing in it to review. */
  skipped?: string;
}

/**
 * The files of what `git diff` writes, one after the other, so that a long diff can be read in turns. A part that breaks
 * the format is a file that is skipped, with the reason; the others are not affected. Lines have no line ends.
 */
export function* parseUnifiedDiff(diff: string): Generator<DiffFile> {
  // Lines of a hunk begin with a mark, so that this text always begins a file.
  for (const part of diff.split(/(?:^|\n)(?=diff --git )/)) yield* filesOf(part);
}

function filesOf(part: string): DiffFile[] {
  try {
    return parsePatch(part)
      .filter(patch => patch.newFileName !== undefined)
      .map(patch => fileOf(patch, part));
  } catch (error) {
    // The library throws for everything that it cannot read.
    const [, path = 'a part of the diff'] = /^diff --git .* b\/(.*)/.exec(part) ?? [];
    return [{ path, hunks: [], skipped: `its diff cannot be read: ${error instanceof Error ? error.message : error}` }];
  }
}

function fileOf(patch: StructuredPatch, part: string): DiffFile {
  const { isDelete, isBinary, isGit } = patch;
  const isGone = isDelete || patch.newFileName === '/dev/null';
  const name = (isGone ? patch.oldFileName : patch.newFileName)!;
  const path = isGit ? name.replace(/^[ab]\//, '') : name;
  if (isBinary || /^GIT binary patch/m.test(part)) return { path, hunks: [], skipped: 'it is binary' };
  if (isGone) return { path, hunks: [], skipped: 'it was deleted' };
  if (!patch.hunks.every(hunk => Number.isSafeInteger(hunk.newStart)))
    return { path, hunks: [], skipped: 'its diff cannot be read: a hunk does not say where it begins' };
  const hunks = patch.hunks.map(hunkOf).filter(hunk => hunk.some(line => line.mark === 'added'));
  return hunks.length > 0 ? { path, hunks } : { path, hunks, skipped: 'it has no new lines' };
}

function hunkOf({ lines, newStart }: StructuredPatch['hunks'][number]): DiffHunk {
  let number = newStart;
  // A line that begins with a backslash says that the line before has no line end.
  const own = lines.filter(line => !line.startsWith('\\'));
  return own.map((line): DiffLine => {
    const text = line.slice(1).replace(/\r$/, '');
    if (line.startsWith('-')) return { text, mark: 'removed' };
    return line.startsWith('+') ? newLine(text, number++) : { text, mark: 'context', number: number++ };
  });
}
