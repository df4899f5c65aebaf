import { createScanner } from 'jsonc-parser';

export interface Token {
  /** `value` is everything that is neither white space nor a comment. */
  kind: 'space' | 'break' | 'lineComment' | 'blockComment' | 'value';
  start: number;
  end: number;
}

/** The tokens of JSON with comments, from an offset that none of them lies across. */
export function* tokensFrom(text: string, offset: number): Generator<Token> {
  const scanner = createScanner(text);
  scanner.setPosition(offset);
  for (scanner.scan(); scanner.getTokenOffset() < text.length; scanner.scan()) {
    const start = scanner.getTokenOffset();
    yield { kind: kindOf(text.slice(start, start + 2)), start, end: start + scanner.getTokenLength() };
  }
}

function kindOf(first: string): Token['kind'] {
  if (first === '//') return 'lineComment';
  if (first === '/*') return 'blockComment';
  if ('\r\n'.includes(first[0]!)) return 'break';
  return ' \t'.includes(first[0]!) ? 'space' : 'value';
}

/** The first token from an offset that is neither white space nor a comment. */
export function nextValue(text: string, offset: number): Token | undefined {
  for (const token of tokensFrom(text, offset)) if (token.kind === 'value') return token;
  return undefined;
}
