import { ByteFallbackDecoder, Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { WorkbenchError } from '../../protocol/errors.ts';
import { cleanUpSpaces } from './cleanUp.ts';
import type { FillPart } from './fillTokens.ts';
import { librarySteps } from './librarySteps.ts';
import { createSectionIds } from './sectionIds.ts';
import { bytesByDecoder } from './tokenBytes.ts';

interface EncodeOptions {
  /** Adds what the tokenizer's post-processor adds (for Llama the BOS token). Default true. */
  addSpecialTokens?: boolean;
}

interface DecodeOptions {
  /** Leaves out BOS, end-of-turn tokens and the like. Default false. */
  skipSpecialTokens?: boolean;
  /** Applies the white-space clean-up where the configuration asks for it. Default true. */
  cleanUp?: boolean;
}

/** Text to token ids and back. What is kept between calls changes nothing of the results. */
export interface Tokenizer {
  encode(text: string, options?: EncodeOptions): number[];
  /** Ids without a token (the padding rows of an embedding) decode to nothing. */
  decode(ids: readonly number[], options?: DecodeOptions): string;
  /** One more than the largest id, added tokens included. The embedding may have more rows than this. */
  vocabSize: number;
  idOf(token: string): number | undefined;
  tokenOf(id: number): string | undefined;
  /** UTF-8 of what a token adds to a text, perhaps a part of a character; empty for an id without a token. */
  bytesOf(id: number): Uint8Array;
  specialIds: ReadonlySet<number>;
  /** Contents of the special tokens, longest first. */
  specialTokens: readonly string[];
  bosToken?: string;
  eosToken?: string;
  /** The tokens for filling a gap that the base's file names, by what they are for. */
  fillTokens?: Partial<Record<FillPart, string>>;
  /** Whether `decode` applies `cleanUpSpaces`. */
  cleansUpSpaces: boolean;
}

/** The decoders whose text only grows at its end, save for an unfinished last character: those that can be streamed. */
const streamableDecoders = ['ByteLevel', 'Metaspace', 'ByteFallback', 'Fuse', 'Replace', 'Strip', 'Sequence'];

/** What a tokenizer's errors name, and what its ids have to fit. */
export interface TokenizerOptions {
  /** Paths of the two files, as errors name them. */
  file?: string;
  configFile?: string;
  /** Rows of the base's embedding: an id beyond them is refused. */
  rows?: number;
}

/**
 * A tokenizer from the parsed `tokenizer.json` and `tokenizer_config.json` of a Hugging Face folder.
 * @throws WorkbenchError `badFile` where a file lacks what it must hold, `unsupported` for a component that is unknown
 *   or whose text cannot be streamed. Its `encode` throws `mismatch` for a token beyond the embedding's rows, and
 *   `badFile` where the file's steps cannot be run.
 */
export function createTokenizer(
  tokenizerJson: unknown,
  tokenizerConfig: unknown,
  { file = 'tokenizer.json', configFile = 'tokenizer_config.json', rows = Infinity }: TokenizerOptions = {},
): Tokenizer {
  const json = objectOf(tokenizerJson, file);
  const config = objectOf(tokenizerConfig, configFile);
  if (json.decoder != null) checkStreamable(objectOf(json.decoder, `${file}: decoder`), file);
  const steps = librarySteps(json, file);
  const hub = createHubTokenizer({ added_tokens: [], ...steps.json }, config, file);
  const sectionIds = createSectionIds(hub);
  const added = new Set([...hub.get_added_tokens_decoder().values()].map(token => token.content));
  const bytes = bytesByDecoder(json.decoder, token => added.has(token));
  const special = [...hub.get_added_tokens_decoder().values()].filter(token => token.special);
  const specialIds = new Set(special.map(token => token.id));
  // transformers leaves the clean-up off unless the configuration asks for it (since 4.45), and where tokens are byte
  // pairs, whose text holds the blanks that were written (since 5.7, #44915); the library's default is on.
  const cleansUpSpaces = config.clean_up_tokenization_spaces === true && !isBytePairs(json);

  return {
    encode(text, { addSpecialTokens = true } = {}) {
      steps.begin(text.length);
      const found: (number | undefined)[] = inFile(file, () =>
        addSpecialTokens ? hub.encode(text, { add_special_tokens: true }).ids : sectionIds(text),
      );
      // A character that neither the vocabulary nor an unknown-token covers is dropped, as the Rust tokenizers do.
      const ids = found.includes(undefined) ? found.filter(id => id !== undefined) : (found as number[]);
      const beyond = rows === Infinity ? undefined : ids.find(id => id >= rows);
      if (beyond !== undefined)
        throw new WorkbenchError(
          'mismatch',
          `${file}: the token '${hub.id_to_token(beyond)}' has the id ${beyond}; the base's embedding has ${rows} rows, for the ids from 0 to ${rows - 1}`,
          "Use the tokenizer that belongs to the base's weights, or leave the token out of the text.",
        );
      return ids;
    },
    decode(ids, { skipSpecialTokens = false, cleanUp = true } = {}) {
      const known = ids.filter(id => hub.id_to_token(id) !== undefined && !(skipSpecialTokens && specialIds.has(id)));
      // The library refuses an empty list.
      if (known.length === 0) return '';
      const options = { skip_special_tokens: false, clean_up_tokenization_spaces: false };
      steps.begin(known.length * charactersPerToken);
      const text = inFile(file, () => hub.decode(known, options));
      return cleanUp && cleansUpSpaces ? cleanUpSpaces(text) : text;
    },
    vocabSize: hub.model!.vocab.length,
    idOf: token => hub.token_to_id(token),
    tokenOf: id => hub.id_to_token(id),
    bytesOf: id => {
      const token = hub.id_to_token(id);
      return token === undefined ? new Uint8Array() : bytes(token);
    },
    specialIds,
    specialTokens: special.map(token => token.content).sort((a, b) => b.length - a.length),
    bosToken: tokenText(config.bos_token),
    eosToken: tokenText(config.eos_token),
    ...fillTokensNamed(config),
    cleansUpSpaces,
  };
}

/** A special token of `tokenizer_config.json`: a string, or an object with its `content`. */
export function tokenText(entry: unknown): string | undefined {
  if (typeof entry === 'string') return entry;
  const content = (entry as { content?: unknown } | null | undefined)?.content;
  return typeof content === 'string' ? content : undefined;
}

/** As ggufTokenizer writes them. */
function fillTokensNamed({ fill_tokens: named }: Record<string, unknown>): Pick<Tokenizer, 'fillTokens'> {
  if (typeof named !== 'object' || named === null) return {};
  return { fillTokens: Object.fromEntries(Object.entries(named).filter(([, token]) => typeof token === 'string')) };
}

/** For the limit on what a decoder's replacements write. */
const charactersPerToken = 10;

function isBytePairs({ model }: Record<string, unknown>): boolean {
  const { type, merges } = (model ?? {}) as Record<string, unknown>;
  return type === 'BPE' || (type === undefined && merges !== undefined);
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new WorkbenchError('badFile', `${what} must hold a JSON object.`, 'Copy the file again from the model’s page.');
}

function checkStreamable(decoder: Record<string, unknown>, file: string): void {
  const inner = Array.isArray(decoder.decoders) ? decoder.decoders : [];
  for (const each of inner) checkStreamable(objectOf(each, `${file}: decoder`), file);
  const cutsEnd = decoder.type === 'Strip' && Number(decoder.stop ?? 0) > 0;
  const isKnown = typeof decoder.type === 'string' && streamableDecoders.includes(decoder.type);
  if (isKnown && !cutsEnd) return;
  const name = typeof decoder.type === 'string' ? decoder.type : JSON.stringify(decoder.type);
  throw new WorkbenchError(
    'unsupported',
    `${file}: the decoder '${name}' is not supported${cutsEnd ? ' when it strips the end of the text' : ''}.`,
    `Use a base whose tokenizer decodes with ${streamableDecoders.join(', ')}.`,
  );
}

function createHubTokenizer(
  json: Record<string, unknown>,
  config: Record<string, unknown>,
  file: string,
): HubTokenizer {
  const hub = inFile(file, () => new HubTokenizer(json, config));
  // The library's decoder of bytes takes a byte order mark for none of the text.
  const { decoder } = hub;
  for (const each of [decoder, ...((decoder as { decoders?: unknown[] } | null)?.decoders ?? [])])
    if (each instanceof ByteFallbackDecoder) each.text_decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return hub;
}

/** What the library throws, as an error of its file. */
function inFile<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof WorkbenchError || !(cause instanceof Error) || 'code' in cause) throw cause;
    const code = cause.message.startsWith('Unknown') ? 'unsupported' : 'badFile';
    throw new WorkbenchError(
      code,
      `${file} cannot be used: ${cause.message.slice(0, 300)}`,
      'Copy the file again, or use another base.',
    );
  }
}
