import { visibleJson, visibleName, visibleText } from '../../protocol/visibleText.ts';

/**
 * Where a verb writes: results to stdout, everything that is said about them to stderr. All that the command line prints
 * passes here, and nothing in it that a terminal would obey, whoever wrote it: models, hubs, data.
 */
export interface Terminal {
  /** A line of the result. */
  print(line: string): void;
  /** A line of the result for programs, as JSON. */
  printJson(value: unknown): void;
  /** A piece of the result. */
  write(text: string): void;
  /** A line for people. */
  note(line: string): void;
  /** How far it is: one line rewritten in a terminal, a line every ten seconds elsewhere. */
  progress(line: string): void;
}

/** What a terminal needs of a stream. */
export interface TerminalStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** Milliseconds between lines of the same kind of progress where they cannot be rewritten. */
const pause = 10_000;
/** Characters of a line of progress; a terminal's width cuts it further. */
const longestProgress = 500;

export function createTerminal(stdout: TerminalStream, stderr: TerminalStream, now: () => number): Terminal {
  let isLineOpen = false;
  let lastProgress = { kind: '', at: Number.NEGATIVE_INFINITY };
  const clear = () => {
    if (isLineOpen) stderr.write('\r\x1b[2K');
    isLineOpen = false;
  };
  return {
    print(line) {
      clear();
      stdout.write(`${visibleText(line)}\n`);
    },
    printJson(value) {
      clear();
      stdout.write(`${visibleJson(value)}\n`);
    },
    write(text) {
      clear();
      stdout.write(visibleText(text));
    },
    note(line) {
      clear();
      stderr.write(`${visibleText(line)}\n`);
    },
    progress(text) {
      const line = visibleName(text, longestProgress);
      if (stderr.isTTY) {
        clear();
        stderr.write(line.slice(0, (stderr.columns ?? 80) - 1));
        isLineOpen = true;
        return;
      }
      // Tokenising must not hide the first step.
      const kind = /^\p{L}*/u.exec(line)![0];
      if (kind === lastProgress.kind && now() - lastProgress.at < pause) return;
      lastProgress = { kind, at: now() };
      stderr.write(`${line}\n`);
    },
  };
}
