import type { BenchExpert } from './experts.ts';
import { type Side, startSide } from './side.ts';

/** What both sides of a comparison of inference are opened with. */
export interface DecoderParams {
  baseFolder: string;
  /** As in a recipe; F32 without it. */
  quantization?: 'auto' | 'int8';
  /** The same weights for llama.cpp. */
  gguf: string;
  threads: number;
  experts: BenchExpert[];
  /** Most tokens of a sequence. */
  room: number;
  /** Most sequences at once. */
  rows: number;
  /** node-llama-cpp's module. */
  llama: string;
  /** False compiles a graph without adapters. */
  adapters: boolean;
  /** Linear gates, of random numbers, that choose among the experts for each token of a row with weight for `auto`. */
  gates?: boolean;
}

/** A greedy continuation of a prompt. */
export interface DecodeParams {
  /** One prompt a row, all of one length. */
  prompts: number[][];
  /** Weights of experts by name, one table a row. */
  weights: Record<string, number>[];
  /** Tokens to decode after the one that prefill gives. */
  count: number;
  /** Tokens to feed whatever the model says, so that both sides read the same. One list a row. */
  forced: number[][];
}

export interface Decoded {
  prefillMs: number;
  decodeMs: number;
  /** The greedy choice after the prompt and after each forced token, per row. */
  choices: number[][];
}

/** A change of weights before every token. */
export interface SwitchParams {
  prompt: number[];
  /** Weights of the tokens after the prompt, in turn. */
  tables: Record<string, number>[];
}

/** Milliseconds of each change, and of the token after it. */
export interface Switched {
  callMs: number[];
  tokenMs: number[];
}

export type DecoderSide = Side & {
  decode(params: DecodeParams): Promise<Decoded>;
  logits(params: { prompt: number[]; weights: Record<string, number> }): Promise<number[]>;
};

const programs = {
  ours: './sides/decoder.ts',
  /** Through node-llama-cpp. */
  llama: './peers/llama.ts',
  /** Of the interpreter that `PYTHON` names; the base alone, and neither choices nor logits. */
  xllamacpp: './peers/llamaDecoder.py',
};

/** Opens this project's engine, or llama.cpp, over a base and experts. */
export async function openDecoder(which: keyof typeof programs, params: DecoderParams): Promise<DecoderSide> {
  const side = startSide(programs[which], {}, which === 'xllamacpp' ? process.env.PYTHON : undefined);
  await side.call('open', params);
  return {
    ...side,
    decode: decodeParams => side.call('decode', decodeParams),
    logits: logitsParams => side.call('logits', logitsParams),
  };
}
