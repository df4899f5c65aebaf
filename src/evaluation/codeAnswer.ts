/** JavaScript out of an answer: the first fenced block, closed or not, or else the whole text. */
export function extractCode(answer: string): string {
  const fence = /^[ \t]*(`{3,}|~{3,})[^\n]*\n([\s\S]*?)(?:^[ \t]*\1|$(?![\s\S]))/mu.exec(answer);
  // Scripts have no exports; generated functions sometimes come with one.
  return (fence ? fence[2]! : answer).replace(/^[ \t]*export[ \t]+(?:default[ \t]+)?/gmu, '').trim();
}

/**
 * Names of the functions that a script declares at its top level: `function f() {}`, and `const f = …` (`let`, `var`)
 * with a function or an arrow on its right.
 */
export function declaredFunctions(source: string): string[] {
  const top = topLevelOf(source);
  const declaration =
    /(?<![\w$.])(?:function\s*\*?\s*([\w$]+)\s*\(|(?:const|let|var)\s+([\w$]+)\s*=\s*(?:async\b\s*)?(?:function\b|\(\s*\)\s*=>|[\w$]+\s*=>))/gu;
  return [...top.matchAll(declaration)].map(match => match[1] ?? match[2]!);
}

/** The source with comments, and what stands inside brackets and quotes, left out. */
function topLevelOf(source: string): string {
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?|`(?:\\[\s\S]|[^`\\])*`?|[([{]|[)\]}]|\/|[^/"'`()[\]{}]+/gu;
  let depth = 0;
  let top = '';
  let at = 0;
  while (at < source.length) {
    token.lastIndex = at;
    let piece = token.exec(source)?.[0] ?? source[at]!;
    if (piece === '/') piece = regexLiteralAt(source, at) ?? piece;
    at += piece.length;
    if (piece.startsWith('//') || piece.startsWith('/*')) {
      if (depth === 0) top += ' ';
    } else if (/^[([{]$/u.test(piece)) {
      if (depth++ === 0) top += piece;
    } else if (/^[)\]}]$/u.test(piece)) {
      if (--depth === 0) top += piece;
    } else if (depth === 0) top += /^["'`]/u.test(piece) ? "''" : piece;
  }
  return top;
}

/** A slash after a value divides; after an operator, a bracket or `return` it starts a regular expression. */
function regexLiteralAt(source: string, at: number): string | undefined {
  const before = source.slice(0, at).trimEnd();
  if (/[\w$)\]}"'`]$/u.test(before) && !/\b(?:return|typeof|case|in|of)$/u.test(before)) return undefined;
  return /^\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/u.exec(source.slice(at))?.[0];
}
