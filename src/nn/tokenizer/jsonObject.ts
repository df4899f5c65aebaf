/** A JSON object within a text, and where the values of its own keys stand: `[start, end)`. */
export interface ObjectPlace {
  end: number;
  members: { key: string; start: number; end: number }[];
}

/** What may stand in JSON outside of its strings. */
const structure = /[\s{}[\]:,\d+\-.eEtrufalsn]/;

/**
 * Reads the JSON object that begins at `start`. `partial` where the text ends before it does, `broken` as soon as what is
 * there cannot become one.
 */
export function objectAt(text: string, start: number): ObjectPlace | 'partial' | 'broken' {
  if (start >= text.length) return 'partial';
  if (text[start] !== '{') return 'broken';
  const members: ObjectPlace['members'] = [];
  let depth = 0;
  let key: string | undefined;
  let valueAt = 0;
  const endValue = (at: number) => {
    if (key !== undefined) members.push({ key, start: valueAt, end: at });
    key = undefined;
  };
  for (let i = start; i < text.length; i++) {
    const character = text[i]!;
    if (character === '"') {
      const end = stringEnd(text, i);
      if (typeof end === 'string') return end;
      if (depth === 1 && key === undefined) {
        const colon = /^\s*:\s*/.exec(text.slice(end));
        if (colon) {
          key = parsed(text.slice(i, end)) as string | undefined;
          if (key === undefined) return 'broken';
          valueAt = end + colon[0].length;
        }
      }
      i = end - 1;
      continue;
    }
    if (!structure.test(character)) return 'broken';
    if (character === ',' && depth === 1) endValue(i);
    if (character === '{' || character === '[') depth++;
    if (character !== '}' && character !== ']') continue;
    depth--;
    if (depth > 0) continue;
    endValue(i);
    const isWhole = parsed(text.slice(start, i + 1)) !== undefined;
    return isWhole ? { end: i + 1, members } : 'broken';
  }
  return 'partial';
}

/** Past the closing quote of the string that begins at `start`. */
function stringEnd(text: string, start: number): number | 'partial' | 'broken' {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i + 1;
    // JSON has no control characters in its strings: a quote that is never closed shows at the end of its line.
    else if (text[i]! < ' ') return 'broken';
  }
  return 'partial';
}

/** The value of a JSON text; undefined for what is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
