import type { ScorerName } from '../protocol/scorer.ts';
import { editSimilarity } from './editSimilarity.ts';

/** Whether an answer is right. Every scorer is pure and forgiving about form alone. */
type Scorer = (expected: string, got: string) => boolean;

/**
 * The scorers that compare texts. To add one: its name and what it does in a sentence in protocol/scorer.ts, and its function
 * here. Two compare no texts: `code` runs the tests of an example (engine/evaluation/codeSandbox.ts), `toolCall` compares calls
 * (toolCalls.ts).
 */
export const textScorers: Record<Exclude<ScorerName, 'code' | 'toolCall'>, Scorer> = {
  exact: exactMatch,
  final: finalAnswer,
  line: exactLine,
  similar: (expected, got) => editSimilarity(expected, got) >= similarEnough,
};

/**
 * Equal after `normaliseAnswer`: Unicode form, case, white space, surrounding quotes, a final period and a leading
 * article do not count (the normalisation of SQuAD, Rajpurkar et al. 2016, without its removal of inner punctuation).
 */
export function exactMatch(expected: string, got: string): boolean {
  return normaliseAnswer(expected) === normaliseAnswer(got);
}

/**
 * Compares what stands after the last `Answer:` or `####` (GSM8K, Cobbe et al. 2021) in each text, or its last line
 * where neither stands. Numbers are compared by value (`3.0` = `3`, `1,200` = `1200`, `1/2` = `0.5`, `$5` = `5`).
 * Solutions (`x = 2, x = 3`, also joined by `and` or `or`) are compared in any order, other lists in theirs; the
 * unknown may be left out by one side.
 */
export function finalAnswer(expected: string, got: string): boolean {
  const want = partsOf(expected);
  const have = partsOf(got);
  if (want.length !== have.length) return false;
  if (!want.some(part => part.unknown !== undefined)) return want.every((part, i) => samePart(part, have[i]!));
  const left = [...have];
  return want.every(part => {
    const at = left.findIndex(other => samePart(part, other));
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}

/** A completion of which a fifth or less has to be changed is one that is kept. */
const similarEnough = 0.8;

/** Whether the first line that is not empty is the same, white space at its ends apart. */
export function exactLine(expected: string, got: string): boolean {
  return firstLine(expected) === firstLine(got);
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0]!.trimEnd();
}

const quotes = /^["'“”‘’„«»`]+|["'“”‘’«»`]+$/gu;

/** The form in which `exactMatch` compares. */
function normaliseAnswer(text: string): string {
  const plain = text.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ');
  // A period may stand inside or outside the quotes.
  const bare = plain.trim().replace(quotes, '').trim().replace(/\.$/u, '').trim().replace(quotes, '');
  return bare
    .trim()
    .replace(/^(?:a|an|the) /u, '')
    .trim();
}

interface Part {
  /** The letter before an equals sign: `x` of `x = 2`. */
  unknown?: string;
  /** A number, or normalised text. */
  value: number | string;
}

function partsOf(text: string): Part[] {
  const pieces = text.split(/answer\s*:|####/iu);
  // What follows a marked answer explains it; without a mark the answer comes last.
  const lines = pieces.at(-1)!.trim().split('\n');
  const line = normaliseAnswer(pieces.length > 1 ? lines[0]! : lines.at(-1)!)
    .replace(/[−–]/gu, '-')
    .replaceAll(' %', '%');
  // Thousands separators first, so that the commas left are those of a list.
  const plain = line.replace(/(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])/gu, number => number.replaceAll(',', ''));
  return plain.split(/\s*(?:,|;|\band\b|\bor\b)\s*/u).flatMap(piece => {
    if (piece === '') return [];
    const [, unknown, rest] = /^(?:([a-z]) ?= ?)?(.*)$/u.exec(piece)!;
    return [{ unknown, value: numberOf(rest!) ?? normaliseAnswer(rest!) }];
  });
}

function numberOf(text: string): number | undefined {
  const match = /^(-?)\s?[$€£]?\s?(-?(?:\d+(?:\.\d*)?|\.\d+))(?:\s?\/\s?(\d+(?:\.\d+)?))?$/u.exec(text);
  if (!match) return undefined;
  const value = Number(match[2]) / (match[3] === undefined ? 1 : Number(match[3]));
  // Adding zero makes -0 equal 0 everywhere.
  return (match[1] === '-' ? -value : value) + 0;
}

function samePart(a: Part, b: Part): boolean {
  if (a.unknown !== undefined && b.unknown !== undefined && a.unknown !== b.unknown) return false;
  if (typeof a.value === 'string' || typeof b.value === 'string') return a.value === b.value;
  // 0.1 + 0.2 written in full is still 0.3.
  return Math.abs(a.value - b.value) <= 1e-9 * Math.max(1, Math.abs(a.value));
}
