import { WorkbenchError } from '../../protocol/errors.ts';
import { type FillTokens, fillTokens } from './fillTokens.ts';
import { type Encode, plainText } from './plainText.ts';
import type { Tokenizer } from './tokenizer.ts';

/** A text with a gap in it. */
export interface Gap {
  prefix: string;
  suffix: string;
  /** Of the file that has the gap. */
  path?: string;
  /** What else is read, the most important last. */
  files?: readonly { path: string; text: string }[];
}

export interface FillPrompt {
  ids: number[];
  /** Tokens that end the answer, beside those that end any. */
  stopIds: number[];
  /** Tokens that the decoder of the answer takes for said before it, so that a blank at its beginning stays; mostly none. */
  said: number[];
}

/** Of the room for prefix and suffix, the suffix's where both are too long: as llama.cpp shares it. */
const suffixShare = 1 / 4;

/**
 * The ids after which a base writes what fills a gap, in the order and form that it has learned. Where there is not room
 * for all, other files go first; then the prefix loses its beginning and the suffix its end, at line ends.
 * @param room in tokens.
 * @throws WorkbenchError `unsupported` for a base without tokens for that, `badRequest` where not even those have room.
 */
export function fillPrompt(tokenizer: Tokenizer, gap: Gap, room: number): FillPrompt {
  const tokens = fillTokensOf(tokenizer);
  const { encode, encodeNext, said } = plainText(tokenizer);
  const { files = [], path } = gap;
  const form = formOf(tokens, encode, files.length > 0 || path !== undefined ? (path ?? 'file') : undefined);
  const begin = beginOf(tokenizer);
  const fixed = begin.length + form.opening.length + form.own.length + form.within.length + 3;
  if (fixed > room)
    throw new WorkbenchError(
      'badRequest',
      `there is room for ${room} tokens before the answer; what marks a gap takes ${fixed}`,
      'Allow shorter answers, or use a base with a longer context.',
    );

  const budget = room - fixed;
  // A blank goes before the first text alone.
  const isFirst = form.within.length === 0 && (form.areFilesBefore || files.length === 0);
  const ofPrefix = isFirst ? encode : encodeNext;
  let prefix = endWithin(gap.prefix, budget, ofPrefix);
  let suffix = beginningWithin(gap.suffix, budget, encodeNext);
  if (prefix.ids.length + suffix.ids.length > budget) {
    const most = Math.max(Math.floor(budget * suffixShare), budget - prefix.ids.length);
    suffix = beginningWithin(gap.suffix, most, encodeNext);
    prefix = endWithin(gap.prefix, budget - suffix.ids.length, ofPrefix);
  }
  let left = prefix.isWhole && suffix.isWhole ? budget - prefix.ids.length - suffix.ids.length : 0;
  const others: number[][] = [];
  for (const { path, text } of [...files].reverse()) {
    const ids = form.file(path, text);
    if (ids.length > left) continue;
    left -= ids.length;
    others.unshift(ids);
  }
  return {
    ids: [
      ...begin,
      ...form.opening,
      ...(form.areFilesBefore ? others.flat() : []),
      ...form.own,
      tokens.prefix,
      ...(form.areFilesBefore ? [] : others.flat()),
      ...form.within,
      ...prefix.ids,
      tokens.suffix,
      ...suffix.ids,
      tokens.middle,
    ],
    stopIds: tokens.stopIds,
    said,
  };
}

/** The ids of what fills a gap, as they follow its prompt, with the token that ends it where there is one. */
export function middleIds(tokenizer: Tokenizer, middle: string): { ids: number[]; isEnded: boolean } {
  const { end } = fillTokensOf(tokenizer);
  const ids = plainText(tokenizer).encodeNext(middle);
  return { ids: end === undefined ? ids : [...ids, end], isEnded: end !== undefined };
}

/** Throws `unsupported` for a base that has no tokens to fill a gap with. */
function fillTokensOf(tokenizer: Tokenizer): FillTokens {
  const tokens = fillTokens(tokenizer);
  if (tokens) return tokens;
  throw noFillTokens();
}

export function noFillTokens(): WorkbenchError {
  return new WorkbenchError(
    'unsupported',
    "the base's vocabulary has no tokens for filling a gap (such as <|fim_prefix|>, <|fim_suffix|> and <|fim_middle|>)",
    'Use a base that was trained to fill gaps, such as Qwen2.5-Coder, StarCoder2 or Granite Code.',
  );
}

/** How files stand before a gap. */
interface Form {
  /** Before all files. */
  opening: number[];
  /** Whether other files stand before the token that begins the prefix, or behind it. */
  areFilesBefore: boolean;
  file(path: string, text: string): number[];
  /** What stands of the gap's own file before that token, and behind it. */
  own: number[];
  within: number[];
}

/** @param path of the gap's own file; undefined where neither it nor other files are named. */
function formOf({ layout, file, repository }: FillTokens, encode: Encode, path: string | undefined): Form {
  const isNamed = path !== undefined;
  if (file === undefined)
    return {
      ...{ opening: [], areFilesBefore: false, own: [] },
      file: (name, text) => encode(`#${name}\n${lined(text)}`),
      within: isNamed ? encode(`#${path}\n`) : [],
    };
  if (layout === 'joined')
    // A repository need not be named there, and what it is called is not known.
    return {
      ...{ opening: [], areFilesBefore: true },
      file: (name, text) => [file, ...encode(`${name}\n${text}`)],
      own: isNamed ? [file] : [],
      within: isNamed ? encode(`${path}\n`) : [],
    };
  return {
    opening: isNamed && repository !== undefined ? [repository, ...encode('repository\n')] : [],
    areFilesBefore: true,
    file: (name, text) => [file, ...encode(`${name}\n${lined(text)}`)],
    own: isNamed ? [file, ...encode(`${path}\n`)] : [],
    within: [],
  };
}

function lined(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}

/** BOS, where the base's texts begin with it. */
function beginOf(tokenizer: Tokenizer): number[] {
  const bos = tokenizer.bosToken === undefined ? undefined : tokenizer.idOf(tokenizer.bosToken);
  return bos !== undefined && tokenizer.encode('a')[0] === bos ? [bos] : [];
}

/** What of a text has room. */
interface Kept {
  ids: number[];
  isWhole: boolean;
}

/** The last lines of a text that have room; of a last line that is longer, its end. */
function endWithin(text: string, room: number, encode: Encode): Kept {
  const lines = text.split(/(?<=\n)/);
  let from = lines.length;
  let used = 0;
  while (from > 0 && (used += encode(lines[from - 1]!).length) <= room) from--;
  for (; from < lines.length; from++) {
    const ids = encode(lines.slice(from).join(''));
    if (ids.length <= room) return { ids, isWhole: from === 0 };
  }
  const last = encode(lines.at(-1)!);
  return { ids: last.slice(Math.max(0, last.length - room)), isWhole: last.length === 0 && lines.length === 1 };
}

/** The first lines of a text that have room; of a first line that is longer, its beginning. */
function beginningWithin(text: string, room: number, encode: Encode): Kept {
  const lines = text.split(/(?<=\n)/);
  let to = 0;
  let used = 0;
  while (to < lines.length && (used += encode(lines[to]!).length) <= room) to++;
  for (; to > 0; to--) {
    const ids = encode(lines.slice(0, to).join(''));
    if (ids.length <= room) return { ids, isWhole: to === lines.length };
  }
  return { ids: encode(lines[0]!).slice(0, Math.max(0, room)), isWhole: text === '' };
}
