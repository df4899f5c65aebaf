import { statementEnd } from '../../src/extension/inline/statementEnd.ts';
import type { Random } from '../../src/nn/tensor/random.ts';

/** A text with a gap, and what filled it. */
export interface CutGap {
  prefix: string;
  suffix: string;
  middle: string;
}

const shortest = 4;
const mostLines = 8;
/** Of gaps, those that go to the end of a line; the others are whole statements. */
const shareOfLines = 0.6;

/** Cuts up to `count` gaps where a cursor could be: from within a line to its end, or a statement of one or more lines. */
export function cutGaps(text: string, count: number, random: Random): CutGap[] {
  const lines = text.split(/(?<=\n)/);
  const starts = lines.map((_, i) => lines.slice(0, i).join('').length);
  const usable = [...lines.keys()].filter(i => /\w{2}/.test(lines[i]!) && !/^\s*(?:\/\/|\*|\/\*|#)/.test(lines[i]!));
  const gaps: CutGap[] = [];
  for (const i of random.shuffle(usable)) {
    if (gaps.length === count) break;
    const line = lines[i]!;
    const indent = line.length - line.trimStart().length;
    const from = starts[i]! + (random.uniform() < shareOfLines ? wordStart(line, indent, random) : indent);
    const isStatement = from === starts[i]! + indent;
    const rest = text.slice(from);
    const end = isStatement ? statementEnd(rest, line.slice(0, indent)) : rest.search(/\n|$/);
    const middle = rest.slice(0, end ?? rest.length).trimEnd();
    if (middle.trim().length < shortest || middle.split('\n').length > mostLines) continue;
    gaps.push({ prefix: text.slice(0, from), suffix: text.slice(from + middle.length), middle });
  }
  return gaps;
}

/** Where a word or a sign begins behind the first of a line. */
function wordStart(line: string, indent: number, random: Random): number {
  const places = [...line.matchAll(/\w+|[^\w\s]/g)].map(m => m.index).filter(at => at > indent);
  return places.length === 0 ? indent : random.choice(places);
}
