import { WorkbenchError } from '../../protocol/errors.ts';
import { type CodePoints, complement, digits, dot, spaces, union, wordCharacters } from './codePoints.ts';

/** A regular expression, as a tree. */
export type Pattern =
  | { kind: 'characters'; set: CodePoints }
  | { kind: 'sequence'; parts: Pattern[] }
  | { kind: 'choice'; parts: Pattern[] }
  | { kind: 'repeat'; part: Pattern; least: number; most: number };

/** One of the alternatives of a pattern, and whether it has to begin and end where the text does. */
export interface Alternative {
  pattern: Pattern;
  isAtStart: boolean;
  isAtEnd: boolean;
  /** What the text must also match from its start on, or must not: groups `(?=…)` and `(?!…)` that follow `^`. */
  conditions: { alternatives: Alternative[]; isNegated: boolean }[];
}

const deepestGroups = 50;

/**
 * Reads a regular expression of ECMAScript (flag u) as far as it is regular: `^` and `$` at the ends of an alternative,
 * groups, classes, quantifiers, and lookahead right behind `^`. Throws `unsupported` for other lookaround, references, \b
 * and \p, and `badRequest` for what is no regular expression.
 */
export function parsePattern(source: string): Alternative[] {
  try {
    new RegExp(source);
  } catch {
    throw new WorkbenchError('badRequest', `the pattern '${source.slice(0, 200)}' is no regular expression`);
  }
  const text = Array.from(source);
  let at = 0;

  const refuse = (what: string) =>
    new WorkbenchError(
      'unsupported',
      `the pattern '${source.slice(0, 200)}' has ${what}, which answers cannot be held to`,
      'Write the pattern without it, or leave it out and check the answer.',
    );

  /** Up to the end of the pattern, or of the lookahead that they are in; those of one start where the text does. */
  const alternatives = (depth: number): Alternative[] => {
    if (depth > deepestGroups) throw refuse(`more than ${deepestGroups} groups in each other`);
    const all: Alternative[] = [];
    do {
      if (all.length > 0) at++;
      const isAtStart = text[at] === '^' || depth > 0;
      if (text[at] === '^') at++;
      const conditions: Alternative['conditions'] = [];
      while (isAtStart && text[at] === '(' && text[at + 1] === '?' && (text[at + 2] === '=' || text[at + 2] === '!')) {
        const isNegated = text[at + 2] === '!';
        at += 3;
        conditions.push({ alternatives: alternatives(depth + 1), isNegated });
        at++;
      }
      const pattern = sequence(depth, true);
      const isAtEnd = text[at] === '$';
      if (isAtEnd) at++;
      all.push({ pattern, isAtStart, isAtEnd, conditions });
    } while (text[at] === '|');
    return all;
  };

  const choice = (depth: number): Pattern => {
    if (depth > deepestGroups) throw refuse(`more than ${deepestGroups} groups in each other`);
    const parts = [sequence(depth)];
    while (text[at] === '|') {
      at++;
      parts.push(sequence(depth));
    }
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts };
  };

  const sequence = (depth: number, mayEnd = false): Pattern => {
    const parts: Pattern[] = [];
    while (at < text.length && text[at] !== '|' && text[at] !== ')') {
      if (mayEnd && text[at] === '$' && [undefined, '|', ')'].includes(text[at + 1])) break;
      parts.push(quantified(atom(depth)));
    }
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts };
  };

  const atom = (depth: number): Pattern => {
    const c = text[at++]!;
    if (c === '(') return group(depth);
    if (c === '[') return { kind: 'characters', set: characterClass() };
    if (c === '.') return { kind: 'characters', set: dot };
    if (c === '\\') return { kind: 'characters', set: escaped() };
    if (c === '^' || c === '$') throw refuse(`a ${c} that is not at the end of the pattern`);
    return { kind: 'characters', set: one(c) };
  };

  const group = (depth: number): Pattern => {
    if (text[at] === '?') {
      const kind = text.slice(at, at + 3).join('');
      if (kind.startsWith('?:')) at += 2;
      else if (kind.startsWith('?<') && kind !== '?<=' && kind !== '?<!') at = text.indexOf('>', at) + 1;
      else throw refuse(`the group (${kind}`);
    }
    const inner = choice(depth + 1);
    at++;
    return inner;
  };

  const quantified = (part: Pattern): Pattern => {
    const bounds = quantifier();
    if (!bounds) return part;
    // Lazy or not, the same texts match.
    if (text[at] === '?') at++;
    return { kind: 'repeat', part, least: bounds[0], most: bounds[1] };
  };

  const quantifier = (): [number, number] | undefined => {
    const c = text[at];
    if (c === '*' || c === '+' || c === '?') {
      at++;
      return c === '*' ? [0, Infinity] : c === '+' ? [1, Infinity] : [0, 1];
    }
    const braces = c === '{' && /^\{(\d+)(,(\d*))?\}/.exec(text.slice(at, at + 40).join(''));
    if (!braces) return undefined;
    at += braces[0].length;
    const least = Number(braces[1]);
    return [least, braces[2] === undefined ? least : braces[3] ? Number(braces[3]) : Infinity];
  };

  /** What a backslash begins, in a class or outside. */
  const escaped = (isInClass = false): CodePoints => {
    const c = text[at++]!;
    const known = classEscapes[c];
    if (known) return known;
    const control = controls[c];
    if (control !== undefined) return [[control, control]];
    if (c === 'b' && isInClass) return [[8, 8]];
    if (c === '0' && !/\d/.test(text[at] ?? '')) return [[0, 0]];
    if (c === 'x' || c === 'u') return [hexadecimal(c)];
    if (/[A-Za-z0-9]/.test(c)) throw refuse(`\\${c}`);
    return one(c);
  };

  const hexadecimal = (kind: string): [number, number] => {
    const rest = text.slice(at, at + 12).join('');
    const found = (kind === 'x' ? /^([\da-f]{2})/i : /^(?:\{([\da-f]+)\}|([\da-f]{4}))/i).exec(rest);
    if (!found) throw refuse(`\\${kind} without its digits`);
    at += found[0].length;
    const code = Number.parseInt(found[1] ?? found[2]!, 16);
    return [code, code];
  };

  const characterClass = (): CodePoints => {
    const isNegated = text[at] === '^';
    if (isNegated) at++;
    const sets: CodePoints[] = [];
    const member = (): CodePoints => {
      const c = text[at++]!;
      return c === '\\' ? escaped(true) : one(c);
    };
    while (text[at] !== ']') {
      const from = member();
      const isRange = text[at] === '-' && text[at + 1] !== ']' && isOne(from);
      if (!isRange) {
        sets.push(from);
        continue;
      }
      at++;
      const to = member();
      sets.push(isOne(to) ? [[from[0]![0], to[0]![0]]] : union(from, one('-'), to));
    }
    at++;
    const set = union(...sets);
    return isNegated ? complement(set) : set;
  };

  return alternatives(0);
}

const classEscapes: Record<string, CodePoints> = {
  d: digits,
  D: complement(digits),
  w: wordCharacters,
  W: complement(wordCharacters),
  s: spaces,
  S: complement(spaces),
};
const controls: Record<string, number> = { t: 9, n: 10, v: 11, f: 12, r: 13 };

function one(character: string): CodePoints {
  const code = character.codePointAt(0)!;
  return [[code, code]];
}

function isOne(set: CodePoints): boolean {
  return set.length === 1 && set[0]![0] === set[0]![1];
}
