import { editSimilarity } from '../evaluation/editSimilarity.ts';
import { type CodeToken, codeTokens } from './codeTokens.ts';
import { comparisons, declarations, isLeftBehind, isOddOne, isWaitedFor } from './fileStyle.ts';
import type { Finding } from './findings.ts';
import { languageWords } from './languageWords.ts';

/** What a line may have been meant to be: a finding if a model finds that far more probable than what stands there. */
export type Slip = Omit<Finding, 'line'> & {
  /** Nobody has to be asked: no line is meant so. */
  isCertain?: true;
};

interface Place {
  /** The line without its indentation and what is behind its code. */
  text: string;
  tokens: CodeToken[];
  isScript: boolean;
  languageId: string;
  /** Names of the other lines of the file, the nearest first. */
  names: string[];
}

const scripts = /^(?:java|type)script(?:react)?$/;
/** Names that are compared with a misspelt one: more take time, and are far away. */
const mostNames = 400;

/** What a line of a file may have been meant to be, one slip each; `number` is the line's, from 1. */
export function slipsOf(lines: readonly string[], number: number, languageId: string): Slip[] {
  const text = lines[number - 1]!.trim();
  const { tokens, isOpen } = codeTokens(text, languageId);
  if (tokens.length === 0 || isOpen || text.length > 200) return [];
  const isScript = scripts.test(languageId);
  const place: Place = { text, tokens, isScript, languageId, names: namesAround(lines, number, languageId) };
  const found = kinds.flatMap(kind => kind(place, lines));
  return found.filter(
    (slip, i) => slip.replacement !== text && found.findIndex(f => f.replacement === slip.replacement) === i,
  );
}

type SlipKind = (place: Place, lines: readonly string[]) => Slip[];

/** A slip that a pattern finds, of JavaScript and TypeScript unless it is of any language. */
function replaced(
  from: RegExp,
  to: string,
  message: string,
  more: { isOfAny?: true; severity?: Slip['severity'] } = {},
): SlipKind {
  return ({ text, isScript }) => {
    if (!(isScript || more.isOfAny) || !from.test(text)) return [];
    return [{ severity: more.severity ?? 'error', message, replacement: text.replace(from, to) }];
  };
}

const kinds: SlipKind[] = [
  looseComparison,
  oldDeclaration,
  replaced(
    /^((?:\} else )?if \((?:[^()=]|\([^()]*\))*?[\w)\]]) = (?=[^=])/,
    '$1 === ',
    'assigns in a condition, use ===',
  ),
  replaced(/ <= (\S+\.(?:length|size)\b)/, ' < $1', 'runs past the end, use <', { isOfAny: true }),
  replaced(/([\w$.]+) === NaN\b/, 'Number.isNaN($1)', 'nothing equals NaN, use Number.isNaN'),
  replaced(/^((?:\} else )?(?:if|while|for) \(.*\)); \{$/, '$1 {', 'the `;` ends the statement before its block', {
    isOfAny: true,
  }),
  replaced(/!(\w+) in (\w+)/, '!($1 in $2)', '`!` is of the name alone, use brackets around `in`'),
  replaced(/(parseInt\([\w.[\]]+)\)/, '$1, 10)', 'parses without a radix, use 10', { severity: 'info' }),
  replaced(/\bthrow (["'][^"']*["']|`[^`]*`)/, 'throw new Error($1)', 'throws a text, use new Error', {
    severity: 'warning',
  }),
  missingAwait,
  leftBehind,
  comparedWithItself,
  misspelt,
];

function looseComparison({ text, isScript }: Place, lines: readonly string[]): Slip[] {
  const { loose, strict } = comparisons;
  const [, mark] = loose.exec(text) ?? [];
  if (!isScript || !mark || !isOddOne(lines, loose, strict)) return [];
  const message = `compares with ${mark}=, use ${mark}==`;
  return [{ severity: 'warning', message, replacement: text.replace(loose, '$1==') }];
}

function oldDeclaration({ text, isScript }: Place, lines: readonly string[]): Slip[] {
  const [, name] = /\bvar ([\w$]+) (?:=(?!=)|of\b|in\b)/.exec(text) ?? [];
  if (!isScript || !name || !isOddOne(lines, declarations.old, declarations.new)) return [];
  const escaped = name.replace(/\$/g, '\\$');
  const isWritten = new RegExp(
    `(?<![.\\w$])${escaped}\\s*(?:[-+*/%&|^?]{0,3}=(?![=>])|\\+\\+|--)|(?:\\+\\+|--)${escaped}\\b`,
  );
  const isConstant = lines.filter(line => isWritten.test(line)).length <= 1;
  const word = isConstant ? 'const' : 'let';
  const message = `declares with var, use ${word}`;
  return [{ severity: 'warning', message, replacement: text.replace(/\bvar\b/, word) }];
}

function missingAwait({ text, isScript }: Place, lines: readonly string[]): Slip[] {
  if (!isScript || /\bawait\b/.test(text)) return [];
  const [whole, start, called] = /^((?:(?:const|let|var) [^=]+ = |[\w.]+ = )?)((?:[\w$]+\.)*[\w$]+)\(/.exec(text) ?? [];
  const name = called?.split('.').at(-1);
  if (whole === undefined || !name || !isWaitedFor(lines, name)) return [];
  const replacement = `${start}await ${text.slice(start!.length)}`;
  return [{ severity: 'error', message: 'does not wait for the result, use await', replacement }];
}

/** A line that shows what is in a name: no program does that for its user. */
function leftBehind({ text, isScript }: Place, lines: readonly string[]): Slip[] {
  if (!isScript) return [];
  if (/^debugger;?$/.test(text))
    return [{ severity: 'warning', message: 'stops in the debugger, remove it', replacement: '', isCertain: true }];
  if (!isLeftBehind(lines, text)) return [];
  return [{ severity: 'info', message: 'logs to the console, remove it', replacement: '', isCertain: true }];
}

function comparedWithItself({ text, names, isScript }: Place): Slip[] {
  const [whole, name, mark] = /(?<![.\w$])([A-Za-z_$][\w$]*) (===?|!==?) \1\b(?![.([])/.exec(text) ?? [];
  // A value that is not itself is NaN.
  if (!whole || !name || (isScript && mark!.startsWith('!'))) return [];
  return names
    .filter(other => other !== name)
    .slice(0, 6)
    .map(other => ({
      severity: 'error' as const,
      message: `compares \`${name}\` with itself`,
      replacement: text.replace(whole, `${name} ${mark} ${other}`),
    }));
}

/** A name or a text that is found nowhere else, with one that is like it. */
function misspelt({ text, tokens, names, languageId }: Place, lines: readonly string[]): Slip[] {
  const words = languageWords(languageId);
  const isSpelt = (value: string) => words.has(value) || names.includes(value);
  const slips: Slip[] = [];
  for (const { kind, value } of tokens) {
    const isName = kind === 'name' && value.length >= 4;
    const isTypeName = kind === 'text' && /\btypeof\b/.test(text) && value.length >= 4;
    if (!(isName || isTypeName) || isSpelt(value) || declares(text, value)) continue;
    if (lines.filter(line => line.includes(value)).length > 1) continue;
    const near = [...new Set([...names, ...words])]
      .filter(other => Math.abs(other.length - value.length) <= 1 && isSlipOf(value, other))
      .sort((a, b) => editSimilarity(value, b) - editSimilarity(value, a))
      .slice(0, 2);
    for (const other of near)
      slips.push({
        severity: 'error',
        message: `\`${value}\` seems to be meant as \`${other}\``,
        replacement: text.replace(value, other),
      });
  }
  return slips;
}

/** One letter more, less or other, or two in the place of each other. */
function isSlipOf(name: string, other: string): boolean {
  // Names that are numbered are others.
  if (name.replace(/\d+/g, '') === other.replace(/\d+/g, '')) return false;
  const longest = Math.max(name.length, other.length);
  if ((1 - editSimilarity(name, other)) * longest < 1.5) return true;
  return name.length === other.length && [...name].some((_, i) => swapped(name, i) === other);
}

const swapped = (name: string, i: number) => name.slice(0, i) + (name[i + 1] ?? '') + name[i] + name.slice(i + 2);

function declares(text: string, name: string): boolean {
  const escaped = name.replace(/\$/g, '\\$');
  return new RegExp(
    `\\b(?:const|let|var|function|class|def|import|type|interface|enum)\\b[^=]*(?<![\\w$])${escaped}(?![\\w$])|^${escaped}\\??\\s*[:(]|(?<![\\w$.])${escaped}(?:\\)|,[^)]*\\))?(?:: [\\w<>[\\]]+)? =>`,
  ).test(text);
}

function namesAround(lines: readonly string[], number: number, languageId: string): string[] {
  const words = languageWords(languageId);
  const near = lines
    .map((line, i) => ({ line, distance: Math.abs(i - (number - 1)) }))
    .filter(({ distance }) => distance > 0 && distance < 300)
    .sort((a, b) => a.distance - b.distance);
  const names = new Set<string>();
  for (const { line } of near) {
    for (const { kind, value } of codeTokens(line, languageId).tokens)
      if (kind === 'name' && !words.has(value)) names.add(value);
    if (names.size > mostNames) break;
  }
  return [...names];
}
