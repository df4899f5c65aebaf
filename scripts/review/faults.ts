import type { Random } from '../../src/nn/tensor/random.ts';
import { codeTokens } from '../../src/review/codeTokens.ts';
import { reviewMistakes } from '../data/reviewMistakes.ts';

/** A line with a fault in it, and the line as it was; empty where there was none. */
export interface Fault {
  kind: string;
  wrong: string;
  right: string;
}

const replacing = (from: RegExp, to: string) => (line: string) => line.replace(from, to);

/** Faults that linters know and that the review expert's data have not. */
const others: Record<string, (line: string) => string> = {
  misspelt: replacing(/\.length\b/, '.lenght'),
  selfCompare: replacing(/(\b[a-z]\w*) (===|!==) (?!null|true|false|undefined)[a-z]\w*\b(?![.(])/, '$1 $2 $1'),
  emptyBody: replacing(/^(\s*if \(.*\)) \{$/, '$1; {'),
  typeofText: replacing(/(typeof \S+ [!=]== (['"]))string\2/, '$1sting$2'),
  negatedIn: replacing(/!\((\w+) in (\w+)\)/, '!$1 in $2'),
};

/** What is no fault in a file that is written so throughout. */
const styles: Record<string, RegExp> = {
  looseEqual: /[^=!<>]==[^=]/,
  looseUnequal: /!=[^=]/,
  var: /\bvar\b/,
  log: /\bconsole\./,
};

/** Whether a kind of fault is how a file is written. */
export const isStyle = (kind: string, lines: string[]): boolean => {
  const style = styles[kind];
  return style !== undefined && lines.some(line => style.test(line) && !/[!=]= ?null\b/.test(line));
};

/** One of the faults that a line can have; undefined where it can have none. */
export function faultIn(line: string, random: Random): Fault | undefined {
  if (/^\s*(\/\/|\*|\/\*)/.test(line)) return undefined;
  const made: Fault[] = [];
  for (const [kind, { spoil, mend }] of Object.entries(reviewMistakes)) {
    if (spoil) made.push({ kind, wrong: spoil(line), right: mend?.(line) ?? line });
  }
  for (const [kind, spoil] of Object.entries(others)) made.push({ kind, wrong: spoil(line), right: line });
  const tokens = (text: string) => JSON.stringify(codeTokens(text, 'typescript').tokens);
  // Not in a comment.
  const possible = made.filter(fault => fault.wrong !== line && tokens(fault.wrong) !== tokens(line));
  return possible.length > 0 ? random.choice(possible) : undefined;
}

/** A line that was left behind after a search for a mistake. */
export function leftover(before: string, random: Random): Fault | undefined {
  const [, indentation, name] = /^(\s+)(?:const|let) (\w+) = .*;$/.exec(before) ?? [];
  if (!name) return undefined;
  return random.uniform() < 0.5
    ? { kind: 'log', wrong: `${indentation}console.log(${name});`, right: '' }
    : { kind: 'debugger', wrong: `${indentation}debugger;`, right: '' };
}
