import { editSimilarity } from '../evaluation/editSimilarity.ts';
import { bracketsLeft, type CodeToken, codeTokens, tokensBeside } from './codeTokens.ts';
import { comparisons, declarations, isLeftBehind, isOddOne, isWaitedFor, types } from './fileStyle.ts';
import type { Finding } from './findings.ts';
import { languageWords } from './languageWords.ts';

/** The line that a finding speaks of, in its file. */
export interface FoundLine {
  text: string;
  /** From 1. */
  number: number;
  /** All lines of the file. */
  lines: readonly string[];
  languageId: string;
}

/** Of a line and what takes its place, how much has to be alike. */
const leastAlike = 0.5;
/** Tokens that go and come. */
const mostChanged = 7;
/** Of a name and the one it may be mistaken for. */
const leastAlikeNames = 0.6;

/**
 * Why a finding is not to be shown; undefined where it stands. What cannot be checked is not shown: a model that is small
 * says much that is not so, and a reviewer who is wrong is soon not read.
 */
export function findingProblem(finding: Finding, line: FoundLine): string | undefined {
  const { replacement } = finding;
  if (replacement === undefined) return 'it does not say how the line should be';
  const before = codeTokens(line.text, line.languageId);
  if (before.tokens.length === 0) return 'the line has no code';
  if (replacement === '') return removalProblem(finding, before.tokens, line);
  const after = codeTokens(replacement, line.languageId);
  const gone = tokensBeside(before.tokens, after.tokens);
  const come = tokensBeside(after.tokens, before.tokens);
  if (gone.length + come.length === 0) return 'it changes nothing';
  if (gone.length + come.length > mostChanged || editSimilarity(line.text, replacement) < leastAlike)
    return 'it writes another line';
  if (
    after.isOpen !== before.isOpen ||
    bracketsLeft(after.tokens) !== bracketsLeft(before.tokens) ||
    saysTwice(replacement, line.text)
  )
    return 'its line does not parse';
  return (
    inventionProblem(gone, come, finding, line) ??
    styleProblem(gone, come, after.tokens, line) ??
    messageProblem(finding, [...gone, ...come], line)
  );
}

/** Whether a word stands twice beside itself that did not before. */
function saysTwice(replacement: string, text: string): boolean {
  const twice = /\b([\p{L}_$][\w$]*)\s+\1\b/u;
  return twice.test(replacement) && !twice.test(text);
}

/** A line goes only where it does something by itself that nothing else needs, and the finding says that it should. */
function removalProblem(
  finding: Finding,
  tokens: CodeToken[],
  { lines, text, languageId }: FoundLine,
): string | undefined {
  const [first, second] = tokens;
  const isCall = second?.value === '.' || second?.value === '(';
  const isStatement = first?.kind === 'name' && (isCall || tokens.filter(t => t.value !== ';').length === 1);
  const doesMore = /^(if|for|while|switch|return|throw|await|yield|super|function|catch|else|do|try|case|default)$/;
  if (!isStatement || bracketsLeft(tokens) !== '' || doesMore.test(first.value)) return 'the line is needed';
  if (tokens.some(t => /^([-+*/%&|^]?=|\+\+|--|=>)$/.test(t.value))) return 'the line is needed';
  if (first.value === 'console' && !isLeftBehind(lines, text)) return 'the program may be there to say it';
  if (!/\b(remove|delete|debug\w*|left|unused|log|logs|logging)\b/i.test(finding.message))
    return 'it does not say that the line should go';
  const named = codeWords(finding.message, languageId);
  const isNamed = named.length > 0 && named.every(word => tokens.some(t => t.value === word));
  return isNamed ? undefined : 'it speaks of something else';
}

/** Names, numbers and texts have to be there already. */
function inventionProblem(
  gone: CodeToken[],
  come: CodeToken[],
  { message }: Finding,
  { lines, number, text, languageId }: FoundLine,
): string | undefined {
  const words = languageWords(languageId);
  const inFile = namesOf(lines, languageId);
  const elsewhere = namesOf(lines.toSpliced(number - 1, 1), languageId);
  for (const { kind, value } of come) {
    const isThere =
      kind === 'mark' ||
      (kind === 'name' && (inFile.has(value) || words.has(value))) ||
      (kind === 'number' && (text.includes(value) || codeWords(message, languageId).includes(value))) ||
      (kind === 'text' && (words.has(value) || lines.some(line => line !== text && line.includes(value))));
    if (!isThere) return `it names what is not there`;
  }
  // One name in the place of another: right where it was a slip, which is found nowhere else.
  const lost = gone.filter(t => t.kind !== 'mark' && !words.has(t.value));
  const isSlip = ({ kind, value }: CodeToken) =>
    !elsewhere.has(value) && come.some(t => t.kind === kind && editSimilarity(t.value, value) >= leastAlikeNames);
  return lost.every(isSlip) ? undefined : 'it takes away what is there';
}

/** What the whole file does is its style, and what nothing in it speaks for is a guess. */
function styleProblem(
  gone: CodeToken[],
  come: CodeToken[],
  after: CodeToken[],
  { lines, text }: FoundLine,
): string | undefined {
  const has = (tokens: CodeToken[], ...values: string[]) => tokens.some(t => values.includes(t.value));
  const isStyle =
    (has(gone, 'var') && has(come, 'let', 'const') && !isOddOne(lines, declarations.old, declarations.new)) ||
    (has(gone, 'any') && has(come, 'unknown') && !isOddOne(lines, types.loose, types.strict)) ||
    (has(gone, '==', '!=') && has(come, '===', '!==') && !isOddOne(lines, comparisons.loose, comparisons.strict));
  // Of null and undefined at once.
  const isBoth = has(gone, '==', '!=') && /[=!]=\s*null\b/.test(text);
  if (isStyle || isBoth) return 'the whole file is written so';
  // Outside brackets an assignment is a statement.
  if (has(gone, '=') && has(come, '===', '==') && !/^[^=]*\([^=)]*=(?!=)/.test(text)) return 'it is no condition';
  if (!has(come, 'await')) return undefined;
  const called = after[after.findIndex((t, i) => t.kind === 'name' && after[i + 1]?.value === '(')];
  const isDeclared = /\b(?:async|function)\b/.test(text);
  return called && !isDeclared && isWaitedFor(lines, called.value)
    ? undefined
    : 'nothing says that it has to be waited for';
}

/** What the message says of code has to be what changes. */
function messageProblem({ message }: Finding, changed: CodeToken[], { languageId }: FoundLine): string | undefined {
  const named = codeWords(message, languageId);
  return named.every(word => changed.some(t => t.value === word)) ? undefined : 'it speaks of something else';
}

/** Words of a message that are certainly code: marks, numbers, what stands in backticks, and what is no English word. */
function codeWords(message: string, languageId: string): string[] {
  const quoted = [...message.matchAll(/`([^`]+)`/g)].flatMap(([, code]) => codeTokens(code!, languageId).tokens);
  const plain = message.replace(/`[^`]*`/g, ' ').split(/[\s,;.()"']+/);
  const isCode = (word: string) =>
    /^(?:[=!<>&|+*/%^-]{1,3}|\d+|NaN|var|let|const|await|async|any|unknown|debugger|console|typeof|instanceof)$/.test(
      word,
    ) && word !== '-';
  // A short advice at the end, such as `use new Error`, is code too.
  const [, advice = ''] = /\buse ((?:[\w.$]+ ?){1,3})$/i.exec(message) ?? [];
  const advised = codeTokens(advice, languageId).tokens.filter(t => languageWords(languageId).has(t.value));
  return [...quoted, ...advised].map(t => t.value).concat(plain.filter(isCode));
}

function namesOf(lines: readonly string[], languageId: string): Set<string> {
  return new Set(
    lines.flatMap(line => codeTokens(line, languageId).tokens.flatMap(t => (t.kind === 'name' ? [t.value] : []))),
  );
}
