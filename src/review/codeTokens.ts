/** A piece of code: a name, a number, a text in quotes or a mark such as `===`. */
export interface CodeToken {
  kind: 'name' | 'number' | 'text' | 'mark';
  /** Of a text, what is inside the quotes: their form says nothing. */
  value: string;
}

export interface TokenizedLine {
  tokens: CodeToken[];
  /** A text that begins in the line and does not end there. */
  isOpen: boolean;
}

const hashComments = ['python', 'ruby', 'shellscript', 'perl', 'r', 'yaml', 'dockerfile', 'makefile', 'powershell'];

const pieces = {
  space: /\s+/y,
  name: /[\p{L}_$@][\p{L}\p{N}_$]*/uy,
  number: /\.?\d[\w.]*/y,
  text: /(["'`])((?:\\.|(?!\1)[^\\])*)\1/y,
  mark: /===|!==|>>>|\.\.\.|\*\*|=>|->|::|:=|[=!<>]=|&&|\|\||\?\?|\?\.|\+\+|--|<<|>>|[-+*/%&|^]=|[^\s]/y,
};

/** The tokens of a line of code, its comments apart; made for any language, and so exact for none. */
export function codeTokens(line: string, languageId: string): TokenizedLine {
  const comment = hashComments.includes(languageId) ? /#.*/y : /\/\/.*|\/\*(?:.*?\*\/|.*)|^\s*\*(?:\s.*|\/)?$/y;
  const tokens: CodeToken[] = [];
  let at = 0;
  const read = (piece: RegExp): RegExpExecArray | null => {
    piece.lastIndex = at;
    const found = piece.exec(line);
    if (found) at = piece.lastIndex;
    return found;
  };
  while (at < line.length) {
    if (read(comment) || read(pieces.space)) continue;
    const text = read(pieces.text);
    if (text) tokens.push({ kind: 'text', value: text[2]! });
    else if (/["'`]/.test(line[at]!)) return { tokens, isOpen: true };
    else {
      const kind = (['name', 'number', 'mark'] as const).find(k => {
        const found = read(pieces[k]);
        if (found) tokens.push({ kind: k, value: found[0] });
        return found;
      });
      // A mark is any character that is left; half a pair of surrogates is one too.
      if (!kind) at++;
    }
  }
  return { tokens, isOpen: false };
}

/** The brackets that a line leaves open or closes, such as `)){`. */
export function bracketsLeft(tokens: readonly CodeToken[]): string {
  const pairs: Record<string, string> = { ')': '(', ']': '[', '}': '{' };
  let left = '';
  for (const { kind, value } of tokens) {
    if (kind !== 'mark' || !/^[()[\]{}]$/.test(value)) continue;
    const opening = pairs[value];
    left = opening !== undefined && left.endsWith(opening) ? left.slice(0, -1) : left + value;
  }
  return left;
}

/** What one line has and another has not, counted. */
export function tokensBeside(tokens: readonly CodeToken[], others: readonly CodeToken[]): CodeToken[] {
  const rest = [...others];
  return tokens.filter(token => {
    const at = rest.findIndex(other => other.kind === token.kind && other.value === token.value);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}
