import type { Problem } from '../protocol/errors.ts';
import { visibleName } from '../protocol/visibleText.ts';
import { MAX_BAD_LINES } from './limits.ts';

/** More problems than these usually have one cause, and a list of thousands helps nobody. */
export const MAX_PROBLEMS = 50;

export interface ProblemList {
  /** An error of a line. */
  add(code: string, line: number, message: string): void;
  /** Something that is not used as it is written; `line` is the first of its kind. */
  warn(code: string, line: number, message: string): void;
  /** Whether there are so many errors that more would tell nothing. */
  isFull(): boolean;
  /** Of each severity the first 50 and, if there were more, one that says how many; errors first. */
  problems(): Problem[];
}

/** Collects what is wrong with the lines of one file. */
export function problemList(fileName: string): ProblemList {
  const errors: Problem[] = [];
  const warnings: Problem[] = [];
  let [moreErrors, moreWarnings] = [0, 0];

  function problem(code: string, severity: Problem['severity'], line: number, message: string): Problem {
    const where = `${fileName}:${line}`;
    return { code, severity, where, message: `${where}: ${visibleName(message, 1000)}` };
  }
  function counted(list: Problem[], more: number, text: string): Problem[] {
    if (more === 0) return list;
    const message = `${fileName}: ${more} more ${more === 1 ? 'problem is' : 'problems are'} not listed${text}`;
    return [...list, { code: 'tooManyProblems', severity: list[0]!.severity, where: fileName, message }];
  }
  const isFull = () => errors.length + moreErrors >= MAX_BAD_LINES;

  return {
    add(code, line, message) {
      if (errors.length < MAX_PROBLEMS) errors.push(problem(code, 'error', line, message));
      else moreErrors++;
    },
    warn(code, line, message) {
      if (warnings.length < MAX_PROBLEMS) warnings.push(problem(code, 'warning', line, message));
      else moreWarnings++;
    },
    isFull,
    problems: () => [
      ...counted(
        errors,
        moreErrors,
        `${isFull() ? ', and the rest of the file is not read' : ''}; fix those above first.`,
      ),
      ...counted(warnings, moreWarnings, '.'),
    ],
  };
}
