import { WorkbenchError } from '../../protocol/errors.ts';
import type { GgufValue } from '../files/gguf.ts';
import { preTokenizerName, type TokenizerFiles, tokenType } from './ggufTokenizer.ts';
import { tokenText } from './tokenizer.ts';

type Json = Record<string, unknown>;

/**
 * A tokenizer as the metadata of a GGUF file, the inverse of `ggufTokenizer`. `rows` are those of the embedding, of which
 * each needs a token. Throws `unsupported` for a tokenizer that llama.cpp cannot be told of.
 */
export function tokenizerToGguf(
  { tokenizer, tokenizerConfig, generationConfig }: TokenizerFiles,
  { rows, template, file }: { rows: number; template: string | undefined; file: string },
): Map<string, GgufValue> {
  const model = tokenizer.model as Json;
  const refuse = (what: string) =>
    new WorkbenchError('unsupported', `${file}: ${what} has no place in a GGUF file`, 'Export a Hugging Face folder.');
  if (model.type !== 'BPE') throw refuse(`a tokenizer of the kind '${model.type}'`);
  const vocab = model.vocab as Record<string, number>;
  const added = (tokenizer.added_tokens ?? []) as { id: number; content: string; special?: boolean }[];
  const tokens = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  const types: number[] = new Array(rows).fill(tokenType.unused);
  const set = (id: number, content: string, type: number) => {
    if (id >= rows) throw refuse(`the token '${content}' with the id ${id}, beyond the ${rows} rows of the embedding,`);
    tokens[id] = content;
    types[id] = type;
  };
  for (const [content, id] of Object.entries(vocab)) set(id, content, tokenType.normal);
  const isPieces = model.byte_fallback === true;
  if (isPieces)
    for (const [content, id] of Object.entries(vocab))
      if (/^<0x[0-9A-F]{2}>$/.test(content)) types[id] = tokenType.byte;
  for (const { id, content, special } of added) set(id, content, special ? tokenType.control : tokenType.userDefined);
  const unknown = tokenText(model.unk_token) ?? tokenText(tokenizerConfig.unk_token);
  const idOf = (token: unknown): number | undefined => {
    const text = tokenText(token);
    if (text === undefined) return undefined;
    return added.find(t => t.content === text)?.id ?? (Object.hasOwn(vocab, text) ? vocab[text] : undefined);
  };
  const merges = (model.merges as (string | [string, string])[]).map(m => (typeof m === 'string' ? m : m.join(' ')));
  const metadata = new Map<string, GgufValue>([
    ['tokenizer.ggml.model', { string: isPieces ? 'llama' : 'gpt2' }],
    ['tokenizer.ggml.pre', { string: isPieces ? 'default' : preName(tokenizer, refuse) }],
    ['tokenizer.ggml.tokens', { strings: tokens }],
    ['tokenizer.ggml.token_type', { int32s: types }],
  ]);
  if (isPieces) {
    metadata.set('tokenizer.ggml.scores', { float32s: scoresOf(tokens, merges) });
    metadata.set('tokenizer.ggml.add_space_prefix', { bool: addsPrefix(tokenizer) });
  } else metadata.set('tokenizer.ggml.merges', { strings: merges });
  const stops = [generationConfig.eos_token_id].flat().filter(id => typeof id === 'number');
  const eos = idOf(tokenizerConfig.eos_token) ?? stops[0];
  const ids: Record<string, number | undefined> = {
    bos: idOf(tokenizerConfig.bos_token),
    eos,
    unknown: idOf(unknown),
    padding: idOf(tokenizerConfig.pad_token),
    eot: stops.find(id => id !== eos),
  };
  for (const [name, id] of Object.entries(ids))
    if (id !== undefined) metadata.set(`tokenizer.ggml.${name}_token_id`, { uint32: id });
  metadata.set('tokenizer.ggml.add_bos_token', {
    bool: beginsWithBos(tokenizer, tokenText(tokenizerConfig.bos_token)),
  });
  if (template !== undefined) metadata.set('tokenizer.chat_template', { string: template });
  return metadata;
}

function preName(tokenizer: Json, refuse: (what: string) => WorkbenchError): string {
  const name = preTokenizerName(tokenizer);
  if (name === undefined) throw refuse('how its tokenizer cuts a text');
  return name;
}

/** The earlier a piece is merged, the higher its score. */
function scoresOf(tokens: string[], merges: string[]): number[] {
  const ranks = new Map<string, number>();
  for (const [rank, merge] of merges.entries()) {
    // A piece holds no blank: they are written as ▁.
    const piece = merge.replace(' ', '');
    if (!ranks.has(piece)) ranks.set(piece, rank);
  }
  return tokens.map(token => -(ranks.get(token) ?? merges.length));
}

function addsPrefix({ normalizer, pre_tokenizer: pre }: Json): boolean {
  const text = JSON.stringify([normalizer, pre]);
  return /"type":"Prepend"/.test(text) || (/"type":"Metaspace"/.test(text) && !/"prepend_scheme":"never"/.test(text));
}

function beginsWithBos({ post_processor: after }: Json, bos: string | undefined): boolean {
  if (bos === undefined) return false;
  const steps = [after, ...(((after as Json | null)?.processors as unknown[]) ?? [])] as (Json | null)[];
  return steps.some(step => {
    const [first] = (step?.single as Json[] | undefined) ?? [];
    return (first?.SpecialToken as Json | undefined)?.id === bos;
  });
}
