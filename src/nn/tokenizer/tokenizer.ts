import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { WorkbenchError } from '../../protocol/errors.ts';
import { cleanUpSpaces } from './cleanUp.ts';

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

/** Text to token ids and back. No state is kept between calls. */
export interface Tokenizer {
  encode(text: string, options?: EncodeOptions): number[];
  /** Ids without a token (the padding rows of an embedding) decode to nothing. */
  decode(ids: readonly number[], options?: DecodeOptions): string;
  /** One more than the largest id, added tokens included. The embedding may have more rows than this. */
  vocabSize: number;
  idOf(token: string): number | undefined;
  tokenOf(id: number): string | undefined;
  specialIds: ReadonlySet<number>;
  /** Contents of the special tokens, longest first. */
  specialTokens: readonly string[];
  bosToken?: string;
  eosToken?: string;
  /** Whether `decode` applies `cleanUpSpaces`. */
  cleansUpSpaces: boolean;
}

/** The decoders whose text only grows at its end, save for an unfinished last character: those that can be streamed. */
const streamableDecoders = ['ByteLevel', 'Metaspace', 'ByteFallback', 'Fuse', 'Replace', 'Strip', 'Sequence'];

/**
 * A tokenizer from the parsed `tokenizer.json` and `tokenizer_config.json` of a Hugging Face folder.
 * @throws WorkbenchError `badFile` where a file lacks what it must hold, `unsupported` for a component that is unknown
 *   or whose text cannot be streamed.
 */
export function createTokenizer(tokenizerJson: unknown, tokenizerConfig: unknown): Tokenizer {
  const json = objectOf(tokenizerJson, 'tokenizer.json');
  const config = objectOf(tokenizerConfig, 'tokenizer_config.json');
  if (json.decoder != null) checkStreamable(objectOf(json.decoder, 'tokenizer.json: decoder'));
  const hub = createHubTokenizer({ added_tokens: [], ...json }, config);
  const special = [...hub.get_added_tokens_decoder().values()].filter(token => token.special);
  const specialIds = new Set(special.map(token => token.id));
  // transformers leaves the clean-up off unless the configuration asks for it (since 4.45); the library's default is on.
  const cleansUpSpaces = config.clean_up_tokenization_spaces === true;

  return {
    encode(text, { addSpecialTokens = true } = {}) {
      const ids: (number | undefined)[] = hub.encode(text, { add_special_tokens: addSpecialTokens }).ids;
      // A character that neither the vocabulary nor an unknown-token covers is dropped, as the Rust tokenizers do.
      return ids.filter(id => id !== undefined);
    },
    decode(ids, { skipSpecialTokens = false, cleanUp = true } = {}) {
      const known = ids.filter(id => hub.id_to_token(id) !== undefined && !(skipSpecialTokens && specialIds.has(id)));
      // The library refuses an empty list.
      if (known.length === 0) return '';
      const text = hub.decode(known, { skip_special_tokens: false, clean_up_tokenization_spaces: false });
      return cleanUp && cleansUpSpaces ? cleanUpSpaces(text) : text;
    },
    vocabSize: hub.model!.vocab.length,
    idOf: token => hub.token_to_id(token),
    tokenOf: id => hub.id_to_token(id),
    specialIds,
    specialTokens: special.map(token => token.content).sort((a, b) => b.length - a.length),
    bosToken: tokenText(config.bos_token),
    eosToken: tokenText(config.eos_token),
    cleansUpSpaces,
  };
}

/** A special token of `tokenizer_config.json`: a string, or an object with its `content`. */
export function tokenText(entry: unknown): string | undefined {
  if (typeof entry === 'string') return entry;
  const content = (entry as { content?: unknown } | null | undefined)?.content;
  return typeof content === 'string' ? content : undefined;
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new WorkbenchError('badFile', `${what} must hold a JSON object.`, 'Copy the file again from the model’s page.');
}

function checkStreamable(decoder: Record<string, unknown>): void {
  const inner = Array.isArray(decoder.decoders) ? decoder.decoders : [];
  for (const each of inner) checkStreamable(objectOf(each, 'tokenizer.json: decoder'));
  const cutsEnd = decoder.type === 'Strip' && Number(decoder.stop ?? 0) > 0;
  if (streamableDecoders.includes(String(decoder.type)) && !cutsEnd) return;
  throw new WorkbenchError(
    'unsupported',
    `tokenizer.json: the decoder '${decoder.type}' is not supported${cutsEnd ? ' when it strips the end of the text' : ''}.`,
    `Use a base whose tokenizer decodes with ${streamableDecoders.join(', ')}.`,
  );
}

function createHubTokenizer(json: Record<string, unknown>, config: Record<string, unknown>): HubTokenizer {
  try {
    return new HubTokenizer(json, config);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const code = reason.startsWith('Unknown') ? 'unsupported' : 'badFile';
    throw new WorkbenchError(
      code,
      `tokenizer.json cannot be used: ${reason}`,
      'Copy the file again, or use another base.',
    );
  }
}
