import { MAX_PROBLEMS, type ProblemList } from './problemList.ts';

/** Fields of a file that nothing is made of: each is told once, with the lines that have it. */
export function unusedFields(): { add(name: string, line: number): void; report(to: ProblemList): void } {
  const found = new Map<string, { first: number; last: number; lines: number }>();
  // A file in which every line has fields of its own would fill the memory with their names.
  const most = 20 * MAX_PROBLEMS;
  let unnamed: { line: number; times: number } | undefined;
  return {
    add(name, line) {
      const field = found.get(name);
      if (!field) {
        if (found.size < most) found.set(name, { first: line, last: line, lines: 1 });
        else unnamed = { line: unnamed?.line ?? line, times: (unnamed?.times ?? 0) + 1 };
      } else if (field.last !== line) {
        field.last = line;
        field.lines++;
      }
    },
    report(to) {
      // First, since the list of problems ends before so many fields do.
      if (unnamed)
        to.warn(
          'unusedField',
          unnamed.line,
          `from here on fields of ${unnamed.times} more names or lines are not used; ${most} are named or counted.`,
        );
      for (const [name, { first, lines }] of found) {
        const count = lines === 1 ? '1 line has it' : `${lines} lines have it`;
        const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name;
        to.warn('unusedField', first, `the field '${shown}' is not used (${count}).`);
      }
    },
  };
}
