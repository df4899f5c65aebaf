import { visibleMessage } from './visibleText.ts';

/** The closed set of reasons for which an operation of this project can fail. */
export type ErrorCode =
  /** A file, folder, expert or key that was asked for is not there. */
  | 'notFound'
  /** A file exists but its content breaks its own format. */
  | 'badFile'
  /** Two things that must fit each other do not: adapter and base, rank and layer, shapes. */
  | 'mismatch'
  /** The request or its arguments are wrong. */
  | 'badRequest'
  /** The recipe has problems; they are listed in `problems`. */
  | 'badRecipe'
  /** A dataset has problems; they are listed in `problems`. */
  | 'badData'
  /** An architecture, dtype or option this version does not implement. */
  | 'unsupported'
  /** Disk full, read-only folder, permission: the file system refused. */
  | 'storage'
  /** A server could not be reached, answered with an error, or sent something else than it announced. */
  | 'network'
  /** A server wants a token, a token with more rights, or a licence accepted first. */
  | 'denied'
  /** The request queue is full. */
  | 'busy'
  /** What was asked for does not fit into memory. */
  | 'outOfMemory'
  /** The engine process ended before it answered. */
  | 'engineLost'
  /** The runtime refused a graph or ran out of memory. */
  | 'runtime';

/** Something wrong with what a user wrote: where it is, and what to do about it. */
export interface Problem {
  /** Stable identifier, for example `unknownKey`. */
  code: string;
  severity: 'error' | 'warning';
  /** JSON path (`experts.math.rank`) or `file:line`. */
  where: string;
  /** One sentence: what is wrong, what was expected, what to do. */
  message: string;
  /** Offsets in the text the problem was found in, where known. */
  range?: { start: number; end: number };
  /** What could stand at the range instead, as it would be written, where that is plain. */
  replacement?: string;
}

/** The problem of a training that waits for its user's word: answers would lose their end, or be left out. */
export const cutAnswersCode = 'cutAnswers';

/** The problem of prompts that would go to a server which the user has not allowed; it is at the server's origin. */
export const serverNotAllowedCode = 'serverNotAllowed';

/** The problem of a prompt that leaves no room for an answer in the base's window. */
export const contextLengthCode = 'contextLength';

/**
 * The one error type. `message` says what and where; `hint` says what to do. Both may quote what a stranger has written,
 * and are shown by terminals and editors: control characters in them are escaped here.
 */
export class WorkbenchError extends Error {
  override name = 'WorkbenchError';
  readonly hint: string | undefined;
  constructor(
    readonly code: ErrorCode,
    message: string,
    hint?: string,
    readonly problems: Problem[] = [],
  ) {
    super(visibleMessage(message));
    this.hint = hint === undefined ? undefined : visibleMessage(hint);
  }
}

/** What went wrong and what to do, as sentences. */
export function errorSentences(message: string, hint = ''): string {
  // A message may begin with a name, which is written as it is; a plain word is not one.
  const begun = message.replace(/^[a-z]+(?=[ '’])/, word => word.charAt(0).toUpperCase() + word.slice(1));
  return hint ? `${/[.!?]$/.test(begun) ? begun : `${begun}.`} ${hint}` : begun;
}
