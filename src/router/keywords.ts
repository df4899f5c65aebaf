import { type Evidence, type Router, routeFromShares } from './router.ts';
import { normalizeText, wordsOf } from './words.ts';

/** Points per word or phrase, per expert. */
export type KeywordTable = Record<string, Record<string, number>>;

/** The table a recipe gets when it asks for keywords and states none: the domains math, code and qa. */
export const defaultKeywords: KeywordTable = {
  math: {
    ...points(1, 'math', 'maths', 'solve', 'compute', 'calculate', 'evaluate', 'simplify', 'factor', 'quadratic'),
    ...points(1, 'equation', 'equations', 'sum', 'product', 'percent', 'percentage', 'average', 'how many', 'how much'),
    ...points(1, 'total', 'twice', 'altogether', 'remainder', 'area', 'perimeter', 'volume', 'radius', 'probability'),
    ...points(2, 'derivative', 'integral', 'polynomial', 'fraction', 'sequence', 'arithmetic', 'algebra', 'geometry'),
    ...points(2, 'differentiate', 'integrate', 'plus', 'minus', 'divided by', 'multiplied by', 'square root'),
  },
  code: {
    ...points(3, 'python', 'javascript', 'typescript', 'java', 'rust', 'golang', 'c++', 'c#', 'sql', 'bash', 'kotlin'),
    ...points(3, 'write a function', 'function to', 'function that', 'regex', 'regular expression', 'refactor', 'html'),
    ...points(2, 'code', 'script', 'program', 'method', 'class', 'array', 'string', 'loop', 'bug', 'debug', 'compile'),
    ...points(2, 'unit test', 'unit tests', 'algorithm', 'api', 'css', 'json', 'variable', 'exception', 'linked list'),
    ...points(
      1,
      'implement',
      'list',
      'function',
      'input',
      'output',
      'return',
      'returns',
      'sort',
      'tuple',
      'dictionary',
    ),
  },
  qa: {
    ...points(1, 'who', 'where', 'when', 'why', 'which', 'what', 'explain', 'describe', 'meaning', 'called', 'named'),
    ...points(
      2,
      'define',
      'definition',
      'what does',
      'capital of',
      'invented',
      'discovered',
      'born',
      'author',
      'wrote',
    ),
    ...points(3, 'passage', 'context', 'according to', 'answer the question', 'paragraph', 'read the text'),
  },
};

/**
 * Routes by a visible table. A key matches whole words only, and a key of several words matches them in a row; each
 * key counts once however often it occurs. The shares are the points of each expert.
 */
export function keywordRouter(table: KeywordTable): Router {
  const entries = Object.entries(table).flatMap(([expert, words]) =>
    Object.entries(words).map(([key, weight]) => ({ expert, key, weight, needle: padded(key) })),
  );
  return prompt => {
    const hay = padded(prompt);
    const evidence: Evidence[] = entries
      .filter(({ needle, weight }) => needle !== emptyNeedle && weight !== 0 && hay.includes(needle))
      .map(({ expert, key, weight }) => ({ expert, feature: key, contribution: weight }));
    evidence.sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
    const shares: Record<string, number> = {};
    for (const { expert, contribution } of evidence) shares[expert] = (shares[expert] ?? 0) + contribution;
    for (const [expert, share] of Object.entries(shares)) shares[expert] = Math.max(0, share);
    return routeFromShares(shares, evidence);
  };
}

// Words joined by a sign that no word can hold make a whole-word phrase match one substring search.
const separator = '\u0000';
const emptyNeedle = separator + separator;

function padded(text: string): string {
  return separator + wordsOf(normalizeText(text)).join(separator) + separator;
}

function points(weight: number, ...keys: string[]): Record<string, number> {
  return Object.fromEntries(keys.map(key => [key, weight]));
}
