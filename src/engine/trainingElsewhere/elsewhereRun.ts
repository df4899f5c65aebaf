/** What to do with a training that has not come to its end. */
export const goOn = 'Resume it: Resume in the editor, --resume on the command line.';

/** How a training stands on another machine: never sent there, going on, or ended in whatever way. */
export type ElsewhereState = 'none' | 'running' | 'ended';

/** A training of one expert on another machine, by the folder of a job as writeTrainingJob writes it. */
export interface ElsewhereRun {
  /** What it is called in messages. */
  name: string;
  state(): Promise<ElsewhereState>;
  /** Takes a job there. */
  send(job: string, signal: AbortSignal): Promise<void>;
  /** Begins, or goes on from the last checkpoint. */
  start(): Promise<void>;
  /**
   * The lines of its events after the first `known`, as they come, until it has ended there. A connection that is lost is made
   * again, which `tell` hears.
   */
  lines(known: number, signal: AbortSignal, tell: (message: string) => void): AsyncGenerator<string>;
  /** Asks it to end after its step, with a checkpoint. */
  stop(): Promise<void>;
  /** Brings `adapter` and `done.json` into a folder; false where it has none, because it has not come to its end. */
  bring(folder: string): Promise<boolean>;
  /** The end of what it printed. */
  log(): Promise<string>;
}
