import type { Severity } from '../../src/review/findings.ts';

/** A mistake that the review expert learns to find: what is said of it, and how a line comes to have it. */
export interface ReviewMistake {
  severity: Severity;
  message: string;
  /** The line with the mistake, or the line itself where it cannot have it. */
  spoil?(line: string): string;
  /** The line that takes the place of the spoilt one, where that is not the one it was. */
  mend?(line: string): string;
  /** Templates of a line that is put in and should not be there. */
  insert?: string[];
}

const replacing = (from: RegExp, to: string) => (line: string) => line.replace(from, to);

export const reviewMistakes: Record<string, ReviewMistake> = {
  looseEqual: { severity: 'warning', message: 'compares with ==, use ===', spoil: replacing(/ === /, ' == ') },
  looseUnequal: { severity: 'warning', message: 'compares with !=, use !==', spoil: replacing(/ !== /, ' != ') },
  assignment: {
    severity: 'error',
    message: 'assigns in a condition, use ===',
    spoil: replacing(/^(\s*(?:\} else )?if \(.*?) === /, '$1 = '),
  },
  offByOne: { severity: 'error', message: 'runs past the end, use <', spoil: replacing(/ < (\S+\.length;)/, ' <= $1') },
  notANumber: {
    severity: 'error',
    message: 'nothing equals NaN, use Number.isNaN',
    spoil: replacing(/Number\.isNaN\((\S+?)\)/, '$1 === NaN'),
  },
  missingAwait: {
    severity: 'error',
    message: 'does not wait for the result, use await',
    spoil: replacing(/\bawait /, ''),
  },
  var: {
    severity: 'warning',
    message: 'declares with var, use let',
    spoil: replacing(/\b(?:const|let) (?=\w+ (?:=(?!.*=>)|of))/, 'var '),
    mend: replacing(/\bconst /, 'let '),
  },
  radix: {
    severity: 'info',
    message: 'parses without a radix, use 10',
    spoil: replacing(/(parseInt\(\S+), 10\)/, '$1)'),
  },
  thrownText: {
    severity: 'warning',
    message: 'throws a text, use new Error',
    spoil: replacing(/throw new Error\((".*?")\)/, 'throw $1'),
  },
  any: { severity: 'info', message: 'has type any, use unknown', spoil: replacing(/: unknown\b/, ': any') },
  log: {
    severity: 'info',
    message: 'logs to the console, remove it',
    insert: ['console.log({logged});'],
  },
  debugger: {
    severity: 'warning',
    message: 'stops in the debugger, remove it',
    insert: ['debugger;'],
  },
};
