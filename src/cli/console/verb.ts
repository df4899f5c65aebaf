import type { Arguments, VerbSyntax } from './arguments.ts';
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

/** One verb of the command line. */
export interface Verb extends VerbSyntax {
  summary: string;
  examples: string[];
  /** It runs until it is stopped, by Ctrl-C or SIGTERM: that is its end, not its failure. */
  runsUntilStopped?: boolean;
  /** Others ask through it: prompts go to the servers elsewhere that its option `allow-server` names, and to no other. */
  asksForOthers?: boolean;
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
