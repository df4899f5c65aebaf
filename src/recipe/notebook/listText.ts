import type { Node } from 'jsonc-parser';
import { nextValue, tokensFrom } from '../tokens.ts';

/** An item of a list of JSON as it is written: with its comments and, where there is one, its comma. */
export interface ListItem {
  /** The white space before it; the first item has none of its own, so that another can take its place. */
  before?: string;
  text: string;
}

/** What a list is written with around its items. */
export interface ListLayout {
  /** Before the first item. */
  first: string;
  /** Before a new item that follows another. */
  between: string;
  /** Between the last item and the bracket. */
  last: string;
  /** Between the brackets where there is no item. */
  empty: string;
  trailingComma: boolean;
}

/**
 * The list whose brackets lie before `start` and at `end`. An item has the comments before it and those behind it on its
 * last line. `fresh` says how items are written into a list that has none.
 */
export function readList(
  text: string,
  { start, end }: { start: number; end: number },
  elements: readonly Node[],
  fresh: Pick<ListLayout, 'between' | 'last'>,
): { items: (ListItem & { start: number })[]; layout: ListLayout } {
  let at = start;
  const items = elements.map(({ offset, length }) => {
    const comma = nextValue(text, offset + length);
    const isComma = comma !== undefined && text[comma.start] === ',';
    const itemEnd = lineEnd(text, isComma ? comma.end : offset + length);
    const whole = text.slice(at, itemEnd);
    at = itemEnd;
    const own = whole.trimStart();
    return { before: whole.slice(0, whole.length - own.length), text: own, start: itemEnd - own.length };
  });
  const rest = text.slice(at, end);
  const hasBreak = /[\r\n]/.test(rest);
  const [first, second] = items;
  const layout = {
    first: first?.before ?? fresh.between,
    between: lastBreak(second?.before ?? (first ? first.before || ' ' : fresh.between)),
    last: first || hasBreak ? rest : fresh.last,
    // What is before the first item ends the line of a comment behind the bracket.
    empty: first && !hasBreak ? first.before : rest,
    trailingComma: items.length > 0 && commaIn(items.at(-1)!.text).isThere,
  };
  return { items: items.map((item, i) => (i === 0 ? { ...item, before: undefined } : item)), layout };
}

/** A list without its brackets. What was read and not changed is the same text. */
export function writeList(layout: ListLayout, items: readonly ListItem[]): string {
  if (items.length === 0) return layout.empty;
  const parts = items.map(({ before = layout.between, text }, i) => {
    const gap = i === 0 ? layout.first : gapAfter(items[i - 1]!, before);
    const hasComma = i < items.length - 1 || layout.trailingComma;
    return gap + (hasComma ? withComma(text) : withoutComma(text));
  });
  return parts.join('') + gapAfter(items.at(-1)!, layout.last);
}

/** A comment that goes to the end of its line keeps that end. */
function gapAfter({ text }: ListItem, gap: string): string {
  return endsInLineComment(text) && !/[\r\n]/.test(gap) ? `\n${gap}` : gap;
}

/** A gap without the blank lines that set one item off from the others. */
function lastBreak(gap: string): string {
  return /(\r\n|\r|\n)[ \t]*$/.exec(gap)?.[0] ?? gap;
}

function withComma(text: string): string {
  const { at, isThere } = commaIn(text);
  return isThere ? text : `${text.slice(0, at)},${text.slice(at)}`;
}

export function withoutComma(text: string): string {
  const { at, isThere } = commaIn(text);
  return isThere ? text.slice(0, at) + text.slice(at + 1) : text;
}

/** Where the comma behind the last value is, or belongs. */
function commaIn(text: string): { at: number; isThere: boolean } {
  const last = [...tokensFrom(text, 0)].findLast(token => token.kind === 'value');
  if (last && text[last.start] === ',') return { at: last.start, isThere: true };
  // Before a comment that goes to the end of the line; behind others, which else would belong to the next item.
  return { at: last && endsInLineComment(text) ? last.end : text.trimEnd().length, isThere: false };
}

function endsInLineComment(text: string): boolean {
  return (
    [...tokensFrom(text, 0)].findLast(token => token.kind !== 'space' && token.kind !== 'break')?.kind === 'lineComment'
  );
}

/** The end of the comments that follow on the same line, where nothing else but a bracket does; else the offset itself. */
export function lineEnd(text: string, offset: number): number {
  let end = offset;
  for (const token of tokensFrom(text, offset)) {
    if (token.kind === 'break') return end;
    if (token.kind === 'value') return '}]'.includes(text[token.start]!) ? end : offset;
    if (token.kind !== 'space') end = token.end;
  }
  return end;
}
