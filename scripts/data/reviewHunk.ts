import type { Random } from '../../src/nn/tensor/random.ts';
import type { DiffHunk, DiffLine } from '../../src/review/diffHunk.ts';
import type { Finding } from '../../src/review/findings.ts';
import { renderedLines } from '../../src/review/hunkPrompt.ts';
import { fillTemplate } from './reviewCode.ts';
import { type ReviewMistake, reviewMistakes } from './reviewMistakes.ts';
import { listName, objectName, valueName } from './reviewNames.ts';

/** A piece of a diff that ends in its one new line, and what is to be said of that. */
export interface ReviewHunk {
  lines: DiffHunk;
  finding?: Finding;
  /** The lines before any of them was spoilt, in one style. */
  key: string;
}

/** Lines before the new one, as they are before a cut of a longer hunk. */
const MOST_BEFORE = 2;

/** A new line of a function, with a mistake where one is wanted; undefined where the line drawn cannot have it. */
export function drawHunk(code: string[], mistake: ReviewMistake | undefined, random: Random): ReviewHunk | undefined {
  const at = random.integer(0, code.length - 1);
  const context = code.slice(Math.max(0, at - random.integer(0, MOST_BEFORE)), at);
  const own = mistake
    ? (mistake.insert ? leftover : spoilt)(code, at, mistake, random)
    : { text: code[at]!, right: code[at]! };
  if (!own) return undefined;
  const texts = [...context.map(text => worn(text, random)), own.text];
  const lines = texts.map(
    (text, i): DiffLine => ({ text, mark: i < context.length ? 'context' : 'added', number: i + 1 }),
  );
  const unspoilt = renderedLines([...context, own.right].map((text, i) => ({ text, mark: 'context', number: i + 1 })));
  const before = random.uniform() < 0.3 ? spoils(own.text) : [];
  if (before.length > 0) lines.splice(-1, 0, { text: random.choice(before), mark: 'removed' });
  return { lines, finding: own.finding, key: unspoilt.join('\n') };
}

interface NewLine {
  text: string;
  /** What it was spoilt from. */
  right: string;
  finding?: Finding;
}

function spoilt(code: string[], at: number, { severity, message, spoil, mend }: ReviewMistake): NewLine | undefined {
  const right = code[at]!;
  const text = spoil!(right);
  const replacement = (mend?.(right) ?? right).trim();
  return text === right ? undefined : { text, right, finding: { line: 1, severity, message, replacement } };
}

/** A line that should go, in the place of one inside a function. */
function leftover(
  code: string[],
  at: number,
  { severity, message, insert }: ReviewMistake,
  random: Random,
): NewLine | undefined {
  const [indentation = ''] = /^ */.exec(code[at]!)!;
  if (indentation === '') return undefined;
  const scope = { list: listName(random), object: objectName(random), value: valueName(random) };
  const text = indentation + fillTemplate(random.choice(insert!), scope, random);
  return { text, right: text, finding: { line: 1, severity, message, replacement: '' } };
}

/** Mistakes in lines that are not new are not to be spoken of: some of them have one. */
function worn(text: string, random: Random): string {
  const able = spoils(text);
  return able.length > 0 && random.uniform() < 0.2 ? random.choice(able) : text;
}

function spoils(text: string): string[] {
  return Object.values(reviewMistakes).flatMap(({ spoil }) => {
    const wrong = spoil?.(text) ?? text;
    return wrong === text ? [] : [wrong];
  });
}
