import { WorkbenchError } from '../../protocol/errors.ts';
import { visibleName } from '../../protocol/visibleText.ts';
import type { FillPart } from './fillTokens.ts';
import { generateMerges } from './generateMerges.ts';
import {
  deepSeekCoderSteps,
  deepSeekSteps,
  gpt4oPattern,
  llama3Pattern,
  qwen2Pattern,
  tekkenPattern,
} from './knownPatterns.ts';

type Json = Record<string, unknown>;

/** The files of a Hugging Face folder that stand between tokens and text. */
export interface TokenizerFiles {
  tokenizer: Json;
  tokenizerConfig: Json;
  generationConfig: Json;
}

/** `token_type` of a GGUF file. */
export const tokenType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 };

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
const gpt2Steps: Json[] = [{ ...byteLevel, use_regex: true }];
const splitBy = (...patterns: string[]): Json[] => [
  ...patterns.map(Regex => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false })),
  byteLevel,
];

/**
 * How a text is cut before byte pairs are joined, by `tokenizer.ggml.pre` (llama.cpp's llama-vocab.cpp), as the models'
 * own tokenizer.json say it.
 */
const preTokenizers: Record<string, { steps: Json[]; wholeTokens?: boolean; begins?: boolean }> = {};
const define = (names: string[], entry: (typeof preTokenizers)[string]) => {
  for (const name of names) preTokenizers[name] = entry;
};
define(['llama3', 'llama-v3', 'llama-bpe', 'falcon3', 'falcon-h1', 'pixtral', 'midm-2.0', 'lfm2'], {
  steps: splitBy(llama3Pattern),
  wholeTokens: true,
  begins: true,
});
define(['dbrx', 'smaug-bpe', 'glm4', 'chatglm-bpe'], { steps: splitBy(llama3Pattern) });
// The models' own files bring a text into normal form first; llama.cpp does not, and transformers not of a GGUF file.
define(['qwen2', 'deepseek-r1-qwen', 'stablelm2', 'megrez', 'hunyuan'], { steps: splitBy(qwen2Pattern) });
define(['smollm', 'starcoder', 'refact', 'command-r', 'codeshell', 'exaone', 'minerva-7b'], {
  steps: [{ type: 'Digits', individual_digits: true }, ...gpt2Steps],
});
define(['gpt-2', 'phi-2', 'olmo', 'mpt', 'jais', 'trillion', 'granite-docling', 'jina-es', 'jina-de', 'jina-v2-code'], {
  steps: gpt2Steps,
});
define(['tekken'], { steps: splitBy(tekkenPattern), wholeTokens: true, begins: true });
define(['gpt-4o', 'llama4'], { steps: splitBy(gpt4oPattern) });
define(['deepseek-v3', 'hunyuan-dense', 'joyai-llm'], { steps: splitBy(...deepSeekSteps) });
define(['deepseek-coder'], {
  steps: [...splitBy(...deepSeekCoderSteps).slice(0, -1), { type: 'Digits', individual_digits: true }, byteLevel],
});

/** What of a step of a tokenizer.json says how a text is cut. */
function essence(step: unknown): unknown {
  const { type, pattern, behavior, invert, individual_digits, use_regex, add_prefix_space } = (step ?? {}) as Json;
  if (type === 'Sequence') return ((step as Json).pretokenizers as unknown[]).map(essence);
  // The library's default.
  if (type === 'ByteLevel') return { type, use_regex: use_regex ?? true, add_prefix_space: add_prefix_space ?? true };
  return { type, pattern, behavior, invert: invert ?? false, individual_digits };
}

/** llama.cpp's name for how a tokenizer.json cuts a text; undefined where it has none that is known here. */
export function preTokenizerName({ pre_tokenizer: pre, model }: Json): string | undefined {
  const wanted = JSON.stringify([essence(pre)].flat());
  const whole = (model as Json).ignore_merges === true;
  const found = Object.entries(preTokenizers).filter(([, { steps }]) => JSON.stringify(steps.map(essence)) === wanted);
  return (found.find(([, { wholeTokens }]) => (wholeTokens ?? false) === whole) ?? found[0])?.[0];
}

/**
 * A GGUF file's tokenizer as the files of a Hugging Face folder; undefined where the file has none. Throws `badFile` for
 * metadata that is missing or of another kind, and `unsupported` for a tokenizer that is not known.
 */
export function ggufTokenizer(metadata: Readonly<Record<string, unknown>>, file: string): TokenizerFiles | undefined {
  const model = metadata['tokenizer.ggml.model'];
  if (model === undefined || model === 'none' || model === 'no_vocab') return undefined;
  const tokens = list(metadata, 'tokens', 'string', file) as string[] | undefined;
  if (!tokens) throw wrong(file, "it has no 'tokenizer.ggml.tokens'");
  const types = (list(metadata, 'token_type', 'number', file) as number[] | undefined) ?? [];
  const ofType = (...wanted: number[]) =>
    tokens.flatMap((content, id) => (wanted.includes(types[id]!) ? [{ id, content }] : []));
  const kind =
    model === 'gpt2'
      ? bytePairs(metadata, tokens, file)
      : model === 'llama'
        ? pieces(metadata, tokens, types, file)
        : undefined;
  if (!kind)
    throw new WorkbenchError(
      'unsupported',
      `${file}: its tokenizer is of the kind '${visibleName(String(model))}'`,
      "Use a model with byte pairs ('gpt2') or SentencePiece's ('llama').",
    );
  const id = (name: string) => {
    const value = metadata[`tokenizer.ggml.${name}_token_id`];
    return typeof value === 'number' && value < tokens.length ? value : undefined;
  };
  const token = (name: string) => (id(name) === undefined ? undefined : tokens[id(name)!]);
  const flag = (name: string, fallback: boolean) => {
    const value = metadata[`tokenizer.ggml.add_${name}_token`];
    return typeof value === 'boolean' ? value : fallback;
  };
  const bos = token('bos');
  const eos = token('eos');
  const begins = flag('bos', kind.begins) && bos !== undefined;
  const ends = flag('eos', false) && eos !== undefined;
  const templates = chatTemplates(metadata, file);
  const fill = Object.entries(fillKeys).flatMap(([part, keys]) => {
    const text = keys.map(token).find(found => found !== undefined);
    return text === undefined ? [] : [[part, text] as const];
  });
  return {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: [
        ...ofType(tokenType.control, tokenType.unknown).map(added(true)),
        ...ofType(tokenType.userDefined).map(added(false)),
      ].sort((a, b) => a.id - b.id),
      normalizer: kind.normalizer ?? null,
      pre_tokenizer: kind.steps ? { type: 'Sequence', pretokenizers: kind.steps } : null,
      post_processor: around(
        begins ? { id: id('bos')!, token: bos! } : undefined,
        ends ? { id: id('eos')!, token: eos! } : undefined,
      ),
      decoder: kind.decoder,
      model: kind.model,
    },
    tokenizerConfig: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      add_bos_token: begins,
      add_eos_token: ends,
      clean_up_tokenization_spaces: false,
      ...Object.fromEntries(
        Object.entries({ bos: bos, eos: eos, unk: token('unknown'), pad: token('padding') }).flatMap(([name, text]) =>
          text === undefined ? [] : [[`${name}_token`, text]],
        ),
      ),
      ...(fill.length > 0 && { fill_tokens: Object.fromEntries(fill) }),
      ...(templates !== undefined && { chat_template: templates }),
    },
    generationConfig: {
      ...(id('bos') !== undefined && { bos_token_id: id('bos') }),
      eos_token_id: [...new Set(['eos', 'eot', 'eom'].flatMap(name => id(name) ?? []))],
    },
  };
}

/** What a GGUF file calls the tokens for filling a gap, now and before (llama.cpp's gguf-py, constants.py). */
const fillKeys: Record<FillPart, readonly string[]> = {
  prefix: ['fim_pre', 'prefix'],
  suffix: ['fim_suf', 'suffix'],
  middle: ['fim_mid', 'middle'],
  pad: ['fim_pad'],
  repository: ['fim_rep'],
  file: ['fim_sep'],
};

const added = (special: boolean) => (token: { id: number; content: string }) => ({
  ...token,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special,
});

/** How the text of a kind of tokenizer is cut, joined and read back. */
interface Kind {
  normalizer?: Json;
  steps?: Json[];
  decoder: Json;
  model: Json;
  /** Whether a text begins with BOS where the file does not say. */
  begins: boolean;
}

function bytePairs(metadata: Readonly<Record<string, unknown>>, tokens: string[], file: string): Kind {
  const merges = list(metadata, 'merges', 'string', file) as string[] | undefined;
  if (!merges) throw wrong(file, "it has no 'tokenizer.ggml.merges'");
  const pre = metadata['tokenizer.ggml.pre'];
  const found = typeof pre === 'string' && Object.hasOwn(preTokenizers, pre) ? preTokenizers[pre] : undefined;
  if (!found)
    throw new WorkbenchError(
      'unsupported',
      `${file}: how its tokenizer cuts a text ('tokenizer.ggml.pre' is ${typeof pre === 'string' ? `'${visibleName(pre)}'` : 'not given'}) is not known`,
      "Use the model's folder with tokenizer.json, or a newer GGUF file of it.",
    );
  return {
    steps: found.steps,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      ...{ type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null },
      ...{ fuse_unk: false, byte_fallback: false, ignore_merges: found.wholeTokens ?? false },
      vocab: vocabulary(tokens),
      merges,
    },
    begins: found.begins ?? false,
  };
}

/** SentencePiece's byte pairs, whose merges follow from the pieces' scores. */
function pieces(metadata: Readonly<Record<string, unknown>>, tokens: string[], types: number[], file: string): Kind {
  const scores = list(metadata, 'scores', 'number', file) as number[] | undefined;
  if (scores?.length !== tokens.length) throw wrong(file, "'tokenizer.ggml.scores' has not one number for each token");
  const unknown = metadata['tokenizer.ggml.unknown_token_id'];
  const prefix = metadata['tokenizer.ggml.add_space_prefix'] !== false;
  const blanks = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const joined = tokens.flatMap((text, id) =>
    (types[id] ?? tokenType.normal) === tokenType.normal ? [{ text, score: scores[id]! }] : [],
  );
  return {
    normalizer: prefix ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, blanks] } : blanks,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(prefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      ...{ type: 'BPE', dropout: null, unk_token: typeof unknown === 'number' ? (tokens[unknown] ?? null) : null },
      ...{
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: true,
        byte_fallback: true,
        ignore_merges: false,
      },
      vocab: vocabulary(tokens),
      merges: generateMerges(joined),
    },
    begins: true,
  };
}

/** Of a text that two tokens have, the first id counts. */
function vocabulary(tokens: string[]): Record<string, number> {
  const vocab: Record<string, number> = Object.create(null);
  for (const [id, token] of tokens.entries()) vocab[token] ??= id;
  return vocab;
}

/** Puts BOS before a text, and EOS behind it. */
function around(bos?: { id: number; token: string }, eos?: { id: number; token: string }): Json | null {
  if (!bos && !eos) return null;
  const special = (t: { token: string } | undefined, type_id: number) =>
    t ? [{ SpecialToken: { id: t.token, type_id } }] : [];
  const template = (id: 'A' | 'B', type_id: number) => [
    ...special(bos, type_id),
    { Sequence: { id, type_id } },
    ...special(eos, type_id),
  ];
  const both = [bos, eos].filter(t => t !== undefined);
  return {
    type: 'TemplateProcessing',
    single: template('A', 0),
    pair: [...template('A', 0), ...template('B', 1)],
    special_tokens: Object.fromEntries(both.map(t => [t.token, { id: t.token, ids: [t.id], tokens: [t.token] }])),
  };
}

/** The chat template, or all where there are several, as tokenizer_config.json has them. */
function chatTemplates(metadata: Readonly<Record<string, unknown>>, file: string): unknown {
  const main = metadata['tokenizer.chat_template'];
  if (main !== undefined && typeof main !== 'string') throw wrong(file, "'tokenizer.chat_template' is no text");
  const prefix = 'tokenizer.chat_template.';
  const named = Object.entries(metadata).flatMap(([key, template]) =>
    key.startsWith(prefix) && typeof template === 'string' ? [{ name: key.slice(prefix.length), template }] : [],
  );
  if (named.length === 0) return main;
  return [...(main === undefined ? [] : [{ name: 'default', template: main }]), ...named];
}

function list(
  metadata: Readonly<Record<string, unknown>>,
  name: string,
  type: 'string' | 'number',
  file: string,
): unknown[] | undefined {
  const value = metadata[`tokenizer.ggml.${name}`];
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every(x => typeof x === type)) return value;
  throw wrong(file, `'tokenizer.ggml.${name}' is no list of ${type}s`);
}

function wrong(file: string, what: string): WorkbenchError {
  return new WorkbenchError('badFile', `${file}: ${what}`, 'Download the file again, or make it anew.');
}
