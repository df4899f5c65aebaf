import type { Problem } from '../protocol/errors.ts';

/** More than this many problems have one cause; a list of thousands helps nobody. */
export const MAX_PROBLEMS = 50;

export interface ProblemList {
  add(code: string, line: number, message: string): void;
  /** The first 50 problems and, if there were more, one that says how many. */
  problems(): Problem[];
}

/** Collects what is wrong with the lines of one file. */
export function problemList(fileName: string): ProblemList {
  const found: Problem[] = [];
  let left = 0;
  return {
    add(code, line, message) {
      const where = `${fileName}:${line}`;
      if (found.length < MAX_PROBLEMS) found.push({ code, severity: 'error', where, message: `${where}: ${message}` });
      else left++;
    },
    problems() {
      if (left === 0) return found;
      const message = `${fileName}: ${left} more ${left === 1 ? 'problem is' : 'problems are'} not listed; fix those above first.`;
      return [...found, { code: 'tooManyProblems', severity: 'error', where: fileName, message }];
    },
  };
}
