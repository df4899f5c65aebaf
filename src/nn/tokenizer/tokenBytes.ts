import { WorkbenchError } from '../../protocol/errors.ts';
import type { Tokenizer } from './tokenizer.ts';

type Json = Record<string, unknown>;

/** The bytes of every token by id, as `bytesOf` gives them. Found once for each tokenizer. */
export function tokenBytes(tokenizer: Tokenizer): readonly Uint8Array[] {
  let all = found.get(tokenizer);
  if (!all) {
    all = Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.bytesOf(id));
    found.set(tokenizer, all);
  }
  return all;
}

const found = new WeakMap<Tokenizer, readonly Uint8Array[]>();

/**
 * A token's bytes by its decoder: of the tokens of a text, one after the other, they are the UTF-8 of the text. What a
 * decoder takes from the front of a text, as the blank that SentencePiece puts there, is not taken from tokens.
 * @param decoder of tokenizer.json.
 * @param isAdded whether a token was added to the vocabulary, which a byte-level decoder takes as it is written.
 */
export function bytesByDecoder(decoder: unknown, isAdded: (token: string) => boolean): (token: string) => Uint8Array {
  const steps = flatSteps(decoder);
  const encoder = new TextEncoder();
  const hasBytes = steps.some(step => step.type === 'ByteLevel');
  const hasFallback = steps.some(step => step.type === 'ByteFallback');
  return token => {
    if (hasFallback && token.startsWith('<0x') && /^<0x[0-9A-Fa-f]{2}>$/.test(token))
      return Uint8Array.of(Number.parseInt(token.slice(3, 5), 16));
    const text = steps.reduce(written, token);
    return (hasBytes && !isAdded(token) && byteLevelBytes(text)) || encoder.encode(text);
  };
}

function flatSteps(decoder: unknown): Json[] {
  const step = (decoder ?? {}) as Json;
  return Array.isArray(step.decoders) ? step.decoders.flatMap(flatSteps) : [step];
}

function written(text: string, { type, pattern, content, replacement }: Json): string {
  if (type === 'Metaspace') return text.replaceAll(String(replacement ?? '▁'), ' ');
  if (type !== 'Replace') return text;
  const { String: plain, Regex } = (pattern ?? {}) as { String?: string; Regex?: string };
  const to = () => String(content ?? '');
  if (plain !== undefined) return text.replaceAll(plain, to);
  if (Regex === undefined) return text;
  throw new WorkbenchError(
    'unsupported',
    'the tokenizer replaces by a regular expression when it decodes, so that no token has bytes of its own',
    'Use a base with another tokenizer.',
  );
}

/** GPT-2's alphabet: printable characters of Latin-1 are themselves, all other bytes the characters from U+0100 on. */
const byteOf = new Map<string, number>();
for (let byte = 0, moved = 0; byte < 256; byte++) {
  const isPrintable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  byteOf.set(String.fromCodePoint(isPrintable ? byte : 0x100 + moved++), byte);
}

/** Undefined for a token with other characters, which is text as it is. */
function byteLevelBytes(token: string): Uint8Array | undefined {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = byteOf.get(character);
    if (byte === undefined) return undefined;
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}
