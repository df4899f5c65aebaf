import type { Arguments } from './arguments.ts';
import type { CliEngine } from './cliEngine.ts';
import type { Terminal } from './terminal.ts';

export type ExitCode =
  /** Done. */
  | 0
  /** Failed. */
  | 1
  /** Called with wrong arguments. */
  | 2
  /** Stopped with Ctrl-C: 128 + SIGINT. */
  | 130;

/** An option of a verb; help and parser both read this. */
export interface VerbOption {
  /** How its value is called in the help; an option without one is a flag. */
  value?: string;
  /** May be given several times, or once with several values; `names` may also be separated by commas. */
  list?: 'names' | 'items';
  description: string;
}

/** One verb of the command line. */
export interface Verb {
  name: string;
  summary: string;
  /** What follows the verb, one line for each form. */
  usage: string[];
  options: Record<string, VerbOption>;
  /** Fewest and most positional arguments. */
  positionals: [fewest: number, most: number];
  examples: string[];
  run(call: VerbCall): Promise<ExitCode>;
}

export interface VerbCall {
  args: Arguments;
  /** Only machine-readable output on stdout. */
  json: boolean;
  /** Aborts at the first Ctrl-C. */
  signal: AbortSignal;
  terminal: Terminal;
  engine: CliEngine;
}
