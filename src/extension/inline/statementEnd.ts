/**
 * Where the statement ends that a suggestion goes on with: at the first line end at which no bracket is open that the
 * suggestion or the cursor's own line has opened, and behind which the indentation is back at the cursor's. Undefined
 * while that cannot be told, since more may follow.
 * @param line of the cursor, up to it.
 */
export function statementEnd(suggestion: string, line: string): number | undefined {
  const lines = suggestion.split('\n');
  const own = indentation(line);
  let open = Math.max(0, brackets(line).depth);
  let quote: string | undefined = brackets(line).quote;
  let at = 0;
  let hasBegun = line.trim() !== '';
  for (const [i, each] of lines.entries()) {
    const read = brackets(each, quote);
    open += read.depth;
    quote = read.quote;
    at += each.length;
    hasBegun ||= each.trim() !== '';
    const next = lines.slice(i + 1).find(l => l.trim() !== '');
    const isReturned = next !== undefined && indentation(next) <= own;
    // What comes next in the line of a cursor behind a word may be nothing but the line's end.
    const isBlankStart = i === 0 && each.trim() === '';
    if (hasBegun && !isBlankStart && open <= 0 && quote === undefined && isReturned) return at;
    at++;
  }
  return undefined;
}

function indentation(line: string): number {
  return line.length - line.trimStart().length;
}

/** Brackets that a line opens more than it closes, and the quote that is open at its end, where it may go on. */
function brackets(line: string, quote?: string): { depth: number; quote?: string } {
  let depth = 0;
  for (let i = 0; i < line.length; i++) {
    const character = line[i]!;
    if (quote !== undefined) {
      if (character === '\\') i++;
      else if (character === quote) quote = undefined;
    } else if (character === '"' || character === "'" || character === '`') quote = character;
    else if (character === '/' && line[i + 1] === '/') break;
    else if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character)) depth--;
  }
  return { depth, ...(quote === '`' && { quote }) };
}
