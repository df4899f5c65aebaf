import type { Finding } from './findings.ts';
import type { Slip } from './slips.ts';

/** Lines that are read with the one that may be wrong. */
const linesBefore = 12;
const linesAfter = 2;
const mostCharacters = 1_500;
/** Nats by which a slip has to be more probable than the line: measured by scripts/review/measureReview.ts. */
const leastGain = 2;

/** What a model weighs: a line as it is, and as it may have been meant, with what is around it. */
export interface SlipChoice {
  before: string;
  /** The line as it is first. */
  texts: string[];
}

/** The choice between a line and its slips; `number` is the line's, from 1. */
export function slipChoice(lines: readonly string[], number: number, slips: readonly Slip[]): SlipChoice {
  const line = lines[number - 1]!;
  const [indentation = ''] = /^\s*/.exec(line)!;
  const before = lines.slice(Math.max(0, number - 1 - linesBefore), number - 1).map(each => `${each}\n`);
  const after = lines.slice(number, number + linesAfter).map(each => `\n${each}`);
  const text = (own: string) => (own + after.join('')).slice(0, mostCharacters);
  return {
    before: before.join('').slice(-mostCharacters),
    texts: [text(line), ...slips.map(({ replacement }) => text(indentation + replacement))],
  };
}

/** The slip that is much more probable than the line, if there is one. */
export function likelySlip(
  slips: readonly Slip[],
  [own = 0, ...others]: readonly number[],
): Omit<Finding, 'line'> | undefined {
  const gains = others.map(value => value - own);
  const best = gains.indexOf(Math.max(...gains));
  const slip = gains[best]! >= leastGain ? slips[best] : undefined;
  if (!slip) return undefined;
  const { severity, message, replacement } = slip;
  return { severity, message, replacement };
}
