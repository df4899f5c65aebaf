/**
 * Whether `text` has `mark` at `at`, white space aside: models write other blanks around marks than templates do. Gives
 * where the mark ends; `partial` where the text ends within it. A mark without a character of its own stands nowhere.
 */
export function markAt(text: string, at: number, mark: string): number | 'partial' | undefined {
  if (mark.trim() === '') return undefined;
  let i = at;
  for (const character of mark) {
    if (isBlank(character)) continue;
    while (i < text.length && isBlank(text[i]!)) i++;
    if (i >= text.length) return 'partial';
    // In halves where the text ends within a character.
    for (const unit of character.split('')) {
      if (i >= text.length) return 'partial';
      if (text[i++] !== unit) return undefined;
    }
  }
  return i;
}

/** The first place where one of the marks stands, or may come to stand (without an end). */
export function firstMark(text: string, marks: readonly string[]): { start: number; end?: number } | undefined {
  for (let start = 0; start < text.length; start++) {
    if (isBlank(text[start]!)) continue;
    let isPartial = false;
    for (const mark of marks) {
      const end = markAt(text, start, mark);
      if (typeof end === 'number') return { start, end };
      isPartial ||= end === 'partial';
    }
    if (isPartial) return { start };
  }
  return undefined;
}

export function isBlank(character: string): boolean {
  return character === ' ' || character === '\n' || character === '\r' || character === '\t';
}
