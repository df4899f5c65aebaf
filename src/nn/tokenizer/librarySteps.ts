import { WorkbenchError } from '../../protocol/errors.ts';
import { visibleName } from '../../protocol/visibleText.ts';

/*
 * @huggingface/tokenizers runs some steps of a tokenizer.json otherwise than the Rust library that bases were trained
 * with: its classes are ASCII (\d, \w) or JavaScript's (\s) where Rust's are Unicode's, a split knows one behaviour of
 * five, and a replacement's text is read as a pattern ($&). Such steps are handed over as others that mean the same.
 * Checked against Rust's tokenizers 0.23 over several thousand texts.
 */

type Json = Record<string, unknown>;

/** Real tokenizers have about ten steps. */
const mostSteps = 200;
const mostByteLevels = 4;
/** In characters; the longest of known models has about 700. */
const longestPattern = 10_000;
/** What replacements may write into a text, in characters: this, and so much for each of the text's. */
const writtenAtLeast = 1_000_000;
const writtenPerCharacter = 100;
/** In characters; known models put one in front of a text. */
const longestPrefix = 100;
/** Far above the largest vocabulary (some 300,000). */
const largestId = 10_000_000;

const punctuation = '\\p{P}\\u0021-\\u002F\\u003A-\\u0040\\u005B-\\u0060\\u007B-\\u007E';
const gpt2Pattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** A tokenizer.json in steps that the library runs as Rust does, and within limits. */
export interface LibrarySteps {
  json: Json;
  /** Begins the count of what replacements write, for a text of this length. */
  begin(textLength: number): void;
}

/** Throws `badFile` and `unsupported`, with the step. */
export function librarySteps(json: Json, file: string): LibrarySteps {
  let steps = 0;
  let byteLevels = 0;
  let left = writtenAtLeast;

  const wrong = (what: string) => new WorkbenchError('badFile', `${file}: ${what}`, 'Copy the file again.');
  const objectOf = (value: unknown, what: string): Json => {
    if (++steps > mostSteps) throw wrong(`it has more than ${mostSteps} steps`);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
    throw wrong(`a step of its ${what} is not an object`);
  };
  const inner = (value: unknown, what: string): unknown[] => {
    if (Array.isArray(value)) return value;
    throw wrong(`a sequence of its ${what} holds no list`);
  };
  const checkPattern = (step: Json): void => {
    const { Regex, String: plain } = (step.pattern ?? {}) as Json;
    const text = Regex ?? plain;
    if (typeof text !== 'string') throw wrong(`the pattern of a ${step.type} is no text`);
    if (text.length > longestPattern)
      throw wrong(`the pattern of a ${step.type} has ${text.length} characters; ${longestPattern} are read`);
  };

  /** With a function as its content, which the library hands on: it writes the text as it is, and counts. */
  const replace = (step: Json): Json => {
    checkPattern(step);
    const content = step.content ?? '';
    if (typeof content !== 'string') throw wrong('the content of a Replace is no text');
    const { String: plain } = step.pattern as Json;
    const shortens = typeof plain === 'string' && plain !== '' && content.length <= plain.length;
    if (shortens && !content.includes('$')) return step;
    const write = (): string => {
      left -= content.length;
      if (left >= 0) return content;
      throw new WorkbenchError(
        'badFile',
        `${file}: its replacements make a text longer without end`,
        'Use another base, or take the Replace steps out of the file.',
      );
    };
    return { ...step, content: write };
  };
  const checkShort = (text: unknown, what: string, most = longestPrefix): void => {
    if (text !== undefined && text !== null && (typeof text !== 'string' || text.length > most))
      throw wrong(`${what} should be a text of at most ${most} characters`);
  };

  const normalizer = (value: unknown): unknown => {
    if (value === null || value === undefined) return null;
    const step = objectOf(value, 'normalizer');
    switch (step.type) {
      case 'Sequence':
        return { ...step, normalizers: inner(step.normalizers, 'normalizer').map(normalizer) };
      case 'Replace':
        return replace(step);
      case 'Prepend':
        checkShort(step.prepend, "'prepend' of a Prepend");
        return step;
      case 'Lowercase':
        // Rust lowers each character alone; JavaScript has another sigma at the end of a word.
        return sequence('normalizers', [{ type: 'Replace', pattern: { String: 'Σ' }, content: 'σ' }, step]);
      case 'Strip': {
        const strip = (Regex: string) => ({ type: 'Replace', pattern: { Regex }, content: '' });
        return sequence('normalizers', [
          ...(step.strip_left ? [strip('\\A\\s+')] : []),
          ...(step.strip_right ? [strip('(?<!\\s)\\s+\\z')] : []),
        ]);
      }
      default:
        return step;
    }
  };

  const preTokenizer = (value: unknown): unknown => {
    if (value === null || value === undefined) return null;
    const step = objectOf(value, 'pre_tokenizer');
    switch (step.type) {
      case 'Sequence':
        return { ...step, pretokenizers: inner(step.pretokenizers, 'pre_tokenizer').map(preTokenizer) };
      case 'Digits':
        return split(step.individual_digits ? '\\p{N}' : '\\p{N}+', 'Isolated');
      case 'Whitespace':
        return keep('\\w+|[^\\w\\s]+');
      case 'WhitespaceSplit':
        return keep('\\S+');
      case 'BertPreTokenizer':
        return keep(`[^\\s${punctuation}]+|[${punctuation}]`);
      case 'Punctuation':
        return split(`[${punctuation}]`, String(step.behavior ?? 'Isolated'));
      case 'FixedLength': {
        const { length } = step;
        if (!Number.isInteger(length) || (length as number) < 1 || (length as number) > longestPattern)
          throw wrong(`the length of a FixedLength should be a number from 1 to ${longestPattern}`);
        return keep(`[\\s\\S]{1,${length}}`);
      }
      case 'ByteLevel': {
        // Each makes two characters of one that is not ASCII.
        if (++byteLevels > mostByteLevels)
          throw wrong(`its pre_tokenizer has more than ${mostByteLevels} of ByteLevel`);
        if (step.use_regex === false) return step;
        const bytes = { ...step, use_regex: false, add_prefix_space: false };
        const blank = (first: string, at: number) => (at === 0 ? ` ${first}` : first);
        const prefix = { type: 'Replace', pattern: { Regex: '\\A[^ ]' }, content: blank };
        return sequence('pretokenizers', [
          ...(step.add_prefix_space ? [prefix] : []),
          split(gpt2Pattern, 'Isolated'),
          bytes,
        ]);
      }
      case 'Replace':
        return replace(step);
      case 'Split': {
        checkPattern(step);
        const { Regex, String: plain } = step.pattern as Json;
        const source = typeof Regex === 'string' ? Regex : escaped(plain as string);
        return split(source, String(step.behavior ?? 'Isolated'), step.invert === true);
      }
      case 'Metaspace': {
        checkShort(step.replacement, "'replacement' of a Metaspace", 2);
        checkShort(step.str_rep, "'str_rep' of a Metaspace", 2);
        const scheme = prependScheme(step);
        const own = { ...step, prepend_scheme: scheme };
        if (step.split === false) return own;
        return sequence('pretokenizers', [own, split(escaped(String(step.replacement ?? '▁')), 'MergedWithNext')]);
      }
      default:
        return step;
    }
  };

  const decoder = (value: unknown): unknown => {
    if (value === null || value === undefined) return null;
    const step = objectOf(value, 'decoder');
    switch (step.type) {
      case 'Sequence':
        return { ...step, decoders: inner(step.decoders, 'decoder').map(decoder) };
      case 'Replace':
        return replace(step);
      case 'Metaspace':
        // The library takes the first blank off in any case.
        if (prependScheme(step) !== 'never') return step;
        return replace({ type: 'Replace', pattern: { String: step.replacement ?? '▁' }, content: ' ' });
      default:
        return step;
    }
  };

  const postProcessor = (value: unknown): unknown => {
    if (value === null || value === undefined) return null;
    const step = objectOf(value, 'post_processor');
    if (step.type === 'Sequence') inner(step.processors, 'post_processor').forEach(postProcessor);
    if (step.type === 'TemplateProcessing') {
      const parts = inner(step.single, 'post_processor') as (Json | null)[];
      const texts = parts.filter(part => (part?.Sequence as Json | undefined)?.id === 'A');
      if (texts.length !== 1 || parts.length > mostSteps)
        throw wrong(`the 'single' of its TemplateProcessing should hold the text once, got it ${texts.length} times`);
    }
    return step;
  };

  checkIds(json, wrong);
  for (const key of ['end_of_word_suffix', 'continuing_subword_prefix', 'continuing_subword_suffix', 'unk_token'])
    checkShort((json.model as Json)[key], `'${key}' of its model`);
  return {
    json: {
      ...json,
      normalizer: normalizer(json.normalizer),
      pre_tokenizer: preTokenizer(json.pre_tokenizer),
      decoder: decoder(json.decoder),
      post_processor: postProcessor(json.post_processor),
    },
    begin(textLength) {
      left = writtenAtLeast + writtenPerCharacter * textLength;
    },
  };
}

function sequence(key: 'normalizers' | 'pretokenizers', steps: unknown[]): Json {
  return { type: 'Sequence', [key]: steps };
}

/** Splits a text into the matches of a pattern; what is between them is left out. */
function keep(source: string): Json {
  return { type: 'Split', pattern: { Regex: source }, behavior: 'Removed', invert: true };
}

/** Rust's five behaviours (`SplitDelimiterBehavior`), of which the library has two. */
function split(source: string, behavior: string, invert = false): Json {
  const match = `(?:${source})`;
  const other = `(?:(?!${match})[\\s\\S])`;
  const merging = { MergedWithPrevious: !invert, MergedWithNext: invert }[behavior];
  if (merging !== undefined) return keep(merging ? `${other}*${match}|${other}+` : `${match}${other}*|${other}+`);
  if (behavior === 'Contiguous') return keep(`${match}+|${other}+`);
  if (behavior === 'Removed' && invert) return keep(source);
  const pattern = { Regex: behavior === 'Removed' ? withoutCaptures(source) : source };
  return { type: 'Split', pattern, behavior, invert: false };
}

/** What a group captures would be part of what `split` gives. */
function withoutCaptures(source: string): string {
  let isClass = false;
  return source.replace(/\\[\s\S]|\[|\]|\((?!\?)/g, found => {
    if (found === '[') isClass = true;
    else if (found === ']') isClass = false;
    return found === '(' && !isClass ? '(?:' : found;
  });
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Older files say `add_prefix_space`. */
function prependScheme({ prepend_scheme: scheme, add_prefix_space: prefix }: Json): unknown {
  return scheme ?? (prefix === false ? 'never' : 'always');
}

const models = new Set<unknown>(['BPE', 'Unigram', 'WordPiece', 'WordLevel']);

/** Ids are places in a list: one that is huge, negative or no number has none. */
function checkIds(json: Json, wrong: (what: string) => WorkbenchError): void {
  const check = (token: string, id: unknown) => {
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) > largestId)
      throw wrong(`the token '${token.slice(0, 100)}' has the id ${JSON.stringify(id)}; ids go from 0 to ${largestId}`);
  };
  if (typeof json.model !== 'object' || json.model === null) throw wrong("cannot be used: it has no 'model'");
  const { type, vocab, unk_id: unknown } = json.model as Json;
  // The library takes a type that it does not know for one of these, as Rust's takes a file without any.
  if (type !== undefined && !models.has(type))
    throw wrong(`a model of the type ${visibleName(JSON.stringify(type))} is not read; ${[...models].join(', ')} are`);
  if (typeof vocab !== 'object' || vocab === null) throw wrong("cannot be used: its 'model' has no 'vocab'");
  if (Array.isArray(vocab)) {
    if (unknown !== undefined && unknown !== null && !(Number.isInteger(unknown) && (unknown as number) in vocab))
      throw wrong(`'unk_id' is ${JSON.stringify(unknown)}, which is no token`);
  } else for (const [token, id] of Object.entries(vocab)) check(token, id);
  if (json.added_tokens !== undefined && !Array.isArray(json.added_tokens)) throw wrong("'added_tokens' is no list");
  for (const added of (json.added_tokens ?? []) as (Json | null)[]) {
    if (typeof added?.content !== 'string') throw wrong('an added token has no content');
    check(added.content, added.id);
  }
}
